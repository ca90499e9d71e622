"""G11 with whole processes: every page can be explained, and what comes next is told."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic

import pytest

from tests.delivery.router_process import (
    MIDWEEK,
    ROOT,
    RouterProcess,
    Town,
    critical,
    guardia,
    open_town,
    over,
    running,
)
from tests.fakes.pagerduty import Page
from tests.fakes.serving import PATIENCE_SECONDS

CATALOG = str(ROOT / "tests" / "catalog")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        opened.set_clock(MIDWEEK)
        yield opened


def client(town: Town, router: RouterProcess) -> dict[str, str]:
    return {**town.environment(), "GUARDIA_URL": router.url}


def explained(environment: Mapping[str, str]) -> str:
    done = guardia("explain", "incident", "1", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def explained_once(environment: Mapping[str, str], *lines: str) -> str:
    """Return the explanation as soon as it has a line that matches each of `lines`."""
    until, text = monotonic() + PATIENCE_SECONDS, ""
    while monotonic() < until:
        text = explained(environment)
        if all(re.search(line, text) for line in lines):
            return text
    raise AssertionError(f"no line for one of {lines!r} in:\n{text}")


def first_page(town: Town) -> Page:
    """Return the first page as soon as somebody is woken."""
    town.pagerduty.wait_for(lambda fake: fake.pages)
    return town.pagerduty.pages[0]


def unchanging(text: str) -> str:
    """Return an explanation without what only says how long ago or how far away it is."""
    return re.sub(r", [^,]* ago\n|What happens next[^$]*", "", text)


def on_call(schedule: str, environment: Mapping[str, str]) -> str:
    """Return the name of who is on call by a schedule then, as another command tells it."""
    done = guardia(
        *(
            "oncall",
            "who",
            schedule,
            "--at",
            MIDWEEK.isoformat(),
            "--catalog",
            CATALOG,
            "--format",
            "json",
        ),
        environment=environment,
    )
    (found,) = json.loads(done.stdout)
    return str(found["shift"]["name"])


def test_a_page_is_explained_from_the_alert_to_the_person_and_on(town: Town) -> None:
    with running(town) as router:
        environment = client(town, router)
        assert router.post(critical(service="casos")) == 200
        page = first_page(town)
        primary, secondary = (on_call(name, environment) for name in ("primary", "secondary"))

        text = explained_once(environment, f"pagerduty {page.person}: accepted at ")

        assert text.startswith("#1 triggered, critical: The database is down\n")
        assert '    environment="prod", service="casos", severity="critical"\n' in text
        assert 'Route critical is the first that matches: severity="critical".\n' in text
        assert re.search(r"\n  Policy plataforma, as edition [0-9a-f]{12} of the catalog has", text)
        assert re.search(
            rf"\n  20.* UTC: {primary}\n    Step 1 of policy plataforma pages schedule primary:"
            rf" {primary} has the shift from .* Atlantic/Cape_Verde \(rotation of primary\)\.\n",
            text,
        )
        coming = text.partition("What happens next\n")[2]
        assert "  Unless somebody acknowledges (guardia ack 1 --by YOU):\n" in coming
        assert re.search(rf"\(in 1[45] min.*\): step 2: {secondary} by pagerduty\n", coming)
        assert re.search(r"\(in (29|30) min.*\): the last resort: Platform engineer 1 by ", coming)


def test_an_answer_and_an_end_are_told_in_place_of_what_would_have_come(town: Town) -> None:
    with running(town) as router:
        environment = client(town, router)
        router.post(critical())
        first_page(town)

        guardia("ack", "1", "--by", "Platform engineer 1", environment=environment)
        text = explained_once(environment, "told that somebody has it: accepted")
        assert re.search(
            r"What happens next\n  Platform engineer 1 has it since .*: nobody else is paged.\n$",
            text,
        )

        router.post(over())
        text = explained_once(environment, "told that it is over: accepted")
        assert re.search(
            r"\n  It is over since .* UTC \(no alert fires\): nobody is paged any more.\n$", text
        )

        unknown = guardia("explain", "incident", "2", environment=environment)
        assert (unknown.returncode, unknown.stdout) == (1, "There is no incident 2.\n")


def test_a_stored_notification_is_replayed_beside_the_running_router(town: Town) -> None:
    with running(town) as router:
        environment = client(town, router)
        router.post(critical())
        page = first_page(town)
        # The page and the message in Slack are sent side by side: either may be accepted first.
        before = explained_once(
            environment, "#operaciones: accepted at ", f"pagerduty {page.person}: accepted at "
        )

        replayed = guardia("replay", "1", "--catalog", CATALOG, environment=environment)

        assert (replayed.returncode, replayed.stderr) == (0, "")
        assert re.search(rf"step 1: {on_call('primary', environment)} by ", replayed.stdout)
        assert "  Informs slack #operaciones at once.\n" in replayed.stdout
        assert unchanging(explained(environment)) == unchanging(before)
        assert town.pagerduty.pages == (page,)
        assert router.stop() == 0


def test_a_test_page_reaches_every_address_and_says_which_does_not_work(town: Town) -> None:
    with running(town) as router:
        environment = client(town, router)
        works = guardia("test-page", "platform-1", "--by", "Ops", environment=environment)

        assert (works.returncode, works.stderr) == (0, "")
        assert works.stdout == (
            "#1: test page for Platform engineer 1, it ends by itself in 10 minutes\n"
            "  pagerduty platform-1: accepted\n"
            "  email platform-1@conecta360.example: accepted\n"
        )
        (page,) = town.pagerduty.pages
        assert page.person == "platform-1"
        assert "asked for by Ops: nothing is wrong" in page.summary
        text = explained(environment)
        assert "    This is a test that Ops asked for: nothing is wrong, nobody else" in text
        assert text.endswith("  No policy escalates it: nobody else is paged.\n")

        soon = guardia("test-page", "platform-1", "--by", "Ops", environment=environment)
        assert soon.returncode == 1
        assert "had a test page less than a minute ago" in soon.stdout

        (town.folder / "pagerduty-platform-2").unlink()
        broken = guardia("test-page", "platform-2", "--by", "Ops", environment=environment)
        assert broken.returncode == 1
        assert re.search(r"\n  pagerduty platform-2: not accepted \(credentials\): ", broken.stdout)
        assert "\n  email platform-2@conecta360.example: accepted\n" in broken.stdout
