"""What Alertmanager lists is read as its API defines it; anything else is no listing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from router.intake.alertmanager import Listing, UnreadableListing, merge, parse_listing

STARTED = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def group(*alerts: dict[str, Any], receiver: str = "guardia") -> dict[str, Any]:
    return {
        "labels": {"service": "casos"},
        "receiver": {"name": receiver},
        "alerts": [listed(**alert) for alert in alerts or ({},)],
    }


def listed(**fields: Any) -> dict[str, Any]:
    alert: dict[str, Any] = {
        "labels": {"alertname": "DatabaseDown"},
        "annotations": {},
        "startsAt": "2026-11-24T12:00:00Z",
        "endsAt": "2026-11-24T12:04:00Z",
        "updatedAt": "2026-11-24T12:00:00Z",
        "fingerprint": "00000000feedc0de",
        "receivers": [{"name": "guardia"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
    }
    return alert | fields


def silence(**fields: Any) -> dict[str, Any]:
    known = {"id": "s1", "createdBy": "Engineer ana", "comment": "pool is being moved"}
    return known | {"endsAt": "2026-11-24T15:00:00.000Z"} | fields


def parse(*groups: Any, silences: Any = ()) -> Listing:
    return parse_listing(
        json.dumps(groups).encode(),
        json.dumps(silences).encode(),
        json.dumps({"uptime": STARTED.isoformat()}).encode(),
        receiver="guardia",
    )


def hidden(by: str) -> dict[str, Any]:
    return {"status": {"state": "suppressed", "silencedBy": [by], "inhibitedBy": []}}


def test_the_alerts_of_its_receiver_are_read_and_no_others() -> None:
    listing = parse(group(), group({"fingerprint": "ab"}, receiver="team"))

    assert list(listing.alerts) == ["00000000feedc0de"]
    assert listing.alerts["00000000feedc0de"].group_labels == {"service": "casos"}
    assert listing.started_at == STARTED


def test_a_silence_is_named_in_one_visible_line() -> None:
    listing = parse(group(hidden("s1")), silences=[silence(comment="moved\n\x1b[31mred")])

    shown = listing.alerts["00000000feedc0de"].suppressed_by
    assert shown == "silenced by Engineer ana until 2026-11-24 15:00 UTC (moved  [31mred)"


def test_what_one_peer_shows_is_not_hidden_whichever_answers_first() -> None:
    hides, shows = parse(group(hidden("s1"))), parse(group())

    assert [
        merge(peers)["00000000feedc0de"].suppressed_by for peers in ([hides, shows], [shows, hides])
    ] == [None, None]


@pytest.mark.parametrize(
    "groups",
    [
        b"",
        b"<html>",
        b"{}",
        b"\xff",
        b'[{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        json.dumps([group({"labels": {}})]).encode(),
        json.dumps([group({"fingerprint": "no hexadecimal digits"})]).encode(),
        json.dumps([group({"startsAt": "0001-01-01T00:00:00+05:00"})]).encode(),
    ],
)
def test_what_no_alertmanager_lists_is_refused(groups: bytes) -> None:
    with pytest.raises(UnreadableListing):
        parse_listing(groups, b"[]", b'{"uptime":"2026-11-24T09:00:00Z"}', receiver="guardia")


def test_a_silence_that_ends_beyond_all_calendars_is_refused() -> None:
    with pytest.raises(UnreadableListing):
        parse(group(), silences=[silence(endsAt="9999-12-31T23:59:59-05:00")])
