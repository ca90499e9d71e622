"""The fingerprint that tells one alert from another."""

from collections.abc import Mapping

_FNV_OFFSET = 14695981039346656037
_FNV_PRIME = 1099511628211
_SEPARATOR = b"\xff"


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return the 16 hexadecimal digits by which Alertmanager names this set of labels.

    Source: prometheus/common, model.labelSetToFingerprint: 64-bit FNV-1a over
    the sorted names and values, each followed by the byte 255.
    """
    digest = _FNV_OFFSET
    for name in sorted(labels):
        for part in (name.encode(), _SEPARATOR, labels[name].encode(), _SEPARATOR):
            for byte in part:
                digest = ((digest ^ byte) * _FNV_PRIME) & 0xFFFF_FFFF_FFFF_FFFF
    return f"{digest:016x}"
