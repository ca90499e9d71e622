"""A preset with its arguments, as its user would write it in a catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from generator.presets.argument import Argument, show_argument, show_percent
from generator.presets.model import Preset, UsedMetric
from generator.promql.check import parse_selector
from generator.promql.text import quote, series

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
    """Return what the user of a preset says by it, as it would be written in a catalog.

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
    rendered: dict[str, Any] = _render(preset.template, known, setting.language)
    for kind, state in rendered.get("examples", {}).items():
        rendered["examples"][kind] = {
            _one_value_a_label(one): value for one, value in state.items()
        }
    return rendered


def render_metrics(preset: Preset, arguments: Mapping[str, Argument]) -> tuple[UsedMetric, ...]:
    """Return the metrics that a preset reads with these arguments, and the labels of each."""
    return tuple(
        replace(
            metric,
            name=_fill(metric.name, arguments),
            labels=tuple(_fill(label, arguments) for label in metric.labels),
        )
        for metric in preset.metrics
    )


def _render(template: Any, known: Mapping[str, Any], language: str) -> Any:
    match template:
        case {"en": _}:
            return _fill(template.get(language, template[DEFAULT_LANGUAGE]), known)
        case Mapping():
            return {
                _fill(key, known): _render(value, known, language)
                for key, value in template.items()
            }
        case list():
            return [_render(item, known, language) for item in template]
    return _fill(str(template), known)


def _one_value_a_label(written: str) -> str:
    """Return a series in which what stands last, the user's own matchers, wins.

    They may name a label that the preset's example gives too. Labels are in
    order, so that one series of both examples is one. What is no series stays
    as it is: the catalog's check tells of it.
    """
    try:
        selector = parse_selector(written)
    except ValueError:
        return written
    labels = {one.name: one.value for one in selector.matchers}
    return series(selector.metric, {name: labels[name] for name in sorted(labels) if labels[name]})


def _fill(template: str, known: Mapping[str, Any]) -> str:
    if "<" not in template:
        return template.strip()
    rendered: str = _compiled(template).render(known)
    return rendered.strip()


@cache  # the presets' own texts, no others: compiling one takes ten times as long as filling it
def _compiled(template: str) -> Any:
    return _environment().from_string(template)


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
