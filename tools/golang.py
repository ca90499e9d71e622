"""Go: where it is, and the settings under which ours is built."""

import os
from pathlib import Path

from tools.layout import TOOLS, UnavailableError, find_program

# Go's own installation instructions put it there, and tell to extend the PATH.
_USUAL_FOLDERS = (Path("/usr/local/go/bin"),)


def find_go() -> Path:
    """Return the program `go`. Raises UnavailableError."""
    go = find_program("go", also_in=_USUAL_FOLDERS)
    if go is None:
        raise UnavailableError("Go is not on the PATH; install Go 1.26 or newer to build them")
    return go


def go_environment() -> dict[str, str]:
    """Return the variables to run `go` with, on top of the user's."""
    # GOWORK: Prometheus' own go.work names folders that the module leaves out.
    # GOFLAGS: what the user sets for his own builds may not fit these.
    env = {"GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}
    if "HOME" not in os.environ:
        env |= {
            "GOFLAGS": "-modcacherw",
            "GOCACHE": str(TOOLS / "go" / "build"),
            "GOPATH": str(TOOLS / "go"),
        }
    return env
