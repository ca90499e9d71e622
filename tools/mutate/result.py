"""What a run found, and whether that is good enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.mutate.harmless import Harmless
from tools.mutate.mutants import Mutant
from tools.mutate.operators import OPERATORS, Operator

ENOUGH_RATIO = 0.95  # of those that are not harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the tests say to a mutant, and why it is no harm that they said nothing."""

    mutant: Mutant
    killed: bool
    reason: str | None = None  # of a survivor; None where nobody gave one


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many mutants died, and how many of the others are harmless."""

    name: str
    mutants: int
    killed: int
    harmless: int

    @property
    def survived(self) -> int:
        """Return how many no test noticed, harmless ones among them."""
        return self.mutants - self.killed

    @property
    def score_ratio(self) -> float:
        """Return the share that was killed; a harmless survivor is a survivor."""
        return self.killed / self.mutants

    @property
    def score_without_harmless_ratio(self) -> float:
        """Return the share that was killed of those that are not harmless; 1 where all are."""
        judged = self.mutants - self.harmless
        return self.killed / judged if judged else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one subject's mutants. `verdicts` is not empty."""

    verdicts: Sequence[Verdict]
    invalid: int  # not among the verdicts: Prometheus does not load them
    stale: Sequence[Harmless]  # entries of harmless.yaml that cover no survivor
    subject: str = "the catalog"

    @property
    def survivors(self) -> list[Verdict]:
        """Return the mutants that no test noticed."""
        return [verdict for verdict in self.verdicts if not verdict.killed]

    @property
    def unexplained(self) -> list[Verdict]:
        """Return the survivors without a reason."""
        return [verdict for verdict in self.survivors if verdict.reason is None]

    @property
    def total(self) -> Count:
        """Return the count of all mutants."""
        return _count("all", self.verdicts)

    @property
    def is_good(self) -> bool:
        """Tell whether enough were killed, all others explained, and nothing excused in vain."""
        enough = self.total.score_without_harmless_ratio >= ENOUGH_RATIO
        return enough and not self.unexplained and not self.stale

    def by_operator(self) -> list[Count]:
        """Return a count for each operator that made a mutant, in the table's order."""
        return self._count_by(lambda operator: operator.name)

    def by_kind(self) -> list[Count]:
        """Return a count for each class of operators."""
        return self._count_by(lambda operator: operator.kind)

    def _count_by(self, key: Callable[[Operator], str]) -> list[Count]:
        groups: dict[str, list[Verdict]] = {key(operator): [] for operator in OPERATORS}
        for verdict in self.verdicts:
            groups[key(verdict.mutant.operator)].append(verdict)
        return [_count(name, group) for name, group in groups.items() if group]


def _count(name: str, verdicts: Sequence[Verdict]) -> Count:
    return Count(
        name=name,
        mutants=len(verdicts),
        killed=sum(verdict.killed for verdict in verdicts),
        harmless=sum(verdict.reason is not None for verdict in verdicts),
    )
