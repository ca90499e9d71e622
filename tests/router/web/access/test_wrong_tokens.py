"""Bearer tokens that do not count, at the API: bounded and kept, to nobody's harm but theirs."""

from datetime import timedelta

from tests.router.road import API_TOKEN, HandClock
from tests.router.web.access.door import STRANGER, Browser, Door

WRONG = "Bearer guardia_guess"


async def ask(browser: Browser, token: str | None = WRONG, path: str = "/api/audit") -> int:
    headers = {} if token is None else {"Authorization": token}
    return (await browser.get(path, **headers)).status_code


async def test_ten_thousand_wrong_tokens_are_stopped_and_one_that_counts_is_not(
    door: Door, clock: HandClock
) -> None:
    attacker = door.browser()

    answers = [await attacker.get("/api/audit", Authorization=WRONG) for _ in range(30)]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
    assert answers[-1].headers["retry-after"] == "15"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert "Please wait." in answers[-1].json()["detail"]
    rows = door.audited()
    assert len(rows) == 20
    assert {(row.actor, row.via, row.action, row.done) for row in rows} == {
        ("somebody", "api", "enter", False)
    }
    assert rows[0].detail == "GET /api/audit: a token that does not count"
    assert rows[0].address == STRANGER
    # Who has one that counts gets in all the same, also behind the same address.
    made = await door.make_token(role="administrator")
    for token in (API_TOKEN, made):
        assert await ask(attacker, f"Bearer {token}") == 200
    clock.advance(timedelta(seconds=15))
    assert [await ask(attacker), await ask(attacker)] == [401, 429]


async def test_a_program_with_an_old_token_keeps_nobody_behind_its_address_from_signing_in(
    door: Door,
) -> None:
    for _ in range(30):
        last = await ask(door.browser())
    colleague = door.browser()

    mistyped = await colleague.sign_in_by_token("guess")
    entered = await colleague.sign_in_by_token(await door.make_token(purpose="sign-in"))

    assert last == 429
    assert (mistyped.status_code, entered.status_code) == (403, 303)


async def test_wrong_tokens_from_many_networks_are_bounded_together(door: Door) -> None:
    codes = [await ask(door.browser(address=f"2001:db8:{number:x}::1")) for number in range(220)]

    assert codes == [401] * 200 + [429] * 20
    assert len(door.audited()) == 200
    assert await ask(door.browser(address="2001:db8:1::1"), f"Bearer {API_TOKEN}") == 200


async def test_who_shows_no_token_is_told_to_and_neither_counted_nor_kept(door: Door) -> None:
    browser = door.browser()

    codes = {await ask(browser, shown) for shown in (None, "Basic Z3Vlc3M6") for _ in range(30)}

    assert codes == {401}
    assert door.audited() == []
    assert await ask(browser) == 401
