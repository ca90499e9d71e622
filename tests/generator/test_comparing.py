"""Two catalogs compared: every field tells, and what is told is what matters."""

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from generator.catalog.model import Catalog, Regions
from generator.catalog.model_alertmanager import Fallback, SlackFallback
from generator.comparing.catalogs import compare_catalogs
from generator.promql.check import Selector
from guardia.change import Change
from guardia.severity import Severity
from tests.catalogs import CATALOG, read_whole

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_whole(CATALOG)


def found(before: Catalog, after: Catalog) -> dict[tuple[str, str], Change]:
    return {(one.subject, one.what): one for one in compare_catalogs(before, after)}


def with_service(catalog: Catalog, **changed: Any) -> Catalog:
    first, *others = catalog.services
    return replace(catalog, services=(replace(first, **changed), *others))


def with_slo(catalog: Catalog, **changed: Any) -> Catalog:
    first, *others = catalog.services[0].slos
    return with_service(catalog, slos=(replace(first, **changed), *others))


def with_condition(catalog: Catalog, **changed: Any) -> Catalog:
    first, *others = catalog.services[0].conditions
    return with_service(catalog, conditions=(replace(first, **changed), *others))


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    changed: Any = "x"
    match value:
        case bool():
            changed = not value
        case Severity():
            changed = Severity.LOW if value is not Severity.LOW else Severity.HIGH
        case str():
            changed = f"{value}x"
        case timedelta():
            changed = value + HOUR
        case tuple():
            changed = () if value else ("x",)
        case dict():
            changed = {**value, "x": "1"}
        case Selector():
            changed = replace(value, text="x_total", metric="x_total")
    return changed


def test_the_same_catalog_does_not_differ(catalog: Catalog) -> None:
    assert compare_catalogs(catalog, read_whole(CATALOG)) == []


def test_no_field_of_an_slo_is_forgotten(catalog: Catalog) -> None:
    slo = catalog.services[0].slos[0]
    special = {
        "objective": Fraction(1, 2),
        "windows": (HOUR, *slo.windows),
        "rate_windows": (HOUR, 2 * HOUR),
        "burn_windows": slo.burn_windows[:-1],
        "sli": replace(slo.sli, total=other(slo.sli.total)),  # type: ignore[union-attr]
        "extras": replace(slo.extras, labels={"tier": "1"}),
    }
    for field in fields(slo):
        if field.name == "name":
            continue
        value = special.get(field.name) or other(getattr(slo, field.name))
        assert compare_catalogs(catalog, with_slo(catalog, **{field.name: value})), field.name


def test_no_field_of_a_condition_a_service_or_the_organisation_is_forgotten(
    catalog: Catalog,
) -> None:
    service, organisation = catalog.services[0], catalog.organisation
    condition = service.conditions[0]
    for field in fields(condition):
        if field.name not in ("alert", "extras"):
            value = other(getattr(condition, field.name))
            changed = with_condition(catalog, **{field.name: value})
            assert compare_catalogs(catalog, changed), field.name
    for field in fields(service):
        if field.name not in ("name", "extras", "slos", "conditions"):
            value = other(getattr(service, field.name))
            assert compare_catalogs(catalog, with_service(catalog, **{field.name: value}))
    for field in fields(organisation):
        value = getattr(organisation, field.name)
        if not is_dataclass(value) and field.name not in ("maintenance", "regions"):
            changed = replace(
                catalog, organisation=replace(organisation, **{field.name: other(value)})
            )
            assert compare_catalogs(catalog, changed), field.name


def test_a_lower_objective_tells_the_budget_and_each_threshold(catalog: Catalog) -> None:
    changes = found(catalog, with_slo(catalog, objective=Fraction(995, 1000)))
    objective = changes["casos/availability", "objective"]
    assert (objective.before, objective.after) == ("99.9% over 30d", "99.5% over 30d")
    assert objective.effect == "budget: 43 min 12 s in 30d → 3 h 36 min in 30d"
    critical = changes["casos/availability", "critical alerts above"]
    assert (critical.before, critical.after) == ("1.44%", "7.2%")
    assert "burn rate 14.4;" in critical.effect
    assert "2% of the budget is gone by then: 52 s → 4 min 19 s" in critical.effect
    assert len(changes) == 5


def test_a_severity_that_is_switched_off_is_gone_and_others_are_not_told(catalog: Catalog) -> None:
    pairs = catalog.services[0].slos[0].burn_windows
    changes = found(catalog, with_slo(catalog, burn_windows=pairs[:-1]))
    assert list(changes) == [("casos/availability", "low alert")]
    gone = changes["casos/availability", "low alert"]
    assert gone.before == "above 0.1% over 3d and 6h"
    assert gone.after is None
    back = found(with_slo(catalog, burn_windows=pairs[:-1]), catalog)
    assert back["casos/availability", "low alert"].before is None


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("bad_events", 7, "critical fewest bad events"),
        ("long", 2 * HOUR, "critical windows"),
        ("short", HOUR / 4, "critical windows"),
        ("keep_firing_for", HOUR, "critical keep firing for"),
        ("burn_rate", Fraction(10), "critical alerts above"),
    ],
)
def test_each_part_of_a_pair_is_told(
    catalog: Catalog, field: str, value: object, what: str
) -> None:
    first, *others = catalog.services[0].slos[0].burn_windows
    pair = replace(first, **{field: value})  # type: ignore[arg-type]  # of one kind each
    changes = found(catalog, with_slo(catalog, burn_windows=(pair, *others)))
    assert list(changes) == [("casos/availability", what)]


def test_a_service_that_comes_or_goes_is_told_once(catalog: Catalog) -> None:
    fewer = replace(catalog, services=catalog.services[:1])
    (gone,) = compare_catalogs(catalog, fewer)
    assert (gone.subject, gone.what, gone.after) == ("derivacion", "removed", None)
    assert gone.before == "service of team plataforma with 1 SLO and 1 condition"
    (new,) = compare_catalogs(fewer, catalog)
    assert (new.subject, new.what, new.before) == ("derivacion", "new", None)


def test_sentences_are_told_from_what_alerts(catalog: Catalog) -> None:
    (text,) = compare_catalogs(catalog, with_condition(catalog, summary="Other."))
    assert text.is_text
    (meaning,) = compare_catalogs(catalog, with_condition(catalog, holds_for=HOUR))
    assert not meaning.is_text


def test_the_order_of_services_slos_and_conditions_does_not_matter(catalog: Catalog) -> None:
    assert compare_catalogs(catalog, replace(catalog, services=catalog.services[::-1])) == []


REGIONS = Regions(label="region", names=("a", "b"), environments=("prod",))
FALLBACK = Fallback(
    email=None, pagerduty=None, slack=SlackFallback(api_url_file="/run/slack", channel="#alerts")
)


def with_organisation(catalog: Catalog, **changed: Any) -> Catalog:
    return replace(catalog, organisation=replace(catalog.organisation, **changed))


def test_a_part_that_appears_is_told_as_people_write_it(catalog: Catalog) -> None:
    (change,) = compare_catalogs(catalog, with_organisation(catalog, regions=REGIONS))
    assert change.before == "none"
    assert change.after == "label region, names a, b, environments prod"
    alertmanager = replace(catalog.organisation.alertmanager, fallback=FALLBACK)
    (change,) = compare_catalogs(catalog, with_organisation(catalog, alertmanager=alertmanager))
    assert change.what == "Alertmanager fallback"
    assert change.after is not None
    assert change.after.endswith("slack api url file /run/slack, channel #alerts")


def test_of_a_part_that_stays_only_what_differs_is_told(catalog: Catalog) -> None:
    more = replace(REGIONS, names=("a", "b", "c"))
    before = with_organisation(catalog, regions=REGIONS)
    (change,) = compare_catalogs(before, with_organisation(catalog, regions=more))
    assert (change.what, change.before, change.after) == ("regions names", "a, b", "a, b, c")
