"""A page says only of an answer that it was given when it was, and while that still stands."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from router.web.access.admission import LIFE
from tests.router.web.page.test_done import ANSWERS
from tests.router.web.page.test_unsent import send
from tests.router.web.page.visit import BASE, Page, Site, Visitor

NOTICES = {
    "acknowledge": "You have it. Nobody else is paged.",
    "snooze": "It is snoozed, and you have it.",
    "comment": "The comment is in the timeline.",
    "escalate": "The next step is taken now.",
    "reassign": "It is given to them, and they are paged now.",
    "resolve": "It is recorded as resolved.",
}
WORDS = (*NOTICES, "test", "ack", "awake", "x")


async def notice(visitor: Visitor, number: int, done: str) -> str:
    """Return what the page says that was done; empty when it says nothing of it."""
    answer = await visitor.get(f"/incidents/{number}?done={done}")
    assert answer.status_code == 200
    found = [one for one in Page(answer).all("p") if one.get("class") == "notice"]
    if not found:
        return ""
    assert [one.get("role") for one in found] == ["status"]
    shown = answer.text.partition('class="notice"')[2].partition(">")[2].partition("</p>")[0]
    return " ".join(shown.split())


@pytest.mark.parametrize("word", WORDS)
async def test_an_address_alone_makes_nobody_believe_that_an_answer_was_given(
    site: Site, word: str
) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    assert await notice(visitor, number, word) == ""
    # Nor does what others answered, nor another answer of one's own.
    ben = await site.come("ben")
    for path, fields, action in ANSWERS:
        if action != word:
            await ben.post(f"/incidents/{number}/{path}", fields)
    assert await notice(visitor, number, word) == ""


@pytest.mark.parametrize(("path", "fields", "action"), ANSWERS)
async def test_what_was_done_is_said_for_some_minutes(
    site: Site, path: str, fields: dict[str, str], action: str
) -> None:
    number = await site.raise_alert()
    visitor = await site.come("ada")
    await visitor.post(f"/incidents/{number}/{path}", fields)
    assert await notice(visitor, number, action) == NOTICES[action]
    assert {await notice(visitor, number, other) for other in WORDS if other != action} <= {
        "",
        NOTICES["acknowledge"] if action == "snooze" else "",
    }
    site.road.clock.advance(timedelta(minutes=6))
    lasting = NOTICES[action] if action == "acknowledge" else ""
    assert await notice(visitor, number, action) == lasting, "who has it still has it"


@pytest.mark.parametrize(
    ("mine", "others"),
    [
        (("ack", {}, "acknowledge"), ("escalate", {})),
        (("ack", {}, "acknowledge"), ("resolve", {})),
        (("snooze", {"for": "1h"}, "snooze"), ("reassign", {"to": "policy:plataforma"})),
        (("escalate", {}, "escalate"), ("ack", {})),
        (("escalate", {}, "escalate"), ("reassign", {"to": "person:ana"})),
        (("reassign", {"to": "person:ben"}, "reassign"), ("ack", {})),
        (("reassign", {"to": "person:ben"}, "reassign"), ("resolve", {})),
    ],
)
async def test_what_others_did_since_takes_it_back(
    site: Site, mine: tuple[str, dict[str, str], str], others: tuple[str, dict[str, str]]
) -> None:
    number = await site.raise_alert()
    ada, ben = await site.come("ada"), await site.come("ben")
    path, fields, action = mine
    await ada.post(f"/incidents/{number}/{path}", fields)
    assert await notice(ada, number, action)
    site.road.clock.advance(timedelta(seconds=20))
    await ben.post(f"/incidents/{number}/{others[0]}", others[1])
    assert await notice(ada, number, action) == ""


@pytest.mark.parametrize(
    ("path", "fields", "action", "told"),
    [
        ("escalate", {}, "escalate", "The next step was taken a moment ago: that counts once."),
        (
            "reassign",
            {"to": "person:ben"},
            "reassign",
            "It was given to them a moment ago: that counts once.",
        ),
    ],
)
async def test_who_presses_twice_reads_that_it_counts_once(
    site: Site, path: str, fields: dict[str, str], action: str, told: str
) -> None:
    number = await site.raise_alert()
    ada = await site.come("ada")
    for _ in range(2):
        await ada.post(f"/incidents/{number}/{path}", fields)
        site.road.clock.advance(timedelta(seconds=1))

    assert await notice(ada, number, action) == told


async def test_who_has_it_until_an_end_can_keep_it_and_nobody_else_can_for_them(
    site: Site,
) -> None:
    number = await site.raise_alert()
    ben, ada = await site.come("ben"), await site.come("ada")
    path = f"/incidents/{number}"
    await ben.post(f"{path}/snooze", {"for": "30m"})
    assert "Keep it" in Page(await ben.get(path)).text
    assert "Keep it" not in Page(await ada.get(path)).text

    await ben.post(f"{path}/ack")

    assert await notice(ben, number, "acknowledge") == NOTICES["acknowledge"]
    assert await notice(ben, number, "snooze") == ""
    shown = Page(await ben.get(path)).text
    assert "You have it." in shown
    assert "Keep it" not in shown


async def test_who_holds_it_longer_than_the_first_reads_that_they_have_it_too(site: Site) -> None:
    catalog = site.road.worker.catalog
    policies = {
        name: replace(one, acknowledge_timeout=timedelta(hours=2))
        for name, one in catalog.policies.items()
    }
    site.road.worker.catalog = replace(catalog, policies=policies)
    number = await site.raise_alert()
    ben, ada = await site.come("ben"), await site.come("ada")
    await ben.post(f"/incidents/{number}/ack")
    site.road.clock.advance(timedelta(seconds=20))

    await ada.post(f"/incidents/{number}/ack")

    assert await notice(ada, number, "acknowledge") == (
        "Recorded: you have it too. Engineer ben was first."
    )


async def test_who_acknowledges_what_another_snoozed_reads_that_it_is_still_theirs(
    site: Site,
) -> None:
    number = await site.raise_alert()
    ben, ada = await site.come("ben"), await site.come("ada")
    await ben.post(f"/incidents/{number}/snooze", {"for": "30m"})

    await ada.post(f"/incidents/{number}/ack")

    assert await notice(ada, number, "acknowledge") == (
        "Recorded. Engineer ben was first, and has it."
    )


async def test_who_has_it_by_pagerduty_has_it_on_the_page(site: Site) -> None:
    number = await site.raise_alert()
    await site.road.acknowledge(number, "Engineer ben (PagerDuty)")

    shown = Page(await (await site.come("ben")).get(f"/incidents/{number}")).text

    assert "You have it." in shown
    assert "Acknowledge too" not in shown


async def test_who_comes_late_reads_who_was_first_and_that_it_was_over(site: Site) -> None:
    number = await site.raise_alert()
    ada, ben = await site.come("ada"), await site.come("ben")
    await ben.post(f"/incidents/{number}/ack")
    assert await notice(ada, number, "acknowledge") == ""
    site.road.clock.advance(timedelta(seconds=20))
    await ada.post(f"/incidents/{number}/ack")
    assert await notice(ada, number, "acknowledge") == (
        "Recorded. Engineer ben was first, and has it."
    )
    await ada.post(f"/incidents/{number}/snooze", {"for": "1h"})
    assert await notice(ada, number, "snooze") == ("Recorded. Engineer ben was first, and has it.")
    await ben.post(f"/incidents/{number}/resolve")
    await ada.post(f"/incidents/{number}/ack")
    assert await notice(ada, number, "acknowledge") == "It was over already. That is recorded."


async def test_a_test_says_where_to_look_and_shows_it_at_once(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    made = await visitor.post("/me/test")
    path = made.headers["location"].removeprefix(BASE)
    shown = await visitor.get(path)
    page = Page(shown)
    assert "What came of it stands below. It may take a minute" in page.text
    assert "reload" in page.text
    assert shown.text.index('id="messages-title"') < shown.text.index('id="next-title"')
    usual = (await visitor.get(f"/incidents/{number}")).text
    assert usual.index('id="messages-title"') > usual.index('id="timeline-title"')
    another = await site.come("ben")
    assert await notice(another, int(path.partition("?")[0].rpartition("/")[2]), "test") == ""


async def told(visitor: Visitor, where: str) -> str:
    """Return the notices of a page, and what it says loudly."""
    answer = await visitor.get(where)
    assert answer.status_code == 200
    found = re.findall(
        r'<p class="(?:notice|warning)" role="[a-z]*">(.*?)</p>', answer.text, re.DOTALL
    )
    return " ".join(" ".join(re.sub("<[^>]*>", "", one).split()) for one in found)


@pytest.mark.parametrize("page", ["/incidents", "/me"])
async def test_an_address_makes_nobody_believe_that_they_are_awake_or_have_it(
    site: Site, page: str
) -> None:
    number = await site.raise_alert()
    ben = await site.come("ben")
    assert await told(ben, f"{page}?done=awake&taken={number}") == ""

    await ben.post("/me/awake", {"for": "1h"})

    # Ana was paged, and not Ben: nobody has it.
    quiet = "What comes next is told quietly."
    nothing = "Nothing that you were told of is still unanswered."
    assert await told(ben, f"{page}?done=awake&taken={number}") == f"{quiet} {nothing}"
    assert await told(ben, f"{page}?done=not-awake") == ""
    await ben.post("/me/awake/end")
    assert await told(ben, f"{page}?done=awake") == ""
    assert await told(ben, f"{page}?done=not-awake") == "You are rung again."


async def test_what_was_taken_by_being_awake_is_listed_while_the_reader_has_it(
    site: Site,
) -> None:
    number = await site.raise_alert()
    ana, ben = await site.come(), await site.come("ben")
    made = await ana.post("/me/awake", {"for": "1h", "back": "incidents"})
    where = made.headers["location"].removeprefix(BASE)
    assert where == f"/incidents?done=awake&taken={number}"
    assert f"You have: #{number}" in await told(ana, where)
    assert "You have" not in await told(ben, where)

    await ana.post(f"/incidents/{number}/reassign", {"to": "person:ben"})

    assert "You have" not in await told(ana, where)


async def test_of_an_override_reads_who_made_or_cancelled_it_and_for_some_minutes(
    site: Site,
) -> None:
    ana, vera = await site.come(), await site.come("vera")
    for number, change in ((1, "made"), (2, "cancelled")):
        made = await ana.post("/overrides", {"schedule": "primary", "person": "ben", "for": "1h"})
        assert made.headers["location"] == f"{BASE}/oncall?made={number}"
        if change == "cancelled":
            await ana.post(f"/overrides/{number}/cancel")
        where = f"/oncall?{change}={number}"
        assert f"The override is {change}." in await told(ana, where)
        assert await told(vera, where) == ""
        site.road.clock.advance(timedelta(minutes=6))
        assert await told(ana, where) == ""


async def test_an_override_made_earlier_is_no_news_beside_what_was_not_done(site: Site) -> None:
    ana = await site.come()
    site.road.clock.advance(LIFE - timedelta(minutes=1))
    await ana.post("/overrides", {"schedule": "primary", "person": "ben", "for": "1h"})
    site.road.clock.advance(timedelta(minutes=1))
    await send(ana, "/overrides/1/cancel", {})
    await ana.get("/sign-in", follow=True)
    assert await told(ana, "/oncall?made=1") == (
        "This was NOT done: you had been signed out. Do it again."
    )
