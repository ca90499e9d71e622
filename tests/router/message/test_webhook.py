"""The JSON of a signed webhook: whole, and only JSON, whatever an alert holds."""

import json
from dataclasses import replace

from hypothesis import given

from router.escalation.model import Foreseen
from router.incident.model import Incident, IncidentState
from router.message.webhook import render_body
from router.oncall.model import PersonId
from tests.router.making import NOON, context, incident, incident_alert, minutes
from tests.router.message.hostile import TEXTS, incidents

BEN_NEXT = Foreseen(people=(PersonId("ben"),), at=NOON + minutes(15))


def test_it_tells_how_the_incident_stands_who_is_paged_and_who_is_next() -> None:
    alert = incident_alert(severity="critical", service="casos", summary="casos is down")
    body = json.loads(render_body(context(incident(alert), paged=["ana"], following=BEN_NEXT)))

    assert body["incident"]["url"] == "https://guardia.example/incidents/1"
    assert (body["incident"]["state"], body["incident"]["severity"]) == ("triggered", "critical")
    assert body["text"]["headline"] == "#1 critical: casos is down"
    assert body["paged"] == [{"id": "ana", "name": "Engineer ana"}]
    assert body["next"] == {
        "at": "2026-11-24T12:15:00+00:00",
        "people": [{"id": "ben", "name": "ben"}],
    }
    assert body["alerts"][0]["labels"]["service"] == "casos"


def test_when_it_is_over_nobody_is_next() -> None:
    over = incident(state=IncidentState.RESOLVED, resolved_at=NOON + minutes(30))
    body = json.loads(render_body(context(over, following=BEN_NEXT)))
    assert body["next"] is None
    assert body["incident"]["resolved_at"] == "2026-11-24T12:30:00+00:00"


def test_many_alerts_are_counted_and_long_values_cut() -> None:
    alert = incident_alert(severity="low", long="x" * 10_000)
    many = replace(incident(alert), alerts={str(number): alert for number in range(130)})

    body = json.loads(render_body(context(many)))

    assert (len(body["alerts"]), body["alerts_left_out"]) == (100, 30)
    assert len(body["alerts"][0]["labels"]["long"]) == 4096


@given(incidents(), TEXTS, TEXTS)
def test_whatever_an_alert_holds_it_is_one_json_object_in_ascii(
    hostile: Incident, because: str, url: str
) -> None:
    sent = render_body(context(hostile, because=because, incident_url=url))

    assert sent.isascii()
    body = json.loads(sent)
    shown = {tuple(sorted(alert["labels"].items())) for alert in body["alerts"]}
    held = {
        tuple(sorted((name, value) for name, value in alert.labels.items() if len(value) <= 4096))
        for alert in hostile.alerts.values()
    }
    if all(len(value) <= 4096 for a in hostile.alerts.values() for value in a.labels.values()):
        assert shown <= held
    assert body["incident"]["url"] is None or body["incident"]["url"].startswith("http")
