"""Names of a specification to names that the catalog takes, each one once."""

import re
import unicodedata

_LONGEST = 63


def make_id(written: str) -> str:
    """Return a name of lower-case letters, digits and hyphens, at most 63 of them.

    Letters lose their accents, and whatever else is not allowed becomes a
    hyphen. What has no letter or digit at all becomes `unnamed`.
    """
    plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST].rstrip("-") or "unnamed"


class Names:
    """The names given so far in one place, such as the SLOs of one service."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()

    def give(self, written: str, *, of: str | None = None) -> str:
        """Return a name for `written`, no other's, and the same whenever it is asked again.

        `of` tells apart things of the same written name; it is `written` when left out.
        """
        key = written if of is None else of
        if key not in self._given:
            self._given[key] = self._free(make_id(written))
            self._taken.add(self._given[key])
        return self._given[key]

    def _free(self, name: str) -> str:
        number, candidate = 1, name
        while candidate in self._taken:
            number += 1
            ending = f"-{number}"
            candidate = name[: _LONGEST - len(ending)].rstrip("-") + ending
        return candidate
