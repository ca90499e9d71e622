"""Our fingerprint of a label set is the one that Alertmanager gives."""

import json
import urllib.request

import pytest

from guardia.label import fingerprint
from tests.servers import alertmanager
from tests.tooling import SET_NAMES, require_tool_set

LABEL_SETS = [
    {"alertname": "DatabaseDown", "severity": "critical", "environment": "prod"},
    {"alertname": "A"},
    {"alertname": "Ñandú", "text": 'a "quoted" \\ line\nand 😀', "z": "", "B": "1", "a_b": "2"},
]
CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"


@pytest.mark.parametrize("name", SET_NAMES)
def test_alertmanager_gives_the_same_fingerprint(name: str) -> None:
    with alertmanager(require_tool_set(name), CONFIG) as url:
        alerts = [{"labels": labels} for labels in LABEL_SETS]
        call(f"{url}/api/v2/alerts", alerts)
        found = call(f"{url}/api/v2/alerts")
    # Alertmanager drops labels without a value.
    expected = [{k: v for k, v in labels.items() if v} for labels in LABEL_SETS]
    assert {alert["fingerprint"] for alert in found} == {fingerprint(one) for one in expected}
    assert len(found) == len(LABEL_SETS)


def call(url: str, body: object = None) -> list[dict[str, str]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - an address of this test
        url, data=data, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        text = answer.read()
    found: list[dict[str, str]] = json.loads(text) if text else []
    return found
