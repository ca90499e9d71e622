"""Where the platform runs: environments, regions, and what Prometheus scrapes there."""

from dataclasses import dataclass

SERVICES = ("casos", "derivacion", "usuarios", "notificaciones", "gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One environment in one region: a namespace of one cluster."""

    environment: str
    region: str
    traffic: float  # beside production's main region, 1.0

    @property
    def namespace(self) -> str:
        """Return the Kubernetes namespace."""
        return f"conecta360-{self.environment}"

    @property
    def is_main(self) -> bool:
        """Say whether citizens are served from here."""
        return self.environment == "prod" and self.region == "a"


MAIN = Place(environment="prod", region="a", traffic=1.0)
PLACES = (
    MAIN,
    Place(environment="prod", region="b", traffic=0.05),  # disaster recovery: only checks
    Place(environment="staging", region="a", traffic=0.05),
    Place(environment="qa", region="a", traffic=0.03),
    Place(environment="dev", region="a", traffic=0.02),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One page of metrics that Prometheus scrapes."""

    job: str
    instance: str
    place: Place

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels that the scrape configuration puts on each of its series.

        As the catalog has it, only production says which region it is.
        """
        region = {"region": self.place.region} if self.place.environment == "prod" else {}
        return {
            "job": self.job,
            "instance": self.instance,
            "environment": self.place.environment,
            **region,
        }

    @property
    def name(self) -> str:
        """Return what tells this target from all others."""
        return f"{self.place.environment}/{self.place.region}/{self.job}/{self.instance}"

    @property
    def is_first(self) -> bool:
        """Say whether it is the instance that shows what the whole service counts."""
        return self.instance.split(":")[0].endswith("-0")


def replicas(place: Place) -> int:
    """Return how many pods a service has."""
    return 2 if place.is_main else 1


def probed_pages(place: Place) -> tuple[str, ...]:
    """Return the addresses that blackbox_exporter asks for from outside."""
    if place.is_main:
        return ("https://conecta360.example/", "https://api.conecta360.example/")
    name = place.environment if place.region == "a" else f"{place.environment}-{place.region}"
    return (f"https://{name}.conecta360.example/",)


def nodes(place: Place) -> tuple[str, ...]:
    """Return the names of the machines."""
    return ("node-1", "node-2") if place.is_main else ("node-1",)


def databases(place: Place) -> tuple[str, ...]:
    """Return the PostgreSQL servers; region B has replicas only."""
    if place.region == "b":
        return ("replica-b",)
    return ("primary", "replica-1") if place.environment == "prod" else ("primary",)


def targets(place: Place) -> tuple[Target, ...]:
    """Return everything that is scraped in one place."""
    services = [
        (job, f"{job}-{number}:8080") for job in SERVICES for number in range(replicas(place))
    ]
    exporters = [
        *(("postgres", f"{name}:9187") for name in databases(place)),
        ("kafka", "kafka-exporter:9308"),
        *(("blackbox", page) for page in probed_pages(place)),
        ("kube-state-metrics", "kube-state-metrics:8080"),
        *(("kubelet", f"{name}:10250") for name in nodes(place)[:1]),
        *(("node", f"{name}:9100") for name in nodes(place)),
        ("backups", "backups:9091"),
        ("deployments", "deployments:9091"),
    ]
    return tuple(
        Target(job=job, instance=instance, place=place) for job, instance in (*services, *exporters)
    )
