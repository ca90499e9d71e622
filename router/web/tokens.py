"""Bearer tokens: whoever calls shows one of the lines of a file."""

import hmac
from pathlib import Path

from router.channels.secret import lines_that_count


class TokensUnavailableError(Exception):
    """The file cannot be read or holds no token: our fault, not the caller's."""


class TokenFile:
    """The tokens of a file, read again when the file changes.

    Several lines are all valid, so that a token is replaced without a moment
    in which a sender is turned away: add the new one, change the senders,
    remove the old one. Lines that begin with `#` say what the others are for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._tokens: tuple[bytes, ...] = ()

    @property
    def is_there(self) -> bool:
        """Say whether there is such a file at all."""
        return self._path.exists()

    def check(self) -> None:
        """Raise TokensUnavailableError when nobody could show a valid token."""
        self.read()

    def allows(self, authorization: str) -> bool:
        """Say whether an Authorization header shows a valid token, in time that tells nothing.

        Raises TokensUnavailableError.
        """
        scheme, _, shown = authorization.partition(" ")
        token = shown.strip().encode()
        valid = [hmac.compare_digest(token, known) for known in self.read()]
        return any(valid) and scheme.lower() == "bearer"

    def read(self) -> tuple[bytes, ...]:
        """Return the lines that count, at least one. Raises TokensUnavailableError."""
        try:
            stat = self._path.stat()
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if version != self._version:
                self._tokens = lines_that_count(self._path.read_bytes())
                self._version = version
        except OSError as error:
            self._version = None
            raise TokensUnavailableError(f"{self._path}: {error.strerror}") from None
        if not self._tokens:
            raise TokensUnavailableError(f"{self._path} holds no token")
        return self._tokens
