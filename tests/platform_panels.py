"""Which line of which panel must equal which figure, how closely, and why not more."""

from collections.abc import Iterator

from demo.model.cases import STATES
from demo.model.setting import DAY
from tests import platform_figures as own
from tests.figure import Figure
from tests.platform_past import ENDS, HOUR, LASTS
from tests.router_past import OPEN_INCIDENTS, PAGES

_EXTRAPOLATED = "rate() extends what it saw between two scrapes to the ends of its range."
_OF_A_MINUTE = (
    "Prometheus 3 sees 3 of a minute's 4 increases: ranges are open on the left. They vary by 10 %."
)
_FLOATING = "Floating point, over numbers as large as Unix time."
_BUDGET = 0.001  # of both SLOs below, whose objective is 99.9 %
_BURNING = ("casos", "availability")
_SPENT = ("usuarios", "availability")


def figures() -> Iterator[Figure]:
    """Yield every figure that a panel is compared with."""
    yield from _requests()
    yield from _slo(_BURNING, bad=0.005)
    yield from _slo(_SPENT, bad=0.0004)
    yield from _burn()
    yield from _cases()
    yield from _infrastructure()
    yield from _capacity()
    yield from _router()
    yield from _events()


def _requests() -> Iterator[Figure]:
    yield Figure(
        name="requests a second",
        board="guardia-service-usuarios",
        panel="Peticiones por segundo",
        value=lambda at: own.answered("usuarios", until=at, seconds=60).succeeded / 60,
        relative=0.1,
        because=_OF_A_MINUTE,
    )
    yield Figure(
        name="traffic of a service, two of whose SLOs count the same requests",
        board="guardia-global",
        panel="Tráfico",
        labels={"service": "usuarios"},
        value=lambda at: own.answered("usuarios", until=at, seconds=300).number / 300,
        relative=0.01,
        because=_EXTRAPOLATED,
    )
    yield Figure(
        name="share of requests that fail now",
        board="guardia-slo",
        panel="Fallos ahora",
        slo=_BURNING,
        value=lambda at: own.failed_share("casos", at, 300),
        relative=0.01,
        because=_EXTRAPOLATED,
    )
    yield Figure(
        name="error rate",
        board="guardia-service-casos",
        panel="Tasa de errores",
        value=lambda at: own.failed_share("casos", at, 60),
        relative=0.02,
        because=_OF_A_MINUTE,
    )
    for service in ("usuarios", "derivacion"):
        yield Figure(
            name=f"P95 of {service}",
            board=f"guardia-service-{service}",
            panel="Tiempo de respuesta",
            letter="B",
            value=lambda at, service=service: own.quantile(service, at, 0.95),  # type: ignore[misc]
            relative=0.02,
            because=_OF_A_MINUTE,
        )


def _slo(slo: tuple[str, str], *, bad: float) -> Iterator[Figure]:
    """`bad` is about the share of bad events, of which a hundredth may be missing."""

    def spent(at: float) -> float:
        return own.spent_share(slo[0], at)

    yield Figure(
        name=f"good share of {slo[0]}",
        board="guardia-slo",
        panel="Buenos",
        slo=slo,
        value=lambda at: 1 - spent(at),
        absolute=bad / 100,
        because=_EXTRAPOLATED,
    )
    for panel in ("Presupuesto restante", "Presupuesto restante este mes"):
        yield Figure(
            name=f"{panel}: budget left of {slo[0]}",
            board="guardia-slo",
            panel=panel,
            slo=slo,
            value=lambda at: 1 - spent(at) / _BUDGET,
            relative=0.01,
            because=_EXTRAPOLATED,
        )


def _burn() -> Iterator[Figure]:
    for letter, window in (("A", HOUR), ("B", 300.0)):
        yield Figure(
            name=f"burn rate over {window:.0f} s of the critical pair",
            board="guardia-slo",
            panel="Velocidad de gasto: crítica",
            letter=letter,
            slo=_BURNING,
            value=lambda at, window=window: own.failed_share("casos", at, window) / _BUDGET,  # type: ignore[misc]
            relative=0.01,
            because=_EXTRAPOLATED,
        )
    yield Figure(
        name="seconds that the budget lasts",
        board="guardia-slo",
        panel="Dura",
        slo=_SPENT,
        value=lambda at: (
            (_BUDGET - own.spent_share("usuarios", at))
            * 30
            * DAY
            / own.failed_share("usuarios", at, HOUR)
        ),
        relative=0.02,
        because=_EXTRAPOLATED,
    )
    yield Figure(
        name="bad events of the day",
        board="guardia-slo",
        panel="Eventos malos por día",
        slo=_SPENT,
        value=lambda at: own.answered("usuarios", until=at, seconds=LASTS).failed,
        relative=0.05,
        because="What failed within the last hour counts in part until the hour is over.",
    )


def _cases() -> Iterator[Figure]:
    for state in STATES:
        yield Figure(
            name=f"cases {state}",
            board="guardia-business",
            panel="Elementos por estado",
            labels={"state": state},
            value=lambda at, state=state: own.cases_in_state(state, at),  # type: ignore[misc]
        )
    yield Figure(
        name="cases resolved within their SLA",
        board="guardia-business",
        panel="Cumplimiento del SLA",
        value=own.within_sla,
        absolute=1e-4,
        because=_EXTRAPOLATED,
    )


def _infrastructure() -> Iterator[Figure]:
    yield Figure(
        name="lag of a consumer that stands still",
        board="guardia-infrastructure",
        panel="Retraso de los grupos consumidores",
        labels={"consumergroup": "derivacion-group"},
        value=own.unread_messages,
        absolute=40,
        because="Of each of 3 partitions up to 12 messages are on their way at any time.",
    )
    yield Figure(
        name="lag of a replica that replays nothing",
        board="guardia-service-postgres",
        panel="Retraso de las réplicas",
        labels={"instance": "replica-1:9187"},
        value=own.replica_seconds,
        absolute=15,
        because="It is seen by the last scrape.",
    )
    yield Figure(
        name="share of a full pool",
        board="guardia-service-notificaciones",
        panel="Pool de conexiones en uso",
        labels={"instance": "notificaciones-0:8080"},
        value=lambda _: 1.0,
    )
    yield Figure(
        name="share of a disk that is used",
        board="guardia-service-infraestructura",
        panel="Disco en uso",
        labels={"instance": "node-1:9100", "mountpoint": "/var/lib"},
        value=own.disk_used,
    )
    for name, panel, labels, value in (
        (
            "time left of a certificate",
            "Vigencia restante de los certificados",
            {"instance": "https://conecta360.example/"},
            own.certificate_seconds,
        ),
        (
            "age of the incremental backup",
            "Antigüedad de las copias de seguridad",
            {"kind": "incremental"},
            own.backup_seconds,
        ),
    ):
        yield Figure(
            name=name,
            board="guardia-service-infraestructura",
            panel=panel,
            labels=labels,
            value=value,
        )


def _capacity() -> Iterator[Figure]:
    yield Figure(
        name="users in three months, by least squares",
        board="guardia-capacity",
        panel="usuarios: Usuarios activos: adónde lleva",
        value=own.users_expected,
        relative=1e-6,
        because=_FLOATING,
    )
    yield Figure(
        name="size of the database in three months",
        board="guardia-capacity",
        panel="postgres: Tamaño de la base de datos: adónde lleva",
        value=own.database_expected,
        relative=1e-5,
        because="For the minute in which the database does not answer its last size stands.",
    )
    yield Figure(
        name="days until the disks are full",
        board="guardia-capacity",
        panel="infraestructura: Disco en uso: límite alcanzado en",
        value=own.days_until_full,
        relative=1e-4,
        because=_FLOATING,
    )


def _router() -> Iterator[Figure]:
    yield Figure(
        name="incidents that the router holds open",
        board="guardia-router",
        panel="Incidentes abiertos",
        value=lambda _: OPEN_INCIDENTS,
    )
    for person, pages in PAGES.items():
        yield Figure(
            name=f"pages that woke {person}",
            board="guardia-router",
            panel="Avisos por persona, 30 días",
            labels={"person": person},
            value=lambda _, pages=pages: pages,  # type: ignore[misc]
        )


def _events() -> Iterator[Figure]:
    for alert, severity, service in (
        ("ErrorBudgetBurn", "critical", "casos"),
        ("KafkaLagHigh", "high", "derivacion"),
        ("CaseAssignmentStalled", "high", "derivacion"),
        ("KafkaBrokerDown", "high", "kafka"),
        ("GatewayHealthRecovered", "low", "gateway"),
    ):
        yield Figure(
            name=f"open alert {alert}",
            board="guardia-global",
            panel="Qué está activo",
            labels={"alertname": alert, "severity": severity, "service": service},
            value=lambda _: 1.0,
            because="The fault that it tells of goes on, or is just over, in one place.",
        )
    yield Figure(
        name="mark of a deployment",
        board="guardia-service-gateway",
        panel="Despliegues",
        letter="",
        labels={"version": "1.5.0"},
        # When the canary's last step began, in milliseconds as Grafana reads them.
        value=lambda _: (ENDS - 1800) * 1000,
    )
