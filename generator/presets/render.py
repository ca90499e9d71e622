"""A preset with its arguments, as a condition of a catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from generator.presets.argument import Argument, show_argument, show_percent
from generator.presets.model import Preset
from generator.promql.text import quote

DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What of the organisation presets need.

    `place` maps each label that says where a series is from to a value of an
    example, in order.
    """

    language: str
    place: Mapping[str, str]
    scrape_interval: timedelta


def render_preset(
    preset: Preset, arguments: Mapping[str, Argument], setting: Setting
) -> dict[str, Any]:
    """Return what a condition that uses the preset says, as it would be written in a catalog.

    Templates stand in << >>, since {{ }} are Prometheus's. They know the
    arguments by name and `here` (the labels of a place in an example, each
    with a comma behind it), `place` (their names, the same way) and `scrape`
    (seconds between two scrapes).
    """
    known: dict[str, Any] = {
        **arguments,
        "here": "".join(f"{name}={quote(value)}," for name, value in setting.place.items()),
        "place": "".join(f"{name}, " for name in setting.place),
        "scrape": Fraction(setting.scrape_interval // timedelta(microseconds=1), 1_000_000),
    }
    condition = preset.condition
    return {
        "severity": condition["severity"],
        "expr": _render(condition["expr"], known).strip(),
        "for": _render(condition["for"], known),
        **{
            key: _render(_in_language(condition[key], setting.language), known).strip()
            for key in ("summary", "description")
        },
        "examples": {
            kind: {
                _render(series, known): _render(str(value), known)
                for series, value in condition["examples"][kind].items()
            }
            for kind in ("fires", "silent")
        },
    }


def _in_language(sentences: Mapping[str, str], language: str) -> str:
    return sentences.get(language, sentences[DEFAULT_LANGUAGE])


def _render(template: str, known: Mapping[str, Any]) -> str:
    rendered: str = _environment().from_string(template).render(known)
    return rendered


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=StrictUndefined,
        finalize=_finalize,
        autoescape=False,  # PromQL, not HTML: arguments quote themselves
    )
    environment.filters["percent"] = show_percent
    return environment


def _finalize(value: Any) -> Any:
    return value if isinstance(value, str | Sequence) else show_argument(value)
