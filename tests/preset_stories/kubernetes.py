"""Stories of workloads and containers."""

from collections.abc import Mapping

from tests.preset_stories.samples import counter
from tests.preset_stories.story import HERE, Story

# By a label that the alert does not keep: a matcher that is missing on one side is noticed then.
IN_EU_1 = f'{HERE},cluster="eu-1",namespace="casos"'
IN_EU_2 = f'{HERE},cluster="eu-2",namespace="casos"'
OF_EU_1 = {"match": 'cluster="eu-1"'}
CONTAINER = f'{IN_EU_1},pod="casos-0",container="casos"'
PODS_CONTAINER = {"namespace": "casos", "pod": "casos-0", "container": "casos"}


def workloads(kind: str, name: str, *, wanted: str, ready: str) -> Mapping[str, Story]:
    """Return the stories of one kind of workload, as its two metrics tell them."""

    def state(labels: str, replicas: int, up: int) -> dict[str, str]:
        return {f"{wanted}{{{labels}}}": f"{replicas}x20", f"{ready}{{{labels}}}": f"{up}x20"}

    here, elsewhere = (f'{place},{kind}="{name}"' for place in (IN_EU_1, IN_EU_2))
    one, other = (f'{here},instance="ksm-{number}:8080"' for number in (0, 1))
    namesake = state(elsewhere, 1, 1)
    told = {
        f"a {kind} is down, and its namesake in another cluster is up": (
            state(here, 1, 0) | namesake,
            True,
        ),
        f"a {kind} is scaled to none, and its namesake in another cluster is not": (
            state(here, 0, 0) | namesake,
            False,
        ),
        f"one kube-state-metrics has not seen yet that a {kind} is up": (
            state(one, 1, 1) | state(other, 1, 0),
            False,
        ),
        f"one kube-state-metrics has not seen yet that a {kind} is wanted": (
            state(one, 1, 0) | state(other, 0, 0),
            True,
        ),
    }
    return {
        title: Story(
            preset="kubernetes/workload-down",
            given=OF_EU_1,
            series=series,
            labels={"namespace": "casos", kind: name} if is_down else {},
            true_at=("2m",) if is_down else (),
            empty_at=() if is_down else ("2m",),
        )
        for title, (series, is_down) in told.items()
    }


def namesake(preset: str, values: Mapping[str, tuple[int, int]]) -> Mapping[str, Story]:
    """Return the story of something that is well, and of a namesake elsewhere that is not."""
    return {
        f"a namesake in another cluster is no matter ({preset})": Story(
            preset=preset,
            given=OF_EU_1,
            series={
                one.replace("{", f"{{{place},"): f"{value}x20"
                for one, both in values.items()
                for place, value in zip((IN_EU_1, IN_EU_2), both, strict=True)
            },
            empty_at=("2m",),
        )
    }


def of_limit(resource: str, cores_or_bytes: float) -> Mapping[str, str]:
    limit = f'kube_pod_container_resource_limits{{{CONTAINER},resource="{resource}"}}'
    return {limit: f"{cores_or_bytes:g}x140"}


USAGE = f"container_cpu_usage_seconds_total{{{CONTAINER},cpu="

STORIES = {
    **namesake(
        "kubernetes/replicas-missing",
        {
            'kube_deployment_spec_replicas{deployment="casos"}': (3, 9),
            'kube_deployment_status_replicas_available{deployment="casos"}': (3, 2),
        },
    ),
    **namesake(
        "kubernetes/statefulset-replicas-missing",
        {
            'kube_statefulset_replicas{statefulset="postgres"}': (3, 9),
            'kube_statefulset_status_replicas_ready{statefulset="postgres"}': (3, 2),
        },
    ),
    **namesake(
        "kubernetes/pod-not-ready",
        {
            'kube_pod_container_status_ready{pod="casos-0",container="casos"}': (1, 0),
            'kube_pod_status_phase{pod="casos-0",phase="Running"}': (1, 1),
        },
    ),
    **workloads(
        "deployment",
        "casos",
        wanted="kube_deployment_spec_replicas",
        ready="kube_deployment_status_replicas_available",
    ),
    **workloads(
        "statefulset",
        "postgres",
        wanted="kube_statefulset_replicas",
        ready="kube_statefulset_status_replicas_ready",
    ),
    "two processors share the work of a container that may use half of one": Story(
        preset="kubernetes/cpu-high",
        given=OF_EU_1,
        series={
            **{f'{USAGE}"{cpu}"}}': counter((3.15, 60)) for cpu in (0, 1)},
            **of_limit("cpu", 0.5),
        },
        labels=PODS_CONTAINER,
        true_at=("10m",),
    ),
    "a limit of 0 processors is none": Story(
        preset="kubernetes/cpu-high",
        given=OF_EU_1,
        series={f'{USAGE}"0"}}': counter((15, 60)), **of_limit("cpu", 0)},
        empty_at=("10m",),
    ),
    "a container works for 15 minutes": Story(
        preset="kubernetes/cpu-high",
        given=OF_EU_1,
        series={f'{USAGE}"0"}}': counter((0, 20), (15, 60), (0, 60)), **of_limit("cpu", 1)},
        quiet_at=("18m45s",),
        fires_at=("19m15s",),
        true_at=("20m45s",),
        empty_at=("21m30s",),
    ),
    "a limit of 0 bytes is none, nor is one of processors": Story(
        preset="kubernetes/memory-high",
        given=OF_EU_1,
        series={
            f"container_memory_working_set_bytes{{{CONTAINER}}}": "1000000x20",
            **of_limit("memory", 0),
            **of_limit("cpu", 2),
        },
        empty_at=("2m",),
    ),
    "three restarts are told as long as they are in the time": Story(
        preset="kubernetes/restarts",
        given=OF_EU_1,
        series={
            f"kube_pod_container_status_restarts_total{{{CONTAINER}}}": counter(
                (0, 20), (1, 3), (0, 100)
            )
        },
        labels=PODS_CONTAINER,
        empty_at=("5m30s", "21m15s"),
        quiet_at=("6m30s",),
        fires_at=("6m45s",),
        true_at=("5m45s", "19m30s"),
    ),
}
