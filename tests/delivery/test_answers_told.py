"""What a command says after an answer, by a running router: what it did, and what it did not."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.delivery.router_process import Town, guardia, open_town, outage, running
from tests.router.making import alert_body, notification_body

AT = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
Say = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Say]:
    """Run a command in somebody's name; #1 to #6 are open, #5 of a route without a policy."""
    with open_town(tmp_path_factory.mktemp("town")) as town, running(town) as router:
        for number in range(1, 5):
            assert router.post(outage(f"Outage{number}")) == 200
        assert router.post(_low()) == 200
        assert router.post(outage("Outage6")) == 200
        assert router.post(outage("Outage4", "resolved")) == 200
        router.wait_for("/api/incidents?state=all", lambda told: len(told["incidents"]) == 6)
        router.wait_for("/api/incidents/4", lambda told: told["state"] == "resolved")
        yield _saying(town, router.url)


def _saying(town: Town, url: str) -> Say:
    def say(*command: str, by: str = "", token: Path | None = None) -> tuple[int, str]:
        client = town.environment(GUARDIA_URL=url)
        if token is not None:
            client["GUARDIA_API_TOKEN_FILE"] = str(token)
        named = ("--by", by) if by else ()
        done = guardia(*command, *named, environment=client)
        return done.returncode, done.stdout + done.stderr

    return say


def _low() -> bytes:
    alert = alert_body("firing", severity="low", environment="prod", alertname="Low")
    return notification_body(alert, groupLabels={"alertname": "Low"}, groupKey="Low")


def test_who_is_second_is_told_who_has_it(say: Say) -> None:
    assert say("ack", "#1", by="ana")[0] == 0
    code, told = say("ack", "1", by="bea")

    assert code == 0
    assert re.fullmatch(
        rf"#1 acknowledged: .*\nana was first and has it, since {AT};"
        r" the timeline says that you answered too\n",
        told,
    )


def test_a_snooze_of_what_somebody_has_says_that_it_changes_nothing(say: Say) -> None:
    say("ack", "1", by="ana")
    code, told = say("snooze", "1", "--for", "1h", by="bea")

    assert code == 0
    assert re.search(
        rf"\nana has it, since {AT}; your snooze is in the timeline, and changes nothing\n$", told
    )


def test_what_is_asked_for_twice_says_that_it_counts_once(say: Say) -> None:
    for command, once in (
        (("escalate", "6"), "the next step was taken a moment ago, that counts once; who that is:"),
        (("reassign", "6", "--person", "platform-3"), "given to platform-3 a moment ago:"),
        (("reassign", "6", "--policy", "plataforma"), "given to policy plataforma a moment ago:"),
    ):
        first, second = (say(*command, by="bea")[1] for _ in range(2))

        assert f"\n{once}" not in first
        assert f"\n{once}" in second


def test_who_comes_after_the_end_is_told_so_and_when_it_was(say: Say) -> None:
    code, told = say("resolve", "2", by="ana")
    assert code == 0
    assert re.search(
        rf"\nresolved by ana at {AT}; still firing: 1, which opens no new incident", told
    )

    code, told = say("resolve", "2", by="bea")
    assert code == 0
    assert re.search(rf"\nit was over before: resolved by ana at {AT}\n$", told)

    code, told = say("ack", "2", by="bea")
    assert code == 1
    assert re.search(
        rf"\nnothing to acknowledge, it was over before: resolved by ana at {AT}\n$", told
    )

    code, told = say("ack", "4", by="bea")
    assert code == 1
    assert re.search(rf"it was over before: no alert fires since {AT}\n$", told)


def test_a_token_of_its_own_answers_by_its_own_name(say: Say, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(say("token", "make", "--name", "bot", "--role", "responder")[1])

    code, told = say("ack", "3", by="somebody else", token=tmp_path / "token")

    assert code == 0
    assert re.search(rf"\nacknowledged by bot at {AT}\n$", told)


def test_each_other_answer_says_what_it_did(say: Say) -> None:
    assert say("escalate", "3", by="ana")[1].endswith(
        "\nthe next step is taken now; who that is: guardia explain incident 3\n"
    )
    assert say("reassign", "3", "--policy", "plataforma", by="ana")[1].endswith(
        "\ngiven to policy plataforma, which begins now\n"
    )
    assert say("reassign", "3", "--person", "platform-3", by="ana")[1].endswith(
        "\ngiven to platform-3, who is paged now\n"
    )
    assert say("comment", "3", "hello", "big", "world", by="ana") == (
        0,
        "#3 triggered: The database is down\nwritten into its timeline\n",
    )
    assert "ana: hello big world" in say("incidents", "3")[1]

    explained = say("explain", "incident", "3")[1]
    assert re.search(
        r"\n  It was given to platform-3; then comes the last resort of policy plataforma,"
        r" as edition [0-9a-f]{12} of the catalog has it\. It has begun anew 2 times\.\n",
        explained,
    )


def test_what_no_policy_escalates_is_theirs_to_whom_it_was_given_last(say: Say) -> None:
    assert say("reassign", "5", "--person", "platform-2", by="ana")[0] == 0
    assert say("reassign", "5", "--person", "platform-3", by="ana")[0] == 0

    explained = say("explain", "incident", "5")[1]

    assert "\n  It was given to platform-3; no policy escalates it." in explained
    coming = explained.partition("What happens next\n")[2]
    assert re.search(
        r": the last resort: Platform engineer 3 by pagerduty\n"
        r"    It was given to Platform engineer 3\.\n$",
        coming,
    )
    assert "policy none" not in explained
    assert (
        "\nUnless somebody acknowledges, the last resort is paged at 20" in say("incidents", "5")[1]
    )


def test_a_name_in_place_of_an_id_is_told_the_id(say: Say) -> None:
    assert say("reassign", "3", "--person", "Platform engineer 1", by="ana") == (
        1,
        "There is no person Platform engineer 1. Did you mean platform-1?\n",
    )
    assert say("awake", "platform-1", "--until", "25:00", by="ana") == (
        1,
        "`until` must be a time of day such as 08:00.\n",
    )


def test_who_asks_the_catalog_is_told_that_the_router_knows_more(say: Say) -> None:
    catalog = ("--catalog", str(Path("tests", "catalog")))
    told = say("oncall", "who", "primary", *catalog)[1]
    assert told.endswith("only the router knows: guardia oncall who --router\n")
    told = say("oncall", "calendar", "primary", *catalog)[1]
    assert told.endswith("only the router knows: guardia oncall override --list\n")
    assert "only the router knows" not in say("oncall", "who", "primary", "--router")[1]
    assert "only the router" not in say("oncall", "who", "primary", *catalog, "--format=json")[1]
    code, told = say("oncall", "who", "--catalog", "nowhere")
    assert (code, told.endswith("or ask the router: guardia oncall who --router\n")) == (2, True)
