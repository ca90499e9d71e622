"""The piece of a service's file that uses a preset, ready to be pasted."""

from collections.abc import Iterator

from generator.presets.model import Parameter, ParameterKind, Preset, PresetKind
from generator.yaml_text import HEADER, render_yaml

# Numbers and what starts with one: YAML takes them as they are, and so does `with`.
_AS_WRITTEN = frozenset({ParameterKind.NUMBER, ParameterKind.PERCENT, ParameterKind.DURATION})


def render_snippet(preset: Preset) -> str:
    """Return YAML that uses a preset: what must be given as in its example, defaults as comments.

    A condition or an SLO also names a runbook, which has to be written.
    """
    lines = {
        PresetKind.CONDITION: _condition,
        PresetKind.SLI: _slo,
        PresetKind.PANEL: _panel,
    }[preset.kind](preset)
    return "\n".join(lines)


def _condition(preset: Preset) -> Iterator[str]:
    words = preset.id.replace("/", "-").split("-")
    yield "conditions:"
    yield f"  - alert: {''.join(word.capitalize() for word in words)}"
    yield f"    use: {preset.id}"
    yield from _arguments(preset)
    yield f"    runbook: {preset.id.replace('/', '-')}  # write it: runbooks/NAME.md"


def _slo(preset: Preset) -> Iterator[str]:
    yield "slos:"
    yield f"  - name: {preset.id.partition('/')[2]}"
    yield f"    {_pair('description', preset.description)}"
    yield "    objective: 99.5%  # your promise"
    yield f"    use: {preset.id}"
    yield from _arguments(preset)
    yield f"    runbook: {preset.id.replace('/', '-')}  # write it: runbooks/NAME.md"


def _panel(preset: Preset) -> Iterator[str]:
    yield "panels:"
    yield f"  - use: {preset.id}"
    yield from _arguments(preset)


def _arguments(preset: Preset) -> Iterator[str]:
    """Yield `with` and its lines; a comment altogether where nothing must be given."""
    needed = [one for one in preset.parameters.values() if one.default is None]
    others = [one for one in preset.parameters.values() if one.default is not None]
    if needed:
        yield "    with:"
        yield from (f"      {_argument(one, one.example)}" for one in needed)
        yield from (f"      # {_argument(one, str(one.default))}" for one in others)
    elif others:
        yield "    # with:"
        yield from (f"    #   {_argument(one, str(one.default))}" for one in others)


def _argument(parameter: Parameter, written: str) -> str:
    if parameter.kind in _AS_WRITTEN:
        return f"{parameter.name}: {written}"
    return _pair(parameter.name, written)


def _pair(key: str, value: str) -> str:
    return render_yaml({key: value}).removeprefix(HEADER).rstrip("\n")
