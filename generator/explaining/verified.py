"""Which presets work with what targets export, for an engineer and for a program."""

from collections.abc import Sequence
from typing import Any

from generator.explaining.table import render_table
from generator.presets.page import Page
from generator.presets.verify import BY_PROMETHEUS, State, VerifiedMetric, VerifiedPreset
from guardia.word import counted


def render_verified(verified: Sequence[VerifiedPreset], pages: Sequence[Page]) -> str:
    """Return a line for each preset, and one for each metric that is not simply there."""
    names = ", ".join(page.path for page in pages)
    if not verified:
        return f"No preset reads a metric of {names}."
    works = sum(one.works for one in verified)
    broken = len(verified) - works
    concerned = f"{counted(len(verified), 'preset')} looked up on {names}"
    return "\n".join(
        [*map(_preset, verified), "", f"{concerned}: {works} can be used, {broken} cannot."]
    )


def verified_as_json(verified: Sequence[VerifiedPreset], pages: Sequence[Page]) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "pages": [page.path for page in pages],
        "presets": [
            {
                "use": one.preset.id,
                "works": one.works,
                "metrics": {
                    metric.metric.name: {
                        "exporter": metric.metric.exporter,
                        "labels": list(metric.metric.labels),
                        "state": metric.state.value,
                        "lacks": list(metric.lacks),
                    }
                    for metric in one.metrics
                },
            }
            for one in verified
        ],
    }


def _preset(verified: VerifiedPreset) -> str:
    heading = f"{verified.preset.id}: {'works' if verified.works else 'does not work'}"
    rows = [
        (one.metric.name, _sentence(one)) for one in verified.metrics if one.state != State.FOUND
    ]
    return f"{heading}\n{render_table(rows, indent='  ')}" if rows else heading


def _sentence(one: VerifiedMetric) -> str:
    labels = ", ".join(one.metric.labels)
    match one.state:
        case State.LABELS_NOT_SHOWN:
            return f"found; its labels are not on this page, it needs {labels}"
        case State.NO_SERIES:
            needs = f", so whether it has {labels} is unknown" if labels else ""
            return f"declared, but without a series{needs}"
        case State.LACKS_LABELS:
            return f"found, but without {', '.join(one.lacks)}"
        case State.ELSEWHERE if one.metric.exporter == BY_PROMETHEUS:
            return "not looked for: Prometheus itself adds it"
        case State.ELSEWHERE:
            return f"not looked for: {one.metric.exporter} exports it, give its page too"
    return f"missing; did you mean {one.guess}?" if one.guess else "missing"
