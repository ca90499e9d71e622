"""What is wrong with the PromQL of a catalog and with the templates beside it, at its place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from generator.catalog.model import Organisation
from generator.promql.check import check_expression
from generator.promql.finding import Finding, Setting, read_expression
from generator.promql.labels import possible_labels
from generator.promql.lint import check_alert_expression, check_rate_expression
from generator.promql.story_length import check_story
from guardia.document import Pointer
from guardia.reading import Reading

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_LABEL = re.compile(r"(?:\$labels|\.Labels)\.([a-zA-Z_]\w*)", re.ASCII)


def read_evaluated(reading: Reading, at: Pointer) -> str | None:
    """Return PromQL that a rule can evaluate, or None with what is wrong noted."""
    text: str = str(reading.value(at)).strip()
    reason = check_expression(text)
    if reason is None:
        return text
    reading.problem(
        "promql-syntax",
        at,
        f"this is not PromQL: {reason}",
        label="cannot be evaluated",
        why="Prometheus would refuse the whole rule file, with every other alert in it",
        fix="try the expression in Prometheus, then copy it here",
    )
    return None


def check_alert(
    reading: Reading,
    at: Pointer,
    expression: str,
    *,
    holds_for: timedelta | None,
    organisation: Organisation,
) -> bool:
    """Note what is wrong with the alert's expression at `at`; it must be PromQL.

    Without `holds_for`, what depends on it is left out. True: nothing is wrong.
    """
    findings = check_alert_expression(
        expression,
        holds_for=timedelta.max if holds_for is None else holds_for,
        setting=_setting(organisation),
    )
    _note(reading, at, findings)
    return not findings


def check_provable(
    reading: Reading,
    at: Pointer,
    expression: str,
    *,
    holds_for: timedelta,
    organisation: Organisation,
) -> None:
    """Note at `at` why no test can prove the alert on counters that grow; it must be PromQL."""
    setting = _setting(organisation)
    _note(reading, at, check_story(expression, holds_for=holds_for, setting=setting))


def check_rate(
    reading: Reading,
    at: Pointer,
    expression: str,
    *,
    organisation: Organisation,
    by: tuple[str, ...],
) -> None:
    """Note what is wrong with the expression at `at`, in which `$window` stands for a range.

    Its result must keep the labels `by`, beside those that say where a series is from.
    """
    setting = _setting(organisation)
    kept = replace(setting, kept=(*setting.kept, *by))
    _note(reading, at, check_rate_expression(expression, setting=kept))


def check_template_labels(reading: Reading, places: Iterable[Pointer], expression: str) -> None:
    """Note labels that the templates at `places` show and the expression's series cannot have.

    Source: Prometheus documentation, "Alerting rules", templating: `$labels`
    holds the labels of the series, without those that the rule adds.
    """
    labels = possible_labels(read_expression(expression).top)
    for at in places:
        for name, written in _labels_shown(reading.value(at)):
            if not labels.may_have(name):
                reading.problem(
                    "annotation-template-label-missing",
                    at,
                    f"`{at[-1]}` shows the label `{name}`, which the expression drops",
                    label="always empty",
                    why="people who are woken would read a sentence with a hole in it",
                    fix=f"keep `{name}` in `expr`, such as by ({name}); or leave it out here",
                    inside=written,
                )


def _labels_shown(template: str) -> Iterator[tuple[str, str]]:
    """Yield each label that a template's actions name, once, and how it is written there."""
    seen: set[str] = set()
    for action in _ACTION.finditer(template):
        for match in _LABEL.finditer(_STRING.sub('""', action[1])):
            if match[1] not in seen:
                seen.add(match[1])
                yield match[1], match[0]


def _setting(organisation: Organisation) -> Setting:
    return Setting(
        scrape_interval=organisation.scrape_interval,
        retention=organisation.retention,
        kept=organisation.series_labels,
    )


def _note(reading: Reading, at: Pointer, findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = finding.place
        reading.problem(
            finding.code,
            at,
            finding.message,
            label=finding.label,
            why=finding.why,
            fix=finding.fix,
            inside=place.piece if place is not None else "",
            nth=place.nth if place is not None else 0,
        )
