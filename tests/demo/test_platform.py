"""The example platform, as Prometheus scrapes it."""

from prometheus_client.parser import text_string_to_metric_families

from demo.platform import TARGETS, Platform, path_of


def samples(page: bytes | None) -> dict[str, float]:
    assert page is not None
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_every_target_has_a_page() -> None:
    platform = Platform()
    paths = {path_of(target) for target in TARGETS}
    assert len(paths) == len(TARGETS)
    assert all(samples(platform.page(path)) for path in paths)


def test_a_job_has_the_page_of_its_first_instance() -> None:
    platform = Platform()
    assert samples(platform.page("/postgres/metrics"))["pg_replication_is_replica[]"] == 0
    assert samples(platform.page("/postgres/1/metrics"))["pg_replication_is_replica[]"] == 1


def test_unknown_pages_are_none() -> None:
    assert Platform().page("/nobody/metrics") is None
    assert Platform().page("/casos/9/metrics") is None


def test_state_says_when_it_was_broken_and_repaired() -> None:
    platform = Platform()
    assert platform.state() == {"broken_at": None, "repaired_at": None}
    platform.break_casos()
    assert platform.state()["broken_at"]
    assert platform.state()["repaired_at"] is None
    platform.repair_casos()
    assert platform.state()["repaired_at"]
    platform.break_casos()
    assert platform.state()["repaired_at"] is None
