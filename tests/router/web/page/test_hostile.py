"""Text of others on every page: it is shown as it is written, and it is never markup."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from router.incident.describe import one_line
from router.oncall.model import PersonId
from tests.router.road import firing
from tests.router.web.page.test_every_page import check_page
from tests.router.web.page.visit import PAGES, Page, Site

PAYLOADS = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><title>x</title></svg>",
    "</title></g></svg><script>alert(1)</script>",
    "</textarea></select></option><script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "&lt;script&gt;",
    "\u202egnp.exe \u2066x\u2069 \u200fy",
    "a\0b\x1b[31m\x7f",
    "]]><!--",
)
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1f\x7f]")


async def spread(site: Site, payload: str) -> None:
    """Put it wherever somebody outside may write."""
    line = one_line(payload)
    catalog = site.road.worker.catalog
    people = {
        one: replace(person, name=line) if one in ("ben", "ada") else person
        for one, person in catalog.roster.people.items()
    }
    site.road.worker.catalog = replace(
        catalog,
        roster=replace(catalog.roster, people=people),
        names={one: person.name for one, person in people.items()},
    )
    await site.raise_alert(
        {
            "summary": payload,
            "description": payload,
            "runbook_url": payload,
            "dashboard_url": payload,
        },
        region=payload,
        environment=payload,
        instance=payload,
        service=payload,
    )
    await site.road.api("POST", "/api/incidents/1/comment", json={"by": line, "text": payload})
    override = {"schedule": "primary", "person": "ben", "by": line, "reason": line}
    times = {"from": "2026-11-24T13:00:00Z", "until": "2026-11-24T18:30:00Z"}
    made = await site.road.api("POST", "/api/overrides", json=override | times)
    assert made.status_code == 201, made.text
    await site.road.worker.turn()


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_it_is_shown_and_not_run(site: Site, payload: str) -> None:
    await spread(site, payload)
    visitor = await site.come()
    seen = ""
    given = quote(payload)
    given_to = (
        f"/history?service={given}",
        f"/overrides/new?schedule={given}&from={given}&until={given}&reason={given}&for={given}",
        f"/overrides/preview?schedule=primary&person=ben&until={given}&reason={given}",
    )
    for path in (*PAGES, *given_to):
        answer = await visitor.get(path)
        page = Page(answer)
        check_page(page, answer.text, language="en")
        assert not any("alert(1)" in name for _, one in page.elements for name in one)
        assert not _MARKS.search(page.text), path
        seen += page.text
    assert one_line(payload) in seen, "people see what came"


async def test_an_alert_of_the_last_hour_of_the_calendar_is_shown(site: Site) -> None:
    """East of Greenwich no clock shows it any more."""
    catalog = site.road.worker.catalog
    people = {
        one: replace(person, zone=ZoneInfo("Europe/Madrid"))
        for one, person in catalog.roster.people.items()
    }
    site.road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    alert = firing(service="casos") | {"startsAt": "9999-12-31T23:59:59Z"}
    await site.road.receive(alert)
    visitor = await site.come()

    for path in PAGES:
        answer = await visitor.get(path)
        check_page(Page(answer), answer.text, language="en")
    assert "31 Dec 9999 23:59 UTC" in Page(await visitor.get("/incidents/1")).text
    assert (await visitor.get("/incidents/1/review")).status_code == 200


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "//evil.example/x",
        'https://evil.example/" onclick="alert(1)',
        "https:evil.example",
        "ftp://evil.example/x",
        "https://evil.example/\u202ex",
        "/incidents/1/resolve",
        "../../sign-out",
    ],
)
async def test_a_link_that_is_no_web_address_is_no_link(site: Site, href: str) -> None:
    alert = {"summary": "x", "runbook_url": href, "dashboard_url": href}
    number = await site.raise_alert(alert)
    visitor = await site.come()
    for path in (f"/incidents/{number}", f"/incidents/{number}/review"):
        page = Page(await visitor.get(path))
        assert href not in page.addresses()
        assert not any("evil" in one or "alert" in one for one in page.addresses())


async def test_a_graph_that_is_no_web_address_is_no_link(site: Site) -> None:
    body = {
        "status": "firing",
        "labels": {"alertname": "X", "severity": "critical"},
        "annotations": {},
        "startsAt": "2026-11-24T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "javascript:alert(1)",
    }
    await site.road.receive(body)
    visitor = await site.come()
    assert "javascript" not in (await visitor.get("/incidents/1")).text


async def test_a_hostile_runbook_is_read_as_text(site: Site) -> None:
    runbook = (
        "# x\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![p](https://e.example/p)"
    )
    (site.folder / "runbooks" / "hostile.md").write_text(runbook)
    number = await site.raise_alert({"runbook_url": "https://wiki.example/hostile"})
    visitor = await site.come()
    answer = await visitor.get(f"/incidents/{number}")
    check_page(Page(answer), answer.text, language="en")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert not any("e.example" in one for one in Page(answer).addresses())


async def test_a_phone_in_the_catalog_is_only_a_number(site: Site) -> None:
    catalog = site.road.worker.catalog
    ana = replace(catalog.roster.people[PersonId("ana")], phone='+1 "><script>alert(1)</script>')
    people = dict(catalog.roster.people) | {ana.id: ana}
    site.road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    visitor = await site.come()
    answer = await visitor.get("/oncall")
    check_page(Page(answer), answer.text, language="en")


async def test_what_is_written_into_an_address_is_not_believed(site: Site, tmp_path: Path) -> None:
    visitor = await site.come()
    for word in ("<script>alert(1)</script>", "override", json.dumps({"a": 1}), str(tmp_path)):
        page = Page(await visitor.get(f"/incidents?done={word}"))
        assert word not in page.text or word == "override"
