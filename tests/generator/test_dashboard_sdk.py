"""Every dashboard against Grafana's own types: what they do not know, Grafana would ignore.

Source: grafana-foundation-sdk, whose classes are made from Grafana's schemas.
They read what they know and leave the rest out, so a key that is lost on the
way is one that we misspelt or that stands in the wrong place.
"""

import json
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.dashboards import Board, boards, each_board

# Of an annotation the types know what all data sources share. These are Prometheus' own.
# Source: Grafana documentation, "Annotate dashboards"; grafana-prometheus, annotations.ts.
OF_PROMETHEUS = {"step", "titleFormat", "useValueForTime"}


@each_board
def test_grafanas_types_know_every_key_that_we_write(catalog: str, path: str) -> None:
    assert list(lost(boards(catalog)[path])) == []


def test_a_key_that_grafana_does_not_know_is_lost_on_the_way() -> None:
    board = json.loads(json.dumps(boards("frozen")["dashboards/slo.json"]))
    board["editabel"] = False
    board["panels"][0]["targets"][0]["expression"] = "up"
    board["panels"][0]["fieldConfig"]["defaults"]["units"] = "s"
    board["panels"][0]["options"]["colourMode"] = "background"
    assert set(lost(board)) == {
        "/editabel",
        "/panels/0/targets/0/expression",
        "/panels/0/fieldConfig/defaults/units",
        "/panels/0/options/colourMode",
    }


def lost(board: Board) -> Iterator[str]:
    """Yield where the keys and values stand that are not the same after a round trip."""
    plugins.register_default_plugins()  # the types of each panel and of Prometheus' queries
    read = Dashboard.from_json(json.loads(json.dumps(board)))
    written = json.loads(JSONEncoder(sort_keys=True).encode(read))
    for difference in differences("", board, written):
        if not (
            difference.startswith("/annotations/list/")
            and difference.rpartition("/")[2] in OF_PROMETHEUS
        ):
            yield difference


def differences(at: str, ours: Any, theirs: Any) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key not in theirs:
                yield f"{at}/{key}"
            else:
                yield from differences(f"{at}/{key}", value, theirs[key])
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(f"{at}/{index}", one, other)
    elif ours != theirs:
        yield f"{at}: {ours!r} became {theirs!r}"
