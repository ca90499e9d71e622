"""Arguments of presets: text of a catalog to values that templates compute with."""

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from generator.go_template import template_text
from generator.presets.model import Parameter, ParameterKind, Preset
from generator.promql.check import parse_selector
from generator.promql.example import counterexample_labels, example_labels
from generator.promql.text import matchers, quote
from generator.slo.percent import format_number, format_percent, parse_percent
from guardia.duration import format_duration, guess_duration, parse_duration
from guardia.matcher import Matcher


class ArgumentError(ValueError):
    """An argument is not what its parameter takes; the text says why, `fix` what to write."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Text:
    """A label's value. In PromQL it is a quoted string."""

    value: str

    def __str__(self) -> str:
        return quote(self.value)

    @property
    def other(self) -> str:
        """Return another label's value, quoted."""
        return quote(f"{self.value}-2")

    @property
    def shown(self) -> str:
        """Return it for a sentence, in which Prometheus reads templates: braces pair there."""
        return '{{"}}"}}'.join(template_text(part) for part in self.value.split("}}"))


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time. In PromQL it is written as Prometheus writes them."""

    value: timedelta

    def __str__(self) -> str:
        return format_duration(self.value)

    @property
    def seconds(self) -> Fraction:
        """Return its seconds, to compute with."""
        return Fraction(self.value // timedelta(microseconds=1), 1_000_000)


@dataclass(frozen=True, slots=True)
class Matchers:
    """Label matchers as their author wrote them, and one series that they select."""

    text: str
    parsed: tuple[Matcher, ...]

    def __str__(self) -> str:
        return self.text

    @property
    def example(self) -> str:
        """Return labels that meet them all, as they stand between braces."""
        return matchers(example_labels(self.parsed) or {})

    @property
    def other(self) -> str:
        """Return the labels of something else of the same kind, which they do not select.

        A label that it must not have is empty: an example may give it one.
        """
        found = self.unselected or {}
        absent = {one.name: "" for one in self.parsed if one.name not in found}
        return matchers({**found, **absent})

    @property
    def unselected(self) -> dict[str, str] | None:
        """Return labels that all but one of them select, or None when they select everything."""
        for one in self.parsed:
            others = [other for other in self.parsed if other.name != one.name]
            if one.operator == "=" and (labels := example_labels(others)) is not None:
                return {**labels, one.name: f"{one.value}-2"}
            if (labels := counterexample_labels(others, self.parsed)) is not None:
                return labels
        return None


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a metric or a label. In PromQL it stands as it is."""

    value: str

    def __str__(self) -> str:
        return self.value


Argument = Text | Length | Matchers | Name | Fraction


def read_argument(parameter: Parameter, written: str) -> Argument:
    """Return what a catalog gives for a parameter. Raises ArgumentError."""
    match parameter.kind:
        case ParameterKind.TEXT:
            if not written:
                raise ArgumentError("it is empty", f"write a value such as {parameter.example}")
            return Text(written)
        case ParameterKind.MATCHERS:
            return _read_matchers(parameter, written)
        case ParameterKind.METRIC | ParameterKind.LABEL:
            return _read_name(parameter, written)
        case ParameterKind.DURATION:
            return Length(timedelta(seconds=float(_read_bounded(parameter, written))))
        case ParameterKind.NUMBER | ParameterKind.PERCENT:
            return _read_bounded(parameter, written)


def usual_arguments(preset: Preset) -> dict[str, Argument]:
    """Return what counts when only what must be given is given, and that as in its example."""
    return {
        name: read_argument(one, one.example if one.default is None else one.default)
        for name, one in preset.parameters.items()
    }


def show_argument(argument: Argument) -> str:
    """Return an argument as PromQL, or a number as digits."""
    return format_number(argument) if isinstance(argument, Fraction) else str(argument)


def show_percent(share: Fraction) -> str:
    """Return a share as people read it."""
    return format_percent(share)


def _read_bounded(parameter: Parameter, written: str) -> Fraction:
    number = _parse(parameter, written)
    such_as = f"such as {parameter.example}"
    if parameter.least is not None and number < _parse(parameter, parameter.least):
        raise ArgumentError(
            f"{written} is less than {parameter.least}",
            f"write {parameter.least} or more, {such_as}",
        )
    if parameter.most is not None and number > _parse(parameter, parameter.most):
        raise ArgumentError(
            f"{written} is more than {parameter.most}, so the alert could never fire",
            f"write {parameter.most} or less, {such_as}",
        )
    return number


def _parse(parameter: Parameter, written: str) -> Fraction:
    """Return a number, a share of 1, or seconds."""
    try:
        match parameter.kind:
            case ParameterKind.PERCENT:
                return parse_percent(written)
            case ParameterKind.DURATION:
                return Length(parse_duration(written)).seconds
            case _ if re.fullmatch(r"[0-9.+-]{1,30}(e[+-]?[0-9]{1,2})?", written, re.ASCII):
                return Fraction(written)
            case _:  # also what would take for ever to write out
                raise ValueError
    except (ValueError, ZeroDivisionError):
        unit = f" of {parameter.unit}" if parameter.unit else ""
        guess = _guess(parameter, written)
        such_as = f"write it as {parameter.example}"
        raise ArgumentError(
            f"{written!r} is not a {parameter.kind}{unit}",
            f"write {guess} if that is meant" if guess else such_as,
        ) from None


def _guess(parameter: Parameter, written: str) -> str | None:
    """Return what may be meant; a number alone may be a share or have lost its percent sign."""
    match parameter.kind:
        case ParameterKind.DURATION:
            return guess_duration(written)
        case ParameterKind.PERCENT if re.fullmatch(r"[0-9]+(\.[0-9]+)?", written, re.ASCII):
            share = Fraction(written)
            return f"{written}%" if share > 1 else f"{written}% or {format_percent(share)}"
    return None


def _read_name(parameter: Parameter, written: str) -> Name:
    colon = ":" if parameter.kind is ParameterKind.METRIC else ""
    if not re.fullmatch(rf"[a-zA-Z_{colon}][a-zA-Z0-9_{colon}]*", written, re.ASCII):
        raise ArgumentError(
            f"{written!r} is not the name of a {parameter.kind}",
            f"write a name such as {parameter.example}",
        )
    return Name(written)


def _read_matchers(parameter: Parameter, written: str) -> Matchers:
    text = written.strip().rstrip(",")
    try:
        parsed = parse_selector(f"x{{{text}}}").matchers
    except ValueError as error:
        raise ArgumentError(str(error), f"write matchers such as {parameter.example}") from None
    if not parsed or example_labels(parsed) is None:
        raise ArgumentError(
            "no series can have such labels" if parsed else "it has no matcher",
            f"write matchers such as {parameter.example}",
        )
    found = Matchers(text, parsed)
    if found.unselected is None:
        raise ArgumentError("it selects everything", f"write matchers such as {parameter.example}")
    return found
