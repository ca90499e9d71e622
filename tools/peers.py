"""The set `peers`: what the benchmarks compare Guardia with, built with Go in pinned versions."""

from tools.golang import find_go, go_environment
from tools.layout import (
    UnavailableError,
    bin_folder,
    is_complete,
    keep_versions,
    read_versions,
    run,
)

NAME = "peers"
PROGRAMS = ("sloth",)
_VERSIONS = {"sloth": "0.16.0"}
_PACKAGE = "github.com/slok/sloth/cmd/sloth"
# The program tells its version only where its release's build stamped it.
_STAMP = "github.com/slok/sloth/internal/info.Version"


def bring() -> dict[str, str]:
    """Build what is not there in the pinned version; return versions. Raises UnavailableError."""
    if is_complete(NAME, PROGRAMS) and read_versions().get(NAME) == _VERSIONS:
        return _VERSIONS
    go, version = find_go(), _VERSIONS["sloth"]
    print(f"{NAME}: building sloth {version} (some minutes, once)", flush=True)
    bin_folder(NAME).mkdir(parents=True, exist_ok=True)
    # `go install` checks the module against Go's checksum database.
    flags = ["-trimpath", "-ldflags", f"-s -w -X {_STAMP}={version}"]
    run(
        [str(go), "install", *flags, f"{_PACKAGE}@v{version}"],
        env=go_environment() | {"GOBIN": str(bin_folder(NAME))},
    )
    if version not in run([str(bin_folder(NAME) / "sloth"), "version"]):
        raise UnavailableError(f"the built sloth does not say that it is {version}")
    return keep_versions(NAME, _VERSIONS)
