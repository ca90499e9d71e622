"""Percentages as people write them, kept exact."""

import re
from decimal import Decimal, localcontext
from fractions import Fraction

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%", re.ASCII)


def parse_percent(text: str) -> Fraction:
    """Return the share that `99.9%` names, here 999/1000; exact, so that 1 − share is too.

    Raises ValueError for anything without a percent sign: `99.9` and `0.999`
    may each be read in two ways.
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a percentage such as 99.9%")
    return Fraction(match[1]) / 100


def format_percent(share: Fraction) -> str:
    """Return the share with a percent sign: 999/1000 gives `99.9%`."""
    return f"{format_number(share * 100)}%"


def format_number(number: Fraction) -> str:
    """Return the number in decimal: exact where that ends, else to 12 significant digits.

    Never with an exponent, so that it reads the same in PromQL and in a sentence.
    """
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    with localcontext(prec=60 if rest == 1 else 12):
        text = f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
