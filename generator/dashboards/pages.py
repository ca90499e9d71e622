"""Dashboards of a size that a browser and a reader can take."""

from collections.abc import Iterator
from dataclasses import replace

from generator.dashboards.grafana import Dashboard
from generator.naming import DASHBOARD_UID_PREFIX, dashboard_uid

MOST_PANELS = 20


def pages(board: Dashboard) -> list[Dashboard]:
    """Return a dashboard, or several with numbers when it has more than MOST_PANELS panels."""
    return list(_pages(board))


def _pages(board: Dashboard) -> Iterator[Dashboard]:
    yield replace(board, panels=board.panels[:MOST_PANELS])
    for number, start in enumerate(range(MOST_PANELS, len(board.panels), MOST_PANELS), start=2):
        yield replace(
            board,
            # No name in the catalog has this sign, so that no other dashboard has this uid.
            uid=dashboard_uid(f"{board.uid.removeprefix(DASHBOARD_UID_PREFIX)}_{number}"),
            title=f"{board.title} ({number})",
            panels=board.panels[start : start + MOST_PANELS],
        )
