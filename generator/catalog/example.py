"""Series that an author gives as examples: the generated tests feed them to the rules."""

from collections.abc import Mapping
from fractions import Fraction

from generator.promql.check import parse_selector
from generator.promql.example_result import contradicts
from generator.slo.percent import format_number
from guardia.document import Pointer
from guardia.reading import Reading


def read_events(reading: Reading, at: Pointer) -> Mapping[str, float] | None:
    """Return what one event adds to which series, or None with what is wrong noted."""
    series: dict[str, float] = reading.value(at)
    wrong = [text for text in series if not is_series(text)]
    for text in wrong:
        _not_a_series(reading, (*at, text))
    return None if wrong else dict(series)


def is_series(text: str) -> bool:
    """Say whether `text` names one series: a metric with = matchers only, each label once."""
    try:
        matchers = parse_selector(text).matchers
    except ValueError:
        return False
    names = {matcher.name for matcher in matchers}
    return all(one.operator == "=" for one in matchers) and len(names) == len(matchers)


def _not_a_series(reading: Reading, at: Pointer) -> None:
    """Note that the key at `at` does not name one series."""
    reading.problem(
        "example-invalid",
        at,
        f"{at[-1]} does not name one series",
        label="must be a metric name with = matchers only, each label once",
        why="the example becomes a series of a promtool test, with this value",
        fix='write it as Prometheus shows a series, such as up{job="postgres"}',
        of_key=True,
    )


def read_state(reading: Reading, at: Pointer) -> Mapping[str, str] | None:
    """Return series with promtool's notation of their values, without the count.

    A number stays, and `+N` is a counter that grows by N a scrape: `0+N`. None
    when something is wrong, which is noted.
    """
    series = reading.value(at, {})
    found: dict[str, str] = {}
    for text, value in series.items():
        if not is_series(text):
            _not_a_series(reading, (*at, text))
        elif (notation := _notation(value)) is None:
            reading.problem(
                "example-invalid",
                (*at, text),
                f"the example value {value} is no number",
                label="must be a number, or +N for a counter",
                why="promtool writes series as numbers that may grow, and cannot read this one",
                fix="write the number that the series has, or `+10` where it grows by 10 a scrape",
            )
        else:
            found[text] = notation
    return found if len(found) == len(series) else None


def check_examples(
    reading: Reading,
    at: Pointer,
    expression: str,
    *,
    fires: Mapping[str, str],
    silent: Mapping[str, str],
) -> None:
    """Note an example of one steady series for which the expression surely gives otherwise."""
    for key, state in (("fires", fires), ("silent", silent)):
        if len(state) != 1 or grows(state):
            continue
        ((series, value),) = state.items()
        if contradicts(expression, series, float(value), fires=key == "fires"):
            has = "no result" if key == "fires" else "a result"
            reading.problem(
                "example-contradicted",
                (*at, key, series),
                f"`expr` has {has} for this example of `{key}`",
                label=f"the alert would {'stay silent' if key == 'fires' else 'fire'}",
                why="the generated test feeds this series to the rule, and would be red",
                fix="mend the value here, or the threshold in `expr`",
            )


def grows(*states: Mapping[str, str]) -> bool:
    """Say whether a series of the examples is a counter."""
    return any(value.startswith("0+") for state in states for value in state.values())


def _notation(value: object) -> str | None:
    text = str(value)
    grows = isinstance(value, str) and text.startswith("+")
    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    shown = format_number(number)
    return f"0+{shown}" if grows else shown
