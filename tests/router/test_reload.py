"""Taking up a changed catalog: when it is read, what comes of it, and what is shown of that."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import router.reload
from router.catalog import OnCallCatalog
from router.edition import Edition, UnsettledError, read_edition
from router.metrics import Metrics
from router.oncall.model import PersonId
from router.reload import MOST_PROBLEMS, ReloadPorts, Reloads
from tests.catalogs import CATALOG, copy_catalog
from tests.router.making import NOON, minutes

ONCALL = "oncall/plataforma.yaml"
LATER = NOON + minutes(90)


@dataclass(slots=True)
class Running:
    """A catalog's folder, and what went by it since."""

    folder: Path
    catalog: OnCallCatalog
    now: datetime = NOON
    taken: list[str] = field(default_factory=list)
    lacking: tuple[str, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)
    taken_up: asyncio.Event = field(default_factory=asyncio.Event)
    kept: list[Edition] = field(default_factory=list)
    kept_often: asyncio.Event = field(default_factory=asyncio.Event)

    def take_up(self, catalog: OnCallCatalog) -> None:
        self.catalog = catalog
        self.taken.append(catalog.version)
        self.taken_up.set()

    def keep(self, edition: Edition) -> None:
        self.kept.append(edition)
        if len(self.kept) == 3:
            self.kept_often.set()

    def open(self) -> Reloads:
        ports = ReloadPorts(
            folder=self.folder,
            running=lambda: self.catalog,
            take_up=self.take_up,
            keep=self.keep,
            check=lambda _catalog: self.lacking,
            clock=lambda: self.now,
            metrics=self.metrics,
        )
        return Reloads(ports, read=read_edition(self.folder))

    def edit(self, old: str, new: str) -> None:
        file = self.folder / ONCALL
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def spoil(self) -> None:
        self.edit("policy: plataforma", "policy: platforma")

    def mend(self) -> None:
        self.edit("policy: platforma", "policy: plataforma")

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"guardia_catalog_{name}", labels)

    def reloads(self) -> dict[str, float | None]:
        return {
            outcome: self.sample("reloads_total", outcome=outcome)
            for outcome in ("changed", "unchanged", "refused")
        }


@pytest.fixture
def running(tmp_path: Path) -> Running:
    folder = copy_catalog(tmp_path)
    catalog = read_edition(folder).catalog
    assert catalog is not None
    return Running(folder, catalog)


async def test_a_good_change_is_in_force_at_once_and_measured(running: Running) -> None:
    before, reloads = running.catalog.version, running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")
    running.now = LATER

    assert await reloads.reload() == "changed"

    assert running.catalog.names[PersonId("platform-1")] == "Platform engineer 9"
    assert running.taken == [reloads.version]
    assert reloads.loaded_at == LATER
    assert running.sample("loaded_timestamp_seconds") == LATER.timestamp()
    assert running.sample("info", version=reloads.version) == 1
    assert running.sample("info", version=before) is None
    assert running.reloads() == {"changed": 1, "unchanged": 0, "refused": 0}


async def test_who_joins_by_a_change_begins_with_no_pages_and_who_was_there_keeps_theirs(
    running: Running,
) -> None:
    def pages(person: str) -> float | None:
        name = "guardia_pages_accepted_total"
        return running.metrics.registry.get_sample_value(name, {"person": person})

    reloads = running.open()
    running.metrics.pages.labels("platform-1").inc()
    assert [pages("platform-1"), pages("platform-3"), pages("platform-9")] == [1, 0, None]
    running.edit("platform-3", "platform-9")

    assert await reloads.reload() == "changed"

    assert [pages("platform-1"), pages("platform-3"), pages("platform-9")] == [1, 0, 0]


async def test_at_the_start_the_metrics_are_those_of_the_catalog_that_was_read(
    running: Running,
) -> None:
    running.open()

    assert running.sample("last_reload_successful") == 1
    assert running.sample("loaded_timestamp_seconds") == NOON.timestamp()
    assert running.sample("info", version=running.catalog.version) == 1
    assert running.reloads() == {"changed": 0, "unchanged": 0, "refused": 0}


async def test_a_start_with_bad_files_shows_measures_and_logs_them_as_refused(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.spoil()

    reloads = running.open()

    assert reloads.version == running.catalog.version
    assert reloads.refusal is not None
    assert reloads.refusal.at == NOON
    assert [one.code for one in reloads.refusal.problems] == ["unknown-reference"]
    assert running.sample("last_reload_successful") == 0
    assert running.sample("info", version=running.catalog.version) == 1
    assert running.reloads() == {"changed": 0, "unchanged": 0, "refused": 0}
    assert f"{ONCALL}:50:13: unknown-reference: " in caplog.text
    assert {one.levelname for one in caplog.records} == {"ERROR"}
    assert [await reloads.look() for _ in range(3)] == [None, None, None]


async def test_after_a_start_with_bad_files_the_mended_ones_are_taken_up(running: Running) -> None:
    running.spoil()
    reloads = running.open()
    running.mend()
    running.edit("Platform engineer 1", "Platform engineer 9")

    assert [await reloads.look() for _ in range(2)] == [None, "changed"]

    assert "Platform engineer 9" in running.catalog.names.values()
    assert reloads.refusal is None
    assert running.sample("last_reload_successful") == 1


async def test_what_is_taken_up_is_kept_with_its_files_and_what_is_refused_is_not(
    running: Running,
) -> None:
    reloads = running.open()
    reloads.keep()
    running.spoil()
    await reloads.reload()
    running.mend()
    running.edit("Platform engineer 1", "Platform engineer 9")
    await reloads.reload()

    first, second = running.kept
    assert first.catalog is not None
    assert second.catalog == running.catalog != first.catalog
    assert second.files[ONCALL] == (running.folder / ONCALL).read_text()
    assert set(second.files) == {"catalog.yaml", ONCALL}


async def test_after_a_start_with_bad_files_nothing_is_kept_before_they_are_mended(
    running: Running,
) -> None:
    running.spoil()
    reloads = running.open()
    reloads.keep()
    await reloads.reload()
    assert running.kept == []

    running.mend()
    running.edit("Platform engineer 1", "Platform engineer 9")
    await reloads.reload()
    assert [one.catalog for one in running.kept] == [running.catalog]


async def test_whoever_keeps_editions_is_asked_again_at_each_look(running: Running) -> None:
    """So that one which a database out of reach did not take is kept when it is back."""
    watching = asyncio.create_task(running.open().watch(every_seconds=0.001))
    await asyncio.wait_for(running.kept_often.wait(), 20)
    watching.cancel()

    first, *again = running.kept
    assert first.catalog == running.catalog
    assert all(one is first for one in again)


async def test_the_same_bytes_change_nothing(running: Running) -> None:
    reloads = running.open()
    running.now = LATER

    assert await reloads.reload() == "unchanged"

    assert running.taken == []
    assert reloads.loaded_at == NOON
    assert running.reloads() == {"changed": 0, "unchanged": 1, "refused": 0}


async def test_a_bad_catalog_is_refused_shown_and_measured_and_the_running_one_stays(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    before, reloads = running.catalog, running.open()
    running.spoil()
    running.now = LATER

    assert await reloads.reload() == "refused"

    assert running.taken == []
    assert reloads.version == before.version
    assert reloads.loaded_at == NOON
    assert reloads.refusal is not None
    assert reloads.refusal.at == LATER
    assert [one.code for one in reloads.refusal.problems] == ["unknown-reference"]
    assert running.sample("last_reload_successful") == 0
    assert running.sample("info", version=before.version) == 1
    assert running.reloads() == {"changed": 0, "unchanged": 0, "refused": 1}
    assert f"{ONCALL}:50:13: unknown-reference: " in caplog.text
    assert {one.levelname for one in caplog.records} == {"ERROR"}


async def test_what_is_mended_is_taken_up_and_no_longer_refused(running: Running) -> None:
    reloads = running.open()
    running.spoil()
    await reloads.reload()
    running.mend()
    running.edit("Platform engineer 1", "Platform engineer 9")

    assert await reloads.reload() == "changed"

    assert reloads.refusal is None
    assert running.sample("last_reload_successful") == 1


async def test_a_bad_edit_that_is_taken_back_is_no_change_and_no_longer_refused(
    running: Running,
) -> None:
    reloads = running.open()
    running.spoil()
    await reloads.reload()
    running.mend()

    assert await reloads.reload() == "unchanged"

    assert reloads.refusal is None
    assert running.taken == []
    assert running.sample("last_reload_successful") == 1


async def test_what_a_new_catalog_lacks_is_warned_of_as_at_the_start(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    reloads = running.open()
    (running.folder / "oncall" / "README.md").write_text("who is who")
    running.edit("pagerduty: platform-1 #", "pagerduty: platform-9 #")
    running.lacking = ("pagerduty-platform-9 is not there",)

    assert await reloads.reload() == "changed"

    warned = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warned[0].endswith("oncall/README.md:1:1: file-unexpected: README.md is not read")
    assert warned[1:] == ["pagerduty-platform-9 is not there"]


async def test_of_very_many_problems_the_first_are_kept_and_all_are_counted(
    running: Running,
) -> None:
    reloads = running.open()
    for number in range(MOST_PROBLEMS + 50):
        (running.folder / "oncall" / f"{number:03}.yaml").write_text("people: 7\n")

    await reloads.reload()

    assert reloads.refusal is not None
    assert len(reloads.refusal.problems) == MOST_PROBLEMS
    assert reloads.refusal.count == MOST_PROBLEMS + 50


async def test_a_change_is_taken_up_once_it_reads_the_same_twice(running: Running) -> None:
    reloads = running.open()
    assert await reloads.look() is None
    running.edit("Platform engineer 1", "Platform engineer 9")

    assert await reloads.look() is None
    assert await reloads.look() == "changed"
    assert await reloads.look() is None

    assert running.reloads() == {"changed": 1, "unchanged": 0, "refused": 0}


async def test_a_file_that_is_being_written_is_left_alone(running: Running) -> None:
    reloads, file = running.open(), running.folder / ONCALL
    whole = file.read_text().replace("Platform engineer 1", "Platform engineer 9")
    for part in range(1, 6):
        file.write_text(whole[: len(whole) * part // 5])
        assert await reloads.look() is None

    assert await reloads.look() == "changed"

    assert running.reloads() == {"changed": 1, "unchanged": 0, "refused": 0}


async def test_a_bad_change_is_refused_once_and_not_every_two_seconds(running: Running) -> None:
    reloads = running.open()
    running.spoil()

    looks = [await reloads.look() for _ in range(5)]

    assert looks == [None, "refused", None, None, None]


async def test_what_somebody_had_reloaded_is_not_read_again_by_a_look(running: Running) -> None:
    reloads = running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")
    await reloads.reload()

    assert [await reloads.look() for _ in range(3)] == [None, None, None]


async def test_what_changed_between_reading_and_the_first_look_is_found(running: Running) -> None:
    """The digest is from before the reading, so that no edit falls between the two."""
    running.edit("Platform engineer 1", "Platform engineer 9")
    reloads = running.open()
    running.edit("Platform engineer 9", "Platform engineer 8")

    assert [await reloads.look() for _ in range(2)] == [None, "changed"]


async def test_a_configmap_that_kubernetes_swaps_is_taken_up(running: Running) -> None:
    volume = running.folder.parent / "volume"
    for edition in ("..2026_11_24", "..2026_11_25"):
        shutil.copytree(CATALOG, volume / edition)
    running.folder = volume
    (volume / "..data").symlink_to("..2026_11_24")
    for name in ("catalog.yaml", "oncall"):
        (volume / name).symlink_to(f"..data/{name}")
    reloads = running.open()
    file = volume / "..2026_11_25" / ONCALL
    file.write_text(file.read_text().replace("Platform engineer 1", "Platform engineer 9"))
    assert await reloads.look() is None

    (volume / "..new").symlink_to("..2026_11_25")
    (volume / "..new").rename(volume / "..data")

    assert [await reloads.look() for _ in range(2)] == [None, "changed"]
    assert "Platform engineer 9" in running.catalog.names.values()


async def test_reloads_never_overlap(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    reloads, under_way, most = running.open(), 0, 0

    async def counting(work: Callable[..., Edition], *arguments: object) -> Edition:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", counting)
    running.edit("Platform engineer 1", "Platform engineer 9")
    outcomes = await asyncio.gather(*(reloads.reload() for _ in range(3)))

    assert most == 1
    assert outcomes == ["changed", "unchanged", "unchanged"]


async def watched(reloads: Reloads, running: Running, *, every_seconds: float) -> None:
    """Watch until a catalog is taken up."""
    watching = asyncio.create_task(reloads.watch(every_seconds=every_seconds))
    try:
        await asyncio.wait_for(running.taken_up.wait(), 20)
    finally:
        watching.cancel()


async def test_who_watches_takes_a_change_up_by_itself(running: Running) -> None:
    reloads = running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")

    await watched(reloads, running, every_seconds=0.001)

    assert "Platform engineer 9" in running.catalog.names.values()


async def test_who_is_asked_by_a_signal_does_not_wait_for_the_next_look(running: Running) -> None:
    reloads = running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")
    reloads.ask()

    await watched(reloads, running, every_seconds=timedelta(days=1).total_seconds())

    assert "Platform engineer 9" in running.catalog.names.values()


@pytest.mark.parametrize("error", [UnsettledError("they change"), RuntimeError("a defect")])
async def test_no_error_ends_the_watch(
    running: Running, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    reloads = running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")
    failures = [error]

    def fail_once(root: Path) -> Edition:
        if failures:
            # So that the next look finds another change, as a defect is not met twice.
            running.edit("Platform engineer 2", "Platform engineer 8")
            raise failures.pop()
        return read_edition(root)

    monkeypatch.setattr(router.reload, "read_edition", fail_once)
    await watched(reloads, running, every_seconds=0.001)

    assert "Platform engineer 8" in running.catalog.names.values()


async def test_who_asks_while_files_are_written_is_told_so_without_a_traceback(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reloads = running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")
    failures: list[Exception] = [UnsettledError("the files of the catalog change")]

    def fail_once(root: Path) -> Edition:
        if failures:
            raise failures.pop()
        return read_edition(root)

    monkeypatch.setattr(router.reload, "read_edition", fail_once)
    reloads.ask()
    await watched(reloads, running, every_seconds=0.001)

    (told,) = (one for one in caplog.records if one.levelno > logging.INFO)
    assert told.levelname == "WARNING"
    assert "the files of the catalog change; it is looked at again" in told.getMessage()
    assert told.exc_info is None
    assert running.reloads() == {"changed": 1, "unchanged": 0, "refused": 0}


async def test_a_defect_is_measured_and_not_met_again_before_the_files_change(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    reloads = running.open()
    running.edit("Platform engineer 1", "Platform engineer 9")

    def fail(_root: Path) -> Edition:
        raise RuntimeError("a defect")

    monkeypatch.setattr(router.reload, "read_edition", fail)
    await reloads.look()
    with pytest.raises(RuntimeError, match="a defect"):
        await reloads.look()

    assert await reloads.look() is None
    assert running.sample("last_reload_successful") == 0
    assert running.reloads() == {"changed": 0, "unchanged": 0, "refused": 1}
