"""What a list shows of an incident is the same as its page, and small whatever its alerts hold."""

import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from router.incident.describe import incident_labels, incident_title
from router.incident.glance import glance_at, glance_at_alerts
from tests.router.making import incident, incident_alert


def test_it_says_what_the_alerts_have_in_common_and_how_many_there_are() -> None:
    about = incident(
        incident_alert(severity="critical", service="casos", region="a", instance="1"),
        incident_alert(severity="high", service="casos", region="a", instance="2"),
        incident_alert(severity="high", service="usuarios", region="b", firing=False),
    )

    found = glance_at(about)

    assert found.alerts.labels == incident_labels(about)
    assert found.alerts.labels["service"] == "casos"
    assert found.alerts.title == incident_title(about)
    assert (found.alerts.total, found.alerts.firing) == (3, 2)
    assert (found.number, found.state, found.opened_at) == (1, about.state, about.opened_at)


def test_an_incident_without_alerts_has_a_title() -> None:
    found = glance_at_alerts(replace(incident(), alerts={}))
    assert found.title == "An incident without alerts"
    assert (found.labels, found.total, found.firing) == ({}, 0, 0)


def test_an_incident_that_is_not_stored_is_in_no_list() -> None:
    with pytest.raises(ValueError, match="when it is stored"):
        glance_at(replace(incident(), number=None))


def test_of_labels_without_end_the_service_and_the_shortest_stay() -> None:
    long: dict[str, Any] = {f"label_{number:03}": "x" * 5000 for number in range(500)}
    about = incident(incident_alert(service="s" * 6000, environment="prod", region="a", **long))

    found = glance_at_alerts(about)

    assert found.labels["environment"] == "prod"
    assert found.labels["region"] == "a"
    assert set(found.labels["service"]) == {"s"}
    assert sum(len(name) + len(value) for name, value in found.labels.items()) <= 2000
    assert max(map(len, found.labels.values())) == 81  # one more than is shown


@pytest.mark.parametrize("summary", ["word " * 5000, "x" * 5000, ""])
def test_a_title_without_end_is_cut(summary: str) -> None:
    alerts = [incident_alert(summary=summary, n=f"{one}" + "y" * 5000) for one in range(2)]
    assert len(glance_at_alerts(incident(*alerts)).title) < 350


def test_a_label_is_one_line_of_visible_characters() -> None:
    about = incident(incident_alert(service="ca\nsos\0 \N{RIGHT-TO-LEFT OVERRIDE}x"))
    assert glance_at_alerts(about).labels["service"] == "ca sos x"


def test_thousands_of_alerts_with_a_label_name_of_their_own_are_counted_in_little_memory() -> None:
    one = incident_alert()
    alerts = (
        replace(one, fingerprint=f"{n}", labels={**one.labels, f"id_{n}": "x"}) for n in range(3000)
    )
    about = incident(*alerts)

    tracemalloc.start()
    found = glance_at_alerts(about)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.title.endswith("(and 2999 more)")
    assert peak < 10_000_000  # a cell for each alert and name would be 72 MB
