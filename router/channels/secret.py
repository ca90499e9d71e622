"""Secrets as files, read at each use: rotating one needs no restart."""

from pathlib import Path


class SecretError(Exception):
    """A secret that cannot be read; its text names the file and never what is in it."""


def read_secret(folder: Path, name: str) -> str:
    """Return the text of `folder/name` without space around it. Raises SecretError."""
    path = folder / name
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SecretError(f"cannot read the secret {path}: {reason}") from None
    if not secret:
        raise SecretError(f"the secret {path} is empty")
    return secret
