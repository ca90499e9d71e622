"""Incidents whose texts try to be more than text."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from router.incident.apply import alert_severity
from router.incident.model import Incident, IncidentAlert, IncidentState
from tests.router.making import NOON, incident, incident_alert, minutes

HOSTILE = [
    "<script>alert(1)</script>",
    "<!channel> <@U123|ana> <https://evil.example|Runbook>",
    "*bold* _italic_ ~struck~ `code` > quote",
    "down\r\nBcc: everybody@conecta360.example\r\n\r\nhello",
    '"><img src=x onerror=alert(1)>',
    "{{ headline }} {% raw %}",
    "&amp;&lt;" * 400,
    "\u202egnp.exe\x00\x1b[31m",
    "javascript:alert(1)",
    "javascript://evil.example/%0aalert(1)",
    "https://evil.example/" + "a" * 3000,
    "a" * 3500,
    "\U0001f525" * 1500,
    "",
]
TEXTS = st.sampled_from(HOSTILE) | st.text() | st.text(alphabet="<>&|*@!#\n ", max_size=4000)


def _alert(labels: dict[str, str], annotations: Mapping[str, str], firing: bool) -> IncidentAlert:
    return replace(
        incident_alert(firing=firing, annotations=annotations),
        labels=labels,
        severity=alert_severity(labels),
    )


LABELS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("alertname", "service", "instance", "team", "environment", "severity", "x"), TEXTS
    ),
)
ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("summary", "description", "runbook_url", "dashboard_url"), TEXTS),
)
STATES: dict[IncidentState, dict[str, Any]] = {
    IncidentState.TRIGGERED: {},
    IncidentState.ACKNOWLEDGED: {"acknowledged_at": NOON + minutes(5)},
    IncidentState.RESOLVED: {"resolved_at": NOON + minutes(30)},
}


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    alert = st.builds(_alert, LABELS, ANNOTATIONS, st.booleans())
    alerts = draw(st.lists(alert, min_size=1, max_size=4)) * draw(st.sampled_from([1, 1, 8]))
    state = draw(st.sampled_from(list(STATES)))
    fields = dict(STATES[state])
    if state is IncidentState.ACKNOWLEDGED:
        fields["acknowledged_by"] = draw(TEXTS)
    about = incident(*alerts, state=state, **fields)
    return replace(about, alerts={str(number): alert for number, alert in enumerate(alerts)})
