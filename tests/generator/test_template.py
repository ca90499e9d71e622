"""Which names in a template Prometheus knows, and what was most likely meant by others."""

import pytest

from generator.catalog.template import unknown_names

KNOWN = [
    "{{ $value | humanize }} of {{ $labels.instance }} at {{ $externalURL }}",
    '{{ printf "%.1f humanise" .Value }} {{ `labels` }}',
    "{{ if and (gt $value 0.5) (not false) -}} x {{- else if true }} y {{ end }}",
    '{{ with query "up" }}{{ . | first | value | humanizePercentage }}{{ end }}',
    "{{ range $name, $text := .Labels }}{{ $name }}={{ $text | toUpper }}{{ end }}",
    "{{ $best := $value }}{{ $best | humanizeDuration }}{{/* labels */}}",
    "labels and humanise outside of braces",
]
UNKNOWN = [
    ("{{ $value | humanise }}", "humanise", 0, "humanize"),
    ("{{ labels.instance }}", "labels", 0, "$labels"),
    ("{{ $valeu }}", "$valeu", 0, "$value"),
    ("{{ $zq }}{{ $zq := 1 }}", "$zq", 0, None),
    ("humanise, {{ humanise $value }}", "humanise", 1, "humanize"),
    ("{{ nothingLikeIt $value }}", "nothingLikeIt", 0, None),
    ('{{ tmpl "x" . }}', "tmpl", 0, "html"),
]


@pytest.mark.parametrize("template", KNOWN)
def test_what_prometheus_knows_is_taken(template: str) -> None:
    assert list(unknown_names(template)) == []


@pytest.mark.parametrize(("template", "name", "nth", "guess"), UNKNOWN)
def test_what_it_does_not_know_is_named_once_with_what_was_meant(
    template: str, name: str, nth: int, guess: str | None
) -> None:
    (found,) = unknown_names(template)
    assert (found.name, found.nth, found.guess) == (name, nth, guess)


@pytest.mark.parametrize("name", ["now", "toDuration", "urlQueryEscape"])
def test_what_only_newer_prometheus_knows_is_named_with_its_release(name: str) -> None:
    (found,) = unknown_names(f"{{{{ {name} }}}}")
    assert found.since is not None
