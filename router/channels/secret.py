"""Secrets as files, read at each use: rotating one needs no restart."""

import errno
from pathlib import Path
from typing import Final

# The system is short of something, or was interrupted: it says nothing about the secret.
_PASSING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EIO, errno.EINTR})


class SecretError(Exception):
    """A secret that cannot be read; its text names the file and never what is in it."""


class SecretUnavailableError(Exception):
    """A secret that cannot be read just now, though it may well be there: try again."""


def read_secret(folder: Path, name: str) -> str:
    """Return the text of `folder/name` without space around it.

    Raises SecretError, or SecretUnavailableError when the system is at fault.
    """
    path = folder / name
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        text = f"cannot read the secret {path}: {reason}"
        if isinstance(error, OSError) and error.errno in _PASSING:
            raise SecretUnavailableError(text) from None
        raise SecretError(text) from None
    if not secret:
        raise SecretError(f"the secret {path} is empty")
    return secret


def read_secrets(folder: Path, name: str) -> tuple[bytes, ...]:
    """Return the lines of `folder/name` that count; at least one. Raises as read_secret."""
    found = lines_that_count(read_secret(folder, name).encode())
    if not found:
        raise SecretError(f"the secret {folder / name} has only comments")
    return found


def lines_that_count(content: bytes) -> tuple[bytes, ...]:
    """Return the secrets of a file that has one a line: `#` begins what is said of others."""
    lines = (line.strip() for line in content.splitlines())
    return tuple(line for line in lines if line and not line.startswith(b"#"))
