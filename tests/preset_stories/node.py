"""Stories of machines and their disks."""

from collections.abc import Mapping

from tests.preset_stories.samples import counter
from tests.preset_stories.story import HERE, Story

NODE = f'{HERE},job="node",instance="node-1:9100"'
DISK = f'{{{NODE},device="/dev/sda1",mountpoint="/",fstype="ext4"}}'
IMAGE = f'{{{NODE},device="/dev/loop0",mountpoint="/opt/image",fstype="erofs"}}'
OF_DISK = {"instance": "node-1:9100", "device": "/dev/sda1", "mountpoint": "/"}
FILLING = {"within": "2h", "over": "30m"}


def disks(preset: str, full: Mapping[str, int], free: Mapping[str, int]) -> Mapping[str, Story]:
    """Return the stories of a preset of one state of file systems, by the metrics that tell it."""

    def series(labels: str, values: Mapping[str, int]) -> dict[str, str]:
        return {f"{metric}{labels}": f"{value}x20" for metric, value in values.items()}

    other = DISK.replace("/dev/sda1", "/dev/sdb1")
    return {
        f"an image is always full ({preset})": Story(
            preset=preset, series=series(IMAGE, full) | series(DISK, free), empty_at=("2m",)
        ),
        f"of two disks at one place it is said which one ({preset})": Story(
            preset=preset,
            series=series(DISK, full) | series(other, free),
            labels=OF_DISK,
            true_at=("2m",),
        ),
    }


def disk(*, size: str, avail: str) -> Mapping[str, str]:
    return {f"node_filesystem_size_bytes{DISK}": size, f"node_filesystem_avail_bytes{DISK}": avail}


SIZE, AVAIL = "node_filesystem_size_bytes", "node_filesystem_avail_bytes"
FILES, FILES_FREE = "node_filesystem_files", "node_filesystem_files_free"
READONLY = "node_filesystem_readonly"

STORIES = {
    **disks("node/disk-above", {SIZE: 1000, AVAIL: 1}, {SIZE: 1000, AVAIL: 999}),
    **disks("node/inodes", {FILES: 1000, FILES_FREE: 1}, {FILES: 1000, FILES_FREE: 999}),
    **disks("node/disk-readonly", {READONLY: 1}, {READONLY: 0}),
    "a disk fills fast until it is emptied, but is half empty at first": Story(
        preset="node/disk-full-soon",
        given=FILLING,
        series=disk(size="1000000x180", avail="430000-1000x160 900000x19"),
        labels=OF_DISK,
        empty_at=("5m", "7m30s", "40m15s"),
        true_at=("7m45s",),
        quiet_at=("37m30s",),
        fires_at=("37m45s",),
    ),
    "a disk fills that lasts a little longer": Story(
        preset="node/disk-full-soon",
        given=FILLING,
        series=disk(size="1000000x40", avail="300000-450x40"),
        empty_at=("5m",),
    ),
    "a larger disk does not fill because it is larger": Story(
        preset="node/disk-full-soon",
        given=FILLING,
        series=disk(size="1000000x160 1200000x60", avail="200000x160 400000x60"),
        empty_at=("50m",),
    ),
    "a larger disk fills as fast as before": Story(
        preset="node/disk-full-soon",
        given=FILLING,
        series=disk(size="1000000x160 1200000x60", avail="250000-750x160 329250-750x60"),
        labels=OF_DISK,
        true_at=("50m",),
    ),
    "the only processor works for 15 minutes, for programs and for the system": Story(
        preset="node/cpu-high",
        series={
            f'node_cpu_seconds_total{{{NODE},cpu="0",mode="{mode}"}}': values
            for mode, values in (
                ("user", counter((0, 20), (7, 60), (0, 60))),
                ("system", counter((0, 20), (7, 60), (0, 60))),
                ("idle", counter((14, 20), (0, 60), (14, 60))),
            )
        },
        quiet_at=("18m45s",),
        fires_at=("19m15s",),
        true_at=("20m45s",),
        empty_at=("21m30s",),
    ),
    "one of two exporters of a machine does not answer": Story(
        preset="node/node-down",
        given={"match": 'job=~"node|windows"'},
        series={
            f"up{{{NODE}}}": "1x20",
            f'up{{{HERE},job="windows",instance="node-1:9100"}}': "0x20",
        },
        labels={"job": "windows", "instance": "node-1:9100"},
        true_at=("2m",),
    ),
    "a clock is wrong for 15 minutes": Story(
        preset="node/clock-skew",
        series={f"node_timex_offset_seconds{{{NODE}}}": "-0.06x60 0x20"},
        labels={"instance": "node-1:9100"},
        quiet_at=("9m45s",),
        fires_at=("10m",),
        true_at=("15m",),
        empty_at=("15m15s",),
    ),
}
