"""One question about URLs that two contracts ask."""

from urllib.parse import urlsplit


def is_url(text: str, schemes: tuple[str, ...] = ("http", "https")) -> bool:
    """Say whether `text` is an absolute URL of one of `schemes`, with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and " " not in text
