"""Confidence limits of one proportion, by the incomplete beta function; no library needed."""

import math

_MOST_TERMS = 20_000  # about the square root of the events is needed
_MOST_STEPS = 100
_PRECISION = 1e-12
_TINY = 1e-300  # keeps the continued fraction from dividing by zero


def lower_limit(bad: float, total: float, alpha: float) -> float:
    """Return the ratio below which the true one lies with probability `alpha` at most.

    `bad` of `total` events were bad; both may be fractions, as a number of
    events divided by its design effect is. The one-sided limit of Clopper and
    Pearson, "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26 (1934), in its form as a quantile of the
    beta distribution, which is defined between whole numbers too.
    """
    if bad <= 0:
        return 0.0
    return _quantile(bad, max(total - bad, 0.0) + 1, alpha)


def upper_limit(bad: float, total: float, alpha: float) -> float:
    """Return the ratio above which the true one lies with probability `alpha` at most.

    Source: as for `lower_limit`. 1 where nothing was counted.
    """
    if bad >= total:
        return 1.0
    return 1 - _quantile(total - bad, max(bad, 0.0) + 1, alpha)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b), for a, b > 0.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22 (continued
    fraction) and 8.17.4 (symmetry, by which it converges fast).
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction by Lentz's method, as modified by Thompson and Barnett."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _quantile(a: float, b: float, share: float) -> float:
    """Return the x with I_x(a, b) = share, for a share well below one half.

    Newton's steps for log I as a function of log x, which is concave and for
    small x nearly straight; halving wherever a step leaves what is known.
    """
    low, high = -745.0, 0.0  # exp(-745) is the smallest float
    at = math.log(a / (a + b))
    for _ in range(_MOST_STEPS):
        x = math.exp(at)
        value = incomplete_beta(x, a, b)
        if value > share:
            high = at
        else:
            low = at
        step = _newton(x, a, b, value, share)
        after = at + step if step is not None and low < at + step < high else (low + high) / 2
        if abs(after - at) < _PRECISION:
            return math.exp(after)
        at = after
    return math.exp(at)


def _newton(x: float, a: float, b: float, value: float, share: float) -> float | None:
    if value <= 0 or x >= 1:
        return None
    density = math.exp(a * math.log(x) + (b - 1) * math.log1p(-x) - _log_beta(a, b))  # times x
    return (math.log(share) - math.log(value)) * value / density if density > 0 else None
