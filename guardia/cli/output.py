"""An output that nobody reads any more."""

import io
import os
import sys
from contextlib import suppress


def drop_output() -> None:
    """Keep Python from trying once more, and failing, when it ends.

    Source: Python documentation, module signal, "Note on SIGPIPE".
    """
    with suppress(io.UnsupportedOperation):  # of an output that is no file of the system
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
