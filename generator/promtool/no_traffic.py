"""Stories without any event: no ratio, no burn, and a low alert where nothing is counted."""

from collections.abc import Iterator
from datetime import timedelta

from generator.naming import BURN_ALERT, NO_TRAFFIC_ALERT
from generator.promtool.model import Case
from generator.promtool.scene import Stage, counts_targets
from generator.promtool.traffic import Stretch
from guardia.severity import Severity


class NoTrafficStories:
    """The stories of one SLO that sees no events, while its service's targets are up or down."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._pace = stage, stage.pace
        self._fires_at = self._pace.up_to(stage.slo.no_traffic_for)
        self._up = f"1x{self._pace.scrapes(self._fires_at + 4 * self._pace.evaluation)}"

    def idle(self) -> Case:
        """Return: the counters are there and stand still, so there is no ratio and no alert."""
        end = self._fires_at + 2 * self._pace.evaluation
        scene = self._stage.scene("idle")
        idle = Stretch(scrapes=self._pace.scrapes(end))
        return scene.case(
            {**scene.traffic([idle]), **scene.targets(self._up)},
            scene.no_ratio(end),
            scene.firing(end, BURN_ALERT, ()),
            scene.firing(end, NO_TRAFFIC_ALERT, ()),
        )

    def nothing_counted(self) -> Iterator[Case]:
        """Targets are up, but nothing is counted: after its time the low alert tells.

        It ends with the first event, and neither targets that are down nor
        those of others raise it.
        """
        service = self._stage.service
        if service.targets is None or counts_targets(service, self._stage.slo):
            return
        fires = self._fires_at
        again = fires + 2 * self._pace.evaluation  # a rate needs two scrapes
        scene = self._stage.scene("nothing is counted")
        before, low = fires - self._pace.evaluation, (Severity.LOW,)
        yield scene.case(
            {
                **scene.targets(self._up),
                **scene.traffic(self._born(fires), born_late=True),
                **scene.strangers(Stretch(scrapes=self._pace.scrapes(again), good=1)),
            },
            scene.firing(before, NO_TRAFFIC_ALERT, (), anywhere=True),
            scene.firing(fires, NO_TRAFFIC_ALERT, low, anywhere=True),
            scene.firing(again, NO_TRAFFIC_ALERT, (), anywhere=True),
        )
        down = self._stage.scene("targets are down")
        zero = self._up.replace("1x", "0x", 1)
        yield down.case(
            {**down.targets(zero), **down.targets_of_others(self._up)},
            down.firing(fires, NO_TRAFFIC_ALERT, (), anywhere=True),
        )

    def _born(self, at: timedelta) -> list[Stretch]:
        return [
            Stretch(scrapes=self._pace.scrapes(at), seen=False),
            Stretch(scrapes=self._pace.scrapes(3 * self._pace.evaluation), good=1),
        ]
