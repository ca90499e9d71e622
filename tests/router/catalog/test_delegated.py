"""Routes that leave the escalation to PagerDuty: what is read, and what is told of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardia.catalog_folder import read_catalog_folder
from guardia.problem import Problem, render_text
from router.address import Address
from router.catalog import OnCallCatalog, read_oncall
from router.comparing import compare_oncall
from router.coverage import check_coverage
from router.oncall.model import PersonId
from router.routing import PolicyId
from tests.catalogs import CATALOG, ROOT, copy_catalog

ONCALL = "oncall/plataforma.yaml"
WAKES = "    policy: plataforma\n"
LEAVES = "    escalated_by: {pagerduty: plataforma}\n"
SERVICE = "pagerduty:plataforma"


def changed(tmp_path: Path, new: str, *, old: str = WAKES) -> Path:
    return copy_catalog(tmp_path, changes={ONCALL: (old, new)})


def read(folder: Path) -> OnCallCatalog:
    documents, problems = read_catalog_folder(folder)
    catalog, of_meaning = read_oncall(documents)
    assert (problems, of_meaning) == ((), ())
    assert catalog is not None
    return catalog


def problems_of(folder: Path) -> tuple[Problem, ...]:
    documents, problems = read_catalog_folder(folder)
    return (*problems, *read_oncall(documents)[1])


def test_the_teams_service_is_paged_once_as_if_it_were_a_person(tmp_path: Path) -> None:
    catalog = read(changed(tmp_path, LEAVES))

    (policy,) = {route.policy for route in catalog.routes} - {None}
    assert policy == PolicyId(SERVICE)
    delegated = catalog.policies[policy]
    assert (delegated.steps, delegated.last_resort.people) == ((), (PersonId(SERVICE),))
    service = catalog.roster.people[PersonId(SERVICE)]
    assert service.addresses == (Address(channel="pagerduty", address="plataforma"),)
    assert catalog.names[service.id] == "PagerDuty service plataforma"


def test_two_routes_may_leave_it_to_the_same_service_and_the_default_route_too(
    tmp_path: Path,
) -> None:
    more = LEAVES + (
        "  - name: database\n    match: ['team=\"data\"']\n"
        "    escalated_by: {pagerduty: plataforma}\n"
    )
    folder = changed(tmp_path, more)
    file = folder / ONCALL
    default = "default_route:\n"
    text = file.read_text("utf-8")
    file.write_text(text.replace(default, f"{default}  escalated_by: {{pagerduty: data}}\n"))

    catalog = read(folder)

    delegated = [str(policy) for policy in catalog.policies if ":" in policy]
    assert delegated == ["pagerduty:data", SERVICE]
    assert catalog.routes[-1].policy == PolicyId("pagerduty:data")


def test_a_policy_beside_it_is_refused_and_the_page_shows_it(tmp_path: Path) -> None:
    folder = changed(tmp_path, WAKES + LEAVES)

    (problem,) = problems_of(folder)

    assert problem.code == "route-unclear"
    documents, _ = read_catalog_folder(folder)
    drawn = render_text((problem,), documents.sources)
    page = (ROOT / "docs" / "problems" / "route-unclear.md").read_text("utf-8")
    assert drawn.replace(folder.parent.as_posix() + "/", "") in page


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("    escalated_by: plataforma\n", "wrong-type"),
        ("    escalated_by: {}\n", "missing-key"),
        ("    escalated_by: {opsgenie: plataforma}\n", "unknown-key"),
        ("    escalated_by: {pagerduty: 'a:b'}\n", "wrong-value"),
    ],
)
def test_it_names_one_secret(tmp_path: Path, written: str, code: str) -> None:
    assert code in [problem.code for problem in problems_of(changed(tmp_path, written))]


def test_a_difference_is_told_of_the_route_and_of_no_person_or_policy(tmp_path: Path) -> None:
    changes = compare_oncall(read(CATALOG), read(changed(tmp_path, LEAVES)))

    assert [(one.subject, one.what) for one in changes] == [("routes", "critical")]
    assert "escalated by PagerDuty service plataforma" in (changes[0].after or "")
    assert SERVICE not in (changes[0].after or "")


def test_the_check_ahead_has_nothing_against_it_but_a_secret_that_is_missing(
    tmp_path: Path,
) -> None:
    catalog = read(changed(tmp_path, LEAVES))
    start = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)

    def about_the_service(unusable: tuple[Address, ...]) -> list[tuple[str, str]]:
        found = check_coverage(
            catalog, start=start, end=start + timedelta(weeks=2), unusable=unusable
        )
        return [(one.subject, one.text) for one in found if "agerduty" in str(one)]

    assert about_the_service(()) == []
    missing = Address(channel="pagerduty", address="plataforma")
    assert about_the_service((missing,)) == [
        (
            "PagerDuty service plataforma",
            "cannot be paged by pagerduty plataforma, nor anywhere else",
        )
    ]
