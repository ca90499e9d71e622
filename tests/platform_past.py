"""A bad afternoon of the example platform, with Guardia beside it, as a history for Prometheus."""

import asyncio
from pathlib import Path

from demo.model.history import write_history
from demo.model.places import MAIN, PLACES, targets
from demo.model.setting import Fault, Rollout, Setting
from tests.past import History, write_past
from tests.router_past import router_past

ENDS = 1_795_543_200.0  # 2026-11-24 18:00 UTC, a Tuesday
HOURS = 7  # longer than the longest range that alerts count events over one by one
HOUR = 3600.0
LASTS = HOURS * HOUR
SETTING = Setting(
    seed=11,
    starts_at=ENDS - LASTS,
    faults=(
        # Still going on at the end, so that alerts fire.
        Fault(kind="errors", job="casos", share=0.3, starts=LASTS - 1500),
        Fault(kind="slow", job="derivacion", starts=LASTS - 1200),
        Fault(kind="stalled", starts=LASTS - 1800),
        Fault(kind="pool", job="notificaciones", starts=LASTS - 900),
        Fault(kind="broker", starts=LASTS - 900),
        Fault(kind="replica", starts=LASTS - 1200),
        Fault(kind="breach", starts=LASTS - 600),
        Fault(kind="leak", job="usuarios", starts=LASTS - 4 * HOUR),
        # Over long before: budget is spent, and nothing alerts.
        Fault(kind="errors", job="usuarios", share=0.005, starts=3 * HOUR, ends=3.5 * HOUR),
        # Short, within the last hour.
        Fault(kind="database", starts=LASTS - 1800, ends=LASTS - 1740),
        Fault(kind="unreachable", starts=LASTS - 1800, ends=LASTS - 1740),
        # Just over: it is told that it recovered.
        Fault(kind="unhealthy", job="gateway", starts=LASTS - 900, ends=LASTS - 400),
    ),
    rollouts=(
        Rollout(job="gateway", version="1.5.0", starts=LASTS - 2 * HOUR),  # all of it since 17:30
        Rollout(job="usuarios", version="1.5.0", starts=LASTS - 900),  # a canary
    ),
)
TICKS = SETTING.ticks_in(LASTS)
# The other environments would show nothing more.
TARGETS = tuple(found for place in PLACES[:3] for found in targets(place))
IN_MAIN = tuple(found for found in TARGETS if found.place == MAIN)
ROUTER = {"job": "guardia-router", "instance": "guardia-router:8080"}


def add_platform(history: History, folder: Path) -> int:
    """Add what Prometheus would have scraped of the platform, and return the number of samples."""
    file = folder / "platform.om"
    samples = write_history(file, SETTING, TARGETS, ticks=TICKS)
    history.add(file)
    return samples


def add_router(history: History, folder: Path) -> None:
    """Add what it would have scraped of the router."""
    own = folder / "router"
    own.mkdir()
    past = asyncio.run(router_past(own, ends=ENDS, target=ROUTER))
    file = folder / "router.om"
    write_past(file, past)
    history.add(file)
