"""Percentages as people write them, kept exact."""

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%", re.ASCII)


@lru_cache(maxsize=1024)  # objectives are few
def parse_percent(text: str) -> Fraction:
    """Return the share that `99.9%` names, here 999/1000; exact, so that 1 − share is too.

    Raises ValueError for anything without a percent sign: `99.9` and `0.999`
    may each be read in two ways.
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a percentage such as 99.9%")
    return Fraction(match[1]) / 100


def format_percent(share: Fraction, *, digits: int | None = None) -> str:
    """Return the share with a percent sign: 999/1000 gives `99.9%`; `digits` as in a number."""
    return f"{format_number(share * 100, digits=digits)}%"


def format_number(number: Fraction, *, digits: int | None = None) -> str:
    """Return the number in decimal: exact where that ends, else to 12 significant digits.

    With `digits` it is rounded to so many significant ones, for a sentence.
    Never with an exponent, so that it reads the same in PromQL and in a sentence.
    """
    if number.denominator == 1 and digits is None:
        return str(number.numerator)
    return _decimal(number.numerator, number.denominator, digits)


@lru_cache(maxsize=4096)  # objectives and thresholds are few; two numbers are quickly found again
def _decimal(numerator: int, denominator: int, digits: int | None) -> str:
    rest = denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    with localcontext(prec=digits or (60 if rest == 1 else 12)):
        text = f"{Decimal(numerator) / Decimal(denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
