"""The five kinds of SLI, and how their events show in the series."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from fractions import Fraction

from generator.catalog.example import read_events, read_state
from generator.catalog.expression import check_rate
from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    Organisation,
    RatioSli,
    RawSli,
    Sli,
    UptimeSli,
)
from generator.catalog.selector import read_selector
from generator.promql.check import Selector, check_expression, has_comment, parse_selector
from generator.promql.events import event_examples
from generator.promql.example import counterexample_labels, example_labels
from generator.promql.text import WINDOW, quote, set_window
from generator.slo.percent import format_number
from guardia.document import Pointer
from guardia.matcher import Matcher
from guardia.reading import Reading

_UNIT_ENDINGS = {"_milliseconds": 1000, "_ms": 1000, "_seconds": 1}
_EXPONENT_FROM = 6
_ANY = timedelta(minutes=5)  # stands for $window while PromQL is checked
_UNITS = {"seconds": 1, "milliseconds": 1000}


def read_sli(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    """Return the SLI of the SLO at `at`, or None with what is wrong noted."""
    kinds: dict[str, Callable[[Reading, Pointer, Organisation], Sli | None]] = {
        "ratio": _read_ratio,
        "latency": _read_latency,
        "uptime": _read_uptime,
        "freshness": _read_freshness,
        "raw": _read_raw,
    }
    kind = next(iter(reading.value((*at, "sli"))))  # the schema wants exactly one
    return kinds[kind](reading, at, organisation)


def _read_ratio(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    ratio: Pointer = (*at, "sli", "ratio")
    written = reading.value(ratio)
    if ("bad" in written) == ("good" in written):
        reading.problem(
            "sli-invalid",
            ratio,
            "a ratio counts either the bad events or the good ones",
            label="give `bad` or `good`, not both" if "bad" in written else "needs `bad` or `good`",
            why="the other ones are the rest of `total`",
            fix="keep `bad` where failures have a counter of their own, else `good`",
            of_key=True,
        )
        return None
    if any(WINDOW in str(text) for text in written.values()):
        return _read_expressions(reading, at, organisation)
    part = "bad" if "bad" in written else "good"
    counted = _read_counter(reading, (*ratio, part), organisation)
    total = _read_counter(reading, (*ratio, "total"), organisation)
    if counted is None or total is None:
        return None
    wrong = _not_a_part(part, counted, total)
    if wrong is not None:
        reading.problem(
            "bad-not-in-total",
            (*ratio, part),
            wrong,
            label="must be a part of `total`",
            why="the ratio is bad events of all events, so each counted one must be in the total",
            fix=f'give `{part}` the matchers of `total` and one more, such as code=~"5.."',
        )
        return None
    if part == "bad":
        return RatioSli(bad=counted, total=total)
    return RatioSli(good=counted, total=total)


def _read_counter(reading: Reading, at: Pointer, organisation: Organisation) -> Selector | None:
    return read_selector(reading, at, organisation.environment_label)


def _read_expressions(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    ratio: Pointer = (*at, "sli", "ratio")
    texts: dict[str, str] = {key: str(text).strip() for key, text in reading.value(ratio).items()}
    valid = [
        _check_window_expression(reading, at, (*ratio, key), text, organisation)
        for key, text in texts.items()
    ]
    if not all(valid):
        return None
    part = "bad" if "bad" in texts else "good"
    good, bad = _read_events(reading, at, texts[part], texts["total"], part)
    if good is None or bad is None:
        return None
    return ExpressionSli(
        total=texts["total"],
        bad=texts.get("bad"),
        good=texts.get("good"),
        good_event=good,
        bad_event=bad,
    )


def _check_window_expression(
    reading: Reading, slo: Pointer, at: Pointer, text: str, organisation: Organisation
) -> bool:
    if WINDOW not in text:
        reading.problem(
            "missing-window",
            at,
            f"`{at[-1]}` does not use {WINDOW}",
            label=f"needs a range such as [{WINDOW}]",
            why="the rules measure the same thing over each window, and put its length here",
            fix=f"write the range as [{WINDOW}], such as sum(rate(x_total[{WINDOW}]))",
        )
        return False
    reason = check_expression(set_window(text, _ANY))
    if reason is None and has_comment(text):
        reason = "a comment would hide what is added to it"
    if reason is None:
        by = tuple(reading.value((*slo, "by"), ()))
        check_rate(reading, at, text, organisation=organisation, by=by)
        return True
    reading.problem(
        "promql-syntax",
        at,
        f"this is not PromQL: {reason}",
        label="cannot be evaluated",
        why="Prometheus would refuse the whole rule file, with every other alert in it",
        fix=f"try the expression in Prometheus with 5m for {WINDOW}, then copy it here",
    )
    return False


def _read_events(
    reading: Reading, at: Pointer, counted: str, total: str, part: str
) -> tuple[Mapping[str, float] | None, Mapping[str, float] | None]:
    """Return what one good and one bad event add to which series: declared, else found."""
    found = event_examples(set_window(counted, _ANY), set_window(total, _ANY), part=part)
    declared = reading.value((*at, "examples"), {})
    if found is None and not {"good", "bad"} <= set(declared):
        reading.problem(
            "example-missing",
            (*at, "examples") if declared else (*at, "sli", "ratio"),
            "it cannot be told from the PromQL how one event shows in the series",
            label="needs `examples` with `good` and `bad`",
            why="the generated tests feed series to the rules and see which alerts fire",
            fix="add `examples: {good: {'SERIES': 1}, bad: {'SERIES': 1}}` to the SLO",
            of_key=True,
        )
        return None, None
    good, bad = found or ({}, {})
    return (
        read_events(reading, (*at, "examples", "good")) if "good" in declared else good,
        read_events(reading, (*at, "examples", "bad")) if "bad" in declared else bad,
    )


def _read_latency(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    latency: Pointer = (*at, "sli", "latency")
    histogram = read_selector(reading, (*latency, "histogram"), organisation.environment_label)
    below = reading.duration((*latency, "below"))
    if histogram is None or below is None:
        return None
    ending = next(
        (end for end in ("_bucket", "_count", "_sum") if histogram.metric.endswith(end)), None
    )
    inside = not histogram.text.startswith(histogram.metric)
    if ending or inside or any(matcher.name == "le" for matcher in histogram.matchers):
        what = f"ends in {ending}" if ending else "matches on `le`"
        what = "has its name inside the braces" if inside else what
        reading.problem(
            "sli-invalid",
            (*latency, "histogram"),
            f"`histogram` {what}",
            label="must be the histogram's own name",
            why="the bucket and the count are added by the generator",
            fix='write it as http_request_duration_seconds{job="casos"}',
        )
        return None
    factor = _UNITS.get(reading.value((*latency, "unit"))) or next(
        (per for end, per in _UNIT_ENDINGS.items() if histogram.metric.endswith(end)), 1
    )
    seconds = Fraction(below // timedelta(milliseconds=1), 1000)
    bound = format_number(seconds * factor)
    return LatencySli(
        below=below,
        bound=bound,
        good=_suffixed(histogram, "_bucket", _le_matcher(bound)),
        total=_suffixed(histogram, "_count", None),
    )


def _le_matcher(bound: str) -> str:
    """Return the matcher of a bucket: a whole bound is `1` to old clients, `1.0` to Prometheus 3.

    From a million on Go writes an exponent. Sources: Prometheus 3.0 migration
    guide, normalisation of `le` labels; Go, strconv.FormatFloat with 'g' and -1.
    """
    if "." in bound:
        return f"le={quote(bound)}"
    digits = bound.rstrip("0")
    exponent = len(bound) - 1
    if exponent < _EXPONENT_FROM:
        return f"le=~{quote(f'{bound}([.]0)?')}"
    mantissa = digits[0] + (f"[.]{digits[1:]}" if digits[1:] else "")
    return f"le=~{quote(f'{bound}([.]0)?|{mantissa}e[+]{exponent:02}')}"


def _suffixed(histogram: Selector, ending: str, matcher: str | None) -> Selector:
    """Return the selector of one of a histogram's series."""
    name, brace, rest = histogram.text.partition("{")
    text = f"{name.rstrip()}{ending}{brace}{rest}"
    if matcher is None:
        return parse_selector(text)
    if not brace:
        return parse_selector(f"{text}{{{matcher}}}")
    inside = rest.rstrip().removesuffix("}").rstrip().removesuffix(",")
    return parse_selector(f"{name.rstrip()}{ending}{{{inside}{',' if inside else ''}{matcher}}}")


def _read_uptime(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    gauge = read_selector(reading, (*at, "sli", "uptime", "gauge"), organisation.environment_label)
    return None if gauge is None else UptimeSli(gauge=gauge)


def _read_freshness(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    freshness: Pointer = (*at, "sli", "freshness")
    timestamp = read_selector(reading, (*freshness, "timestamp"), organisation.environment_label)
    within = reading.duration((*freshness, "within"))
    if timestamp is None or within is None:
        return None
    return FreshnessSli(timestamp=timestamp, within=within)


def _read_raw(reading: Reading, at: Pointer, organisation: Organisation) -> Sli | None:
    where: Pointer = (*at, "sli", "raw", "error_ratio")
    text = str(reading.value(where)).strip()
    works = read_state(reading, (*at, "examples", "works"))
    fails = read_state(reading, (*at, "examples", "fails"))
    valid = _check_window_expression(reading, at, where, text, organisation)
    if not valid or works is None or fails is None:
        return None
    if bool(works) != bool(fails) or not works:
        reading.problem(
            "example-missing",
            (*at, "examples") if reading.value((*at, "examples")) else where,
            "nothing shows when the expression gives 0 and when 1",
            label="needs `examples` with `works` and `fails`",
            why="the generated tests feed series to the rules and see which alerts fire",
            fix="add `examples: {works: {'SERIES': VALUE}, fails: {'SERIES': VALUE}}` to the SLO",
        )
        return None
    return RawSli(error_ratio=text, works=works, fails=fails)


def _not_a_part(part: str, counted: Selector, total: Selector) -> str | None:
    """Return why not every counted event is in the total, or no other one; None when all is well.

    Two different metrics are not compared: nothing in them says which events they share.
    """
    if counted.metric != total.metric:
        return None
    other = "good" if part == "bad" else "bad"
    if example_labels((*total.matchers, *counted.matchers)) is None:
        return f"no series can be both {part} and in the total"
    wider = [matcher for matcher in total.matchers if not _implied(matcher, counted)]
    if wider:
        return f"`{part}` also counts events that are not in the total: it lacks {wider[0]}"
    if counterexample_labels(total.matchers, counted.matchers) is None:
        return f"every event of the total would be {part}, none {other}"
    return None


def _implied(matcher: Matcher, counted: Selector) -> bool:
    """Say whether every series of the counted events meets the matcher."""
    return matcher in counted.matchers or any(
        own.operator == "=" and own.name == matcher.name and matcher.matches({own.name: own.value})
        for own in counted.matchers
    )
