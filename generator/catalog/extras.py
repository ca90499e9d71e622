"""Labels, annotations and links that a catalog adds to its alerts."""

import re
from collections.abc import Collection

from generator.catalog.model import Extras
from generator.catalog.template import check_template_names
from guardia.document import Pointer
from guardia.reading import Reading

# Set by the rules, by Prometheus, or by the router.
OWN_LABELS = (
    "alertname", "alertstate", "severity", "service", "slo", "team", "job", "instance", "bypass",
    "original_alert",
)  # fmt: skip
OWN_ANNOTATIONS = ("summary", "description", "runbook_url", "dashboard_url")

# One action of a template, with strings in it that may hold braces.
_TEMPLATE_ACTION = re.compile(r"\{\{(?:[^{}\"`]|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)*\}\}")


def read_extras(
    reading: Reading, at: Pointer, inherited: Extras, *, kept: Collection[str]
) -> Extras:
    """Return the extras at `at` over the inherited ones.

    `kept` are the labels that the alert's series carry: to set one of those
    would make all of them look the same.
    """
    labels = reading.value((*at, "labels"), {})
    annotations = reading.value((*at, "annotations"), {})
    links = reading.value((*at, "links"), {})
    reserved = {name for name in labels if name in (*OWN_LABELS, *kept) or name.startswith("__")}
    taken = (*OWN_LABELS, *kept, "and any that begins with __")
    for name in labels:
        if name in reserved:
            _reserved(reading, (*at, "labels", name), f"the label `{name}`", taken)
        if "{{" in str(labels[name]):
            _no_template(reading, (*at, "labels", name))
    for name in sorted(set(inherited.labels) & set(kept)):
        _reserved(reading, (*at, "name"), f"the inherited label `{name}`", kept, of_key=False)
    for name, text in annotations.items():
        if name in OWN_ANNOTATIONS:
            _reserved(
                reading, (*at, "annotations", name), f"the annotation `{name}`", OWN_ANNOTATIONS
            )
        elif not is_template(text):
            template_problem(reading, (*at, "annotations", name))
        else:
            check_template_names(reading, (*at, "annotations", name))
    for name in links:
        if f"{name}_url" in OWN_ANNOTATIONS or f"{name}_url" in annotations:
            _reserved(
                reading, (*at, "links", name), f"the annotation `{name}_url`", OWN_ANNOTATIONS
            )
    return Extras(
        # A refused label is not handed down: one problem is enough.
        labels={
            **inherited.labels,
            **{name: text for name, text in labels.items() if name not in reserved},
        },
        annotations={**inherited.annotations, **annotations},
        links={**inherited.links, **links},
    )


def is_template(text: str) -> bool:
    """Say whether the braces of a template pair, and each `if` has its `end`.

    Prometheus refuses a whole file otherwise. Source: Prometheus documentation,
    "Template reference"; names are checked apart, the rest is left to promtool.
    """
    if re.search(r"\{\{|\}\}", _TEMPLATE_ACTION.sub("", text)):
        return False
    depth = 0
    for action in _TEMPLATE_ACTION.findall(text):
        word = re.match(r"\{\{-?\s*(\w*)", action)
        depth += {"if": 1, "with": 1, "range": 1, "end": -1}.get(word[1] if word else "", 0)
        if depth < 0:
            return False
    return depth == 0


def template_problem(reading: Reading, at: Pointer) -> None:
    """Note that the text at `at` is no template."""
    reading.problem(
        "template-invalid",
        at,
        f"`{at[-1]}` is not a template: its braces do not pair",
        label="{{ without }}, or the other way round",
        why="Prometheus would refuse the whole rule file, with every other alert in it",
        fix='write {{ $labels.NAME }} or {{ $value }}; for braces as text write {{ "{{" }}',
    )


def _no_template(reading: Reading, at: Pointer) -> None:
    reading.problem(
        "template-invalid",
        at,
        f"the label `{at[-1]}` would be a template",
        label="must be plain text",
        why="a label that changes with the value makes a new alert at each evaluation",
        fix="write it as an annotation, or without {{",
    )


def _reserved(
    reading: Reading, at: Pointer, what: str, own: Collection[str], *, of_key: bool = True
) -> None:
    reading.problem(
        "label-reserved",
        at,
        f"{what} already has a meaning",
        label="must be a name of your own",
        why="the rules set it themselves, and only one of the two could count",
        fix=f"use another name than these: {', '.join(dict.fromkeys(own))}",
        of_key=of_key,
    )
