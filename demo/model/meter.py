"""What one target exports at the end of a tick: what was counted so far, and what is now."""

from collections.abc import Callable

from demo.model.cases import cases_at_start
from demo.model.cluster import (
    show_deployments,
    show_kubelet,
    show_kubernetes,
    show_node,
    show_probe,
)
from demo.model.places import SERVICES, Target
from demo.model.services import count_service, show_service
from demo.model.setting import Setting, Values
from demo.model.stores import show_backups, show_kafka, show_postgres

SHOWN: dict[str, Callable[[Setting, Target, int], Values]] = {
    **dict.fromkeys(SERVICES, show_service),
    "postgres": show_postgres,
    "kafka": show_kafka,
    "blackbox": show_probe,
    "kube-state-metrics": show_kubernetes,
    "kubelet": show_kubelet,
    "node": show_node,
    "backups": show_backups,
    "deployments": show_deployments,
}


def counted(setting: Setting, target: Target, tick: int) -> Values:
    """Return by how much a tick changes the counters of a target; a pure function.

    Only the services count event by event. `cases_by_state` is among them
    though it is a gauge: cases come and go.
    """
    return count_service(setting, target, tick) if target.job in SERVICES else {}


def shown(setting: Setting, target: Target, tick: int) -> Values:
    """Return everything else that a target exports at the end of a tick; a pure function."""
    return SHOWN[target.job](setting, target, tick)


class Meter:
    """The page of one target, tick after tick."""

    def __init__(self, setting: Setting, target: Target) -> None:
        self._target = target
        self._tick = 0
        # From zero: a series that is born with its first error loses that error.
        self._counted: Values = dict.fromkeys(counted(setting, target, 0), 0.0)
        if target.job == "casos" and target.is_first:
            self._counted.update(cases_at_start(setting, target))

    def read(self, setting: Setting, tick: int) -> Values:
        """Count up to the end of `tick`, which may not be before the last one, and return all."""
        if tick < self._tick:
            raise ValueError(f"tick {tick} is over: {self._tick} was read")
        while self._tick < tick:
            self._tick += 1
            for each, number in counted(setting, self._target, self._tick).items():
                self._counted[each] = self._counted.get(each, 0.0) + number
        return {**self._counted, **shown(setting, self._target, tick)}
