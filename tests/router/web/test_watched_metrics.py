"""What dashboards and alerts read of the router is what the router shows: names and labels."""

import re

from prometheus_client.parser import text_string_to_metric_families
from promql_parser import VectorSelector

from generator.promql.finding import read_expression
from generator.promql.tree import metric
from generator.rules import router_series
from tests.dashboards import boards, filled, panels, queries
from tests.router.road import Road

BOARD = "dashboards/router.json"


async def shown(road: Road) -> dict[str, set[str]]:
    """Return the router's series by name with the names of their labels."""
    road.metrics.observe_heartbeats({"watchdog": (road.clock.now, False)})
    road.metrics.alertmanagers.labels("silent").set(0)
    text = (await road.client.get("/metrics")).text
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_every_metric_of_the_routers_dashboard_is_one_that_it_shows(road: Road) -> None:
    found = await shown(road)
    read = set()
    for query in queries(boards("full")[BOARD]):
        for part in read_expression(filled(query)).parts():
            if isinstance(part, VectorSelector):
                name = metric(part)
                read.add(name)
                asked = {one.name for one in part.matchers.matchers} - {"job"}
                assert name in found, query
                assert asked <= found[name], query
    assert len(read) > 15


async def test_every_line_is_named_by_labels_that_its_metric_has(road: Road) -> None:
    found = await shown(road)
    for panel in panels(boards("full")[BOARD]):
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            named |= set(re.findall(r"\bby \(([^)]+)\)", target["expr"])) - {"le"}
            (name, *_) = re.findall(r"guardia_\w+", target["expr"])
            for labels in named:
                assert set(labels.split(", ")) <= found[name], target


async def test_every_name_that_the_generator_has_for_a_metric_of_the_router_is_one(
    road: Road,
) -> None:
    found = await shown(road)
    names = {value for value in vars(router_series).values() if str(value).startswith("guardia_")}
    assert len(names) > 15
    assert names <= set(found)


def test_the_dashboard_shows_who_is_woken_and_at_what_hour() -> None:
    found = {panel["title"]: panel for panel in panels(boards("full")[BOARD])}
    load = found["Pages an hour by person"]
    assert load["targets"][0]["interval"] == "1h"
    assert load["fieldConfig"]["defaults"]["custom"]["drawStyle"] == "bars"
    assert "guardia_pages_accepted_total" in load["targets"][0]["expr"]
