"""SQLite on a network file system is refused: its locks and its shared memory fail there."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

MOUNTS: Final = Path("/proc/self/mountinfo")

# What the kernel calls them; of FUSE those that reach another machine.
_NETWORK: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "9p"),
        *("ceph", "lustre", "beegfs", "gpfs", "orangefs", "pvfs2", "panfs", "wekafs"),
        *("glusterfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse"),
        *(
            "fuse.davfs",
            "fuse.juicefs",
            "fuse.moosefs",
            "fuse.mfs",
            "fuse.seaweedfs",
            "fuse.curlftpfs",
        ),
        *("fuse.s3fs", "fuse.mount-s3", "fuse.goofys", "fuse.gcsfuse", "fuse.rclone"),
        *("fuse.blobfuse", "fuse.blobfuse2"),
    }
)


class NetworkFileSystemError(Exception):
    """The database's file would lie on a network file system."""


def refuse_network_file_system(url: str) -> None:
    """Raise NetworkFileSystemError where a SQLite file lies on a network file system.

    Says nothing where the system does not tell its mounts (no Linux), and
    nothing about other databases.

    Source: SQLite, "Write-Ahead Logging": "All processes using a database must
    be on the same host computer; WAL does not work over a network filesystem";
    and "How To Corrupt An SQLite Database File", on locks that do not hold.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    folder = Path(parsed.database).resolve().parent  # the file itself may be a link
    try:
        mounts = MOUNTS.read_text(errors="surrogateescape")
    except OSError:
        return
    kind = find_file_system(mounts, folder)
    if kind in _NETWORK:
        raise NetworkFileSystemError(
            f"{folder} is on a network file system ({kind}), where SQLite loses data:"
            " use a local disk, or PostgreSQL"
        )


def find_file_system(mounts: str, folder: Path) -> str | None:
    """Return the kind of file system that holds `folder`, which must be resolved; None: unknown.

    `mounts` is the text of mountinfo. The longest mount point above the folder
    counts; of two on the same point the later one, which hides the other.

    Source: Linux manual, proc_pid_mountinfo(5): the mount point is the fifth
    field, with blanks in octal, and the kind the first one after a single `-`.
    """
    found: tuple[int, str] | None = None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if "-" not in fields[6:-1]:
            continue
        point = Path(_OCTAL.sub(lambda escape: chr(int(escape[1], 8)), fields[4]))
        depth = len(point.parts)
        if folder.is_relative_to(point) and (found is None or depth >= found[0]):
            found = (depth, fields[fields.index("-", 6) + 1])
    return None if found is None else found[1]


_OCTAL: Final = re.compile(r"\\([0-7]{3})")
