"""What the first screen of an incident says and offers: whom it wakes, and what can be done."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from router.oncall.model import PersonId
from tests.router.making import minutes, policy, step
from tests.router.road import Fakes, HandClock
from tests.router.web.page.visit import BASE, Page, Site, Visitor, open_site

NOBODY = "Nobody has acknowledged it."


async def state(visitor: Visitor, number: int) -> str:
    shown = (await visitor.get(f"/incidents/{number}")).text
    found = re.search(r'class="state [^>]*>([^<]*)<', shown)
    assert found is not None, shown
    return found[1]


async def offered(visitor: Visitor, number: int) -> set[str]:
    """Return the last words of the forms' addresses."""
    page = Page(await visitor.get(f"/incidents/{number}"))
    return {one["action"].rpartition("/")[2] for one in page.all("form")}


async def test_who_is_paged_and_when_is_said_while_nobody_has_it(site: Site) -> None:
    visitor = await site.come("ada")
    number = await site.raise_alert()
    assert await state(visitor, number) == f"{NOBODY} Paged at 11:00 UTC−1: Engineer ana."
    await site.road.pass_time(minutes(15))
    await site.road.worker.turn()
    assert await state(visitor, number) == (
        f"{NOBODY} Paged, last at 11:15 UTC−1: Engineer ana, Engineer ben."
    )
    await visitor.post(f"/incidents/{number}/ack")
    assert await state(visitor, number) == (
        "Head of operations has it since 24 Nov 2026 11:15 UTC−1."
    )


async def test_what_no_provider_has_taken_is_not_said_to_have_paged(site: Site) -> None:
    site.road.fakes.pagerduty.fail_next(None, status=503)
    number = await site.raise_alert()
    visitor = await site.come("ada")
    assert await state(visitor, number) == f"{NOBODY} Being paged since 11:00 UTC−1: Engineer ana."


async def test_who_was_given_it_by_whom_is_said_until_others_are_paged(site: Site) -> None:
    visitor = await site.come("ada")
    number = await site.raise_alert()
    await visitor.post(f"/incidents/{number}/reassign", {"to": "person:ben"})
    await site.road.worker.turn()
    assert await state(visitor, number) == (
        "Given to Engineer ben by Head of operations; not acknowledged."
    )
    await site.road.pass_time(minutes(60))
    told = await state(visitor, number)
    assert "Paged, last at " in told
    assert told.endswith(": Engineer ben, Engineer ana.")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Paged at 11:00 UTC−1: Head of operations and 2 more."),
        ("es", "Se avisó (11:00 UTC−1) a Head of operations y 2 más."),
        ("pt", "Aviso enviado (11:00 UTC−1) a Head of operations e mais 2."),
    ],
)
async def test_of_many_who_are_paged_the_last_is_named_and_the_others_counted(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str, told: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        catalog = site.road.worker.catalog
        all_at_once = step(people=["ana", "ben", "ada"])
        many = policy(all_at_once, last_resort=all_at_once)
        site.road.worker.catalog = replace(catalog, policies={many.id: many})
        number = await site.raise_alert()
        assert (await state(await site.come("ada"), number)).endswith(told)


async def test_what_wakes_nobody_says_so_and_offers_no_next_step(site: Site) -> None:
    visitor = await site.come("ada")
    number = await site.raise_alert(severity="high")
    assert await state(visitor, number) == f"{NOBODY} This wakes nobody."
    assert "escalate" not in await offered(visitor, number)
    assert (await visitor.post(f"/incidents/{number}/escalate")).status_code == 409

    other = await site.raise_alert(region="b")
    assert "escalate" in await offered(visitor, other)
    assert (await visitor.post(f"/incidents/{other}/escalate")).status_code == 303


async def test_a_test_page_offers_no_next_step(site: Site) -> None:
    visitor = await site.come()
    made = await visitor.post("/me/test")
    number = int(made.headers["location"].rpartition("/")[2].partition("?")[0])
    assert "escalate" not in await offered(visitor, number)
    assert "resolve" in await offered(visitor, number)


async def test_the_default_routes_policy_is_a_next_step_too(site: Site) -> None:
    """Offered is what is not refused: by the default route's policy, as the answer itself."""
    catalog = site.road.worker.catalog
    (policy,) = catalog.policies
    default = replace(catalog.routes[-1], policy=policy)
    visitor = await site.come("ada")
    number = await site.raise_alert(severity="high")
    site.road.worker.catalog = replace(catalog, routes=(*catalog.routes[:-1], default))
    assert "escalate" in await offered(visitor, number)
    assert (await visitor.post(f"/incidents/{number}/escalate")).status_code == 303


async def test_resolving_asks_first_and_says_what_it_means(site: Site) -> None:
    visitor = await site.come("ada")
    number = await site.raise_alert()
    shown = (await visitor.get(f"/incidents/{number}")).text
    asked = re.search(r'<details class="asks".*?</details>', shown, re.DOTALL)
    assert asked is not None
    assert f'action="{BASE}/incidents/{number}/resolve"' in asked[0]
    assert shown.count(f"/incidents/{number}/resolve") == 1
    assert "wake nobody for 4 h or longer" in asked[0]
    assert "open" not in asked[0].partition(">")[0]


async def test_it_is_given_to_somebody_who_was_chosen_and_can_answer(site: Site) -> None:
    catalog = site.road.worker.catalog
    people = dict(catalog.roster.people)
    vera = PersonId("vera")
    people[vera] = replace(people[vera], addresses=people[PersonId("ben")].addresses)
    site.road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    visitor = await site.come("ada")
    number = await site.raise_alert()
    page = Page(await visitor.get(f"/incidents/{number}"))

    (select,) = (one for one in page.all("select") if one["name"] == "to")
    options = [one["value"] for one in page.all("option")]
    assert "required" in select
    first = options.index("")
    assert options[first:] == ["", "person:ana", "person:ben", "policy:plataforma"]
    assert [one["label"] for one in page.all("optgroup")] == ["People", "Policies"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("es", ("ya no hace falta; se pasó a otra persona", "hay un fallo en el otro lado: «")),
        ("pt", ("já não é preciso; foi passado a outra pessoa", "há uma falha do outro lado: “")),
    ],
)
async def test_what_became_of_a_message_is_told_in_the_readers_language(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str, told: tuple[str, str]
) -> None:
    ours, theirs = told
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        fakes.pagerduty.fail_next(None, status=503)
        number = await site.raise_alert()
        visitor = await site.come("ada")
        assert theirs in Page(await visitor.get(f"/incidents/{number}")).text
        await visitor.post(f"/incidents/{number}/reassign", {"to": "person:ben"})
        text = Page(await visitor.get(f"/incidents/{number}")).text
        assert ours in text
        assert "it was given" not in text


async def test_who_reads_and_may_do_what_is_said_in_words(
    secrets_dir: Path, fakes: Fakes, clock: HandClock
) -> None:
    async with open_site(secrets_dir, fakes, clock, language="es") as site:
        told = Page(await (await site.come("ada")).get("/me")).text
        assert "español" in told
        assert "«administrator»: puede responder y administrar" in told


async def test_the_end_of_a_test_page_is_no_notification_to_read(site: Site) -> None:
    visitor = await site.come()
    await visitor.post("/me/test")
    await site.road.worker.turn()
    shown = (await visitor.get("/health")).text
    rows = dict(re.findall(r"<tr><td>([^<]*)</td><td>(\d+)</td>", shown))
    assert rows["notifications to read"] == "0"
    assert rows["planned for later, such as the end of a test page"] == "1"
    site.road.clock.advance(minutes(10))
    shown = (await visitor.get("/health")).text
    rows = dict(re.findall(r"<tr><td>([^<]*)</td><td>(\d+)</td>", shown))
    assert rows["notifications to read"] == "1"
