"""The units that Grafana knows, as far as metrics of services need them."""

from guardia.document import Pointer
from guardia.reading import Reading
from guardia.word import nearest

# Ids of Grafana's value formats. Source: Grafana, packages/grafana-data,
# src/valueFormats/categories.ts.
UNITS = (
    *("none", "short", "percent", "percentunit", "bool_yes_no", "bool_on_off", "sci", "string"),
    *("ns", "µs", "ms", "s", "m", "h", "d", "dtdurations", "dtdurationms", "timeticks"),
    *("dateTimeAsIso", "dateTimeAsLocal", "dateTimeFromNow"),
    *("bits", "bytes", "decbytes", "kbytes", "mbytes", "gbytes", "deckbytes", "decmbytes"),
    *("decgbytes", "bps", "binbps", "Bps", "binBps", "pps", "KBs", "MBs", "GBs"),
    *("cps", "ops", "reqps", "rps", "wps", "iops", "eps", "mps", "cpm", "opm", "rpm", "wpm"),
    *("currencyUSD", "currencyEUR", "celsius", "fahrenheit", "hertz", "rotrpm"),
    *("watt", "kwatt", "watth", "volt", "amp", "lengthm", "lengthkm"),
)


def check_unit(reading: Reading, at: Pointer) -> None:
    """Note a unit that Grafana does not know: it would stand behind each number as it is."""
    unit = reading.value(at)
    if unit in UNITS or unit.startswith(("suffix:", "prefix:")):  # a word of one's own
        return
    guess = _MEANT.get(unit) or nearest(unit, UNITS)
    reading.problem(
        "unit-unknown",
        at,
        f"Grafana has no unit `{unit}`",
        label=f"did you mean `{guess}`?" if guess else "not known",
        why="a number is read by its unit: 0.8 is 80% only with `percentunit`",
        fix=f"write `{guess}`" if guess else f"use one of: {', '.join(UNITS)}",
    )


_MEANT = {
    "%": "percent",
    "ratio": "percentunit",
    "seconds": "s",
    "milliseconds": "ms",
    "minutes": "m",
    "hours": "h",
    "days": "d",
    "B": "bytes",
    "byte": "bytes",
    "req/s": "reqps",
    "count": "short",
    "number": "short",
}
