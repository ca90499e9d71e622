"""A SQLite file on a network file system is refused at the start."""

from pathlib import Path

import pytest

from router.store import network
from router.store.network import (
    NetworkFileSystemError,
    find_file_system,
    refuse_network_file_system,
)

MOUNTS = r"""
21 27 0:20 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:30 / /srv rw,relatime shared:7 master:2 - nfs4 files.example:/srv rw,vers=4.2
31 30 8:1 / /srv/local rw,relatime shared:8 - xfs /dev/sda1 rw
32 27 0:32 / /mnt/two\040words rw - cifs //files.example/share rw
33 27 0:33 / /mnt/home rw,relatime - fuse.sshfs ops@files.example: rw
34 27 0:34 / /mnt/over rw,relatime - nfs files.example:/over rw
35 34 0:35 / /mnt/over rw,relatime - tmpfs tmpfs rw
36 27 0:36 / /mnt/back\134slash rw - 9p share rw
a line that is none
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib/guardia", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/guardia/data", "nfs4"),
        ("/srvother", "ext4"),  # begins like a mount point, and is not below it
        ("/srv/local/guardia", "xfs"),  # the longest mount point counts
        ("/mnt/two words", "cifs"),
        ("/mnt/home/x", "fuse.sshfs"),
        ("/mnt/over", "tmpfs"),  # the later mount hides the earlier
        ("/mnt/back\\slash", "9p"),
    ],
)
def test_the_longest_mount_point_tells_the_kind(folder: str, kind: str) -> None:
    assert find_file_system(MOUNTS, Path(folder)) == kind


def test_nothing_is_known_without_a_mount_above() -> None:
    assert find_file_system("", Path("/srv")) is None


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the system says is on NFS."""
    remote = tmp_path.resolve() / "remote"
    remote.mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {remote} rw - nfs4 files.example:/x rw\n"
    )
    monkeypatch.setattr(network, "MOUNTS", mounts)
    return remote


def test_a_file_on_a_network_file_system_is_refused_with_a_way_out(mounted: Path) -> None:
    with pytest.raises(NetworkFileSystemError) as refused:
        refuse_network_file_system(f"sqlite:///{mounted}/guardia.db")
    assert str(refused.value) == (
        f"{mounted} is on a network file system (nfs4), where SQLite loses data:"
        " use a local disk, or PostgreSQL"
    )


def test_a_link_to_a_network_file_system_is_refused_too(mounted: Path, tmp_path: Path) -> None:
    (tmp_path / "guardia.db").symlink_to(mounted / "real.db")
    with pytest.raises(NetworkFileSystemError):
        refuse_network_file_system(f"sqlite:///{tmp_path}/guardia.db")


def test_a_local_file_and_postgresql_are_fine(mounted: Path, tmp_path: Path) -> None:
    refuse_network_file_system(f"sqlite:///{tmp_path}/guardia.db")
    refuse_network_file_system("postgresql://guardia@db.example/guardia")
    assert mounted.is_dir()


def test_nothing_is_said_where_the_mounts_are_unknown(
    mounted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "MOUNTS", tmp_path / "none")
    refuse_network_file_system(f"sqlite:///{mounted}/guardia.db")
