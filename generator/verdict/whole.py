"""All SLIs of a service: one answer, and how much chance each of them is given."""

from collections.abc import Sequence

from generator.verdict.comparison import Answer, Risks

WRONG_YES = 0.01  # for a canary that is worse by the critical margin, at each step
WRONG_NO = 0.05  # for a canary that is like the baseline, in a whole rollout


def risks(*, steps: int, slis: int) -> Risks:
    """Return the risks of one SLI at one of a rollout's steps.

    One SLI's no at any step ends the rollout, so these risks add up and each
    gets its part (Bonferroni). A yes needs that of every SLI, so a wrong one is
    no more probable than the worst SLI's alone. Source: Berger,
    "Multiparameter hypothesis testing and acceptance sampling", Technometrics
    24 (1982), the intersection-union test.
    """
    return Risks(wrong_yes=WRONG_YES, wrong_no=WRONG_NO / (steps * slis))


def overall(answers: Sequence[Answer]) -> Answer:
    """Return the worst of the answers; at least one is given."""
    for answer in (Answer.NO, Answer.NOT_ENOUGH):
        if answer in answers:
            return answer
    return Answer.YES
