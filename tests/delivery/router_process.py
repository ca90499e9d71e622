"""`guardia serve` as a process of its own, with the first user's catalog.

It is forked with all of it imported (tests.forking), but where a test says `cold`.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from sqlalchemy import BigInteger, text, type_coerce, update

from router.store.engine import open_engine
from router.store.tables import messages
from tests import forking
from tests.fakes.pagerduty import PagerDutyFake
from tests.fakes.serving import PATIENCE_SECONDS
from tests.fakes.slack import SlackFake
from tests.fakes.smtp import SmtpFake
from tests.router.making import alert_body, notification_body

ROOT = Path(__file__).resolve().parents[2]
# Of the first user's people, and of as many others as a test may need.
KEYS = {f"platform-{number}": str(number) * 32 for number in (1, 2, 3)} | {
    f"other-{number}": f"{number:032}" for number in range(1, 21)
}
SLACK_TOKEN = "xoxb-test"
POLL_SECONDS = 0.05
# An attempt at a page that the fake holds is not given up, however slow the machine is, and
# is still shorter than a lease.
PATIENT_LEASE = timedelta(minutes=15)
PATIENT = (
    "router.channels.pagerduty:TIMEOUT_SECONDS=600 router.worker.sender:ATTEMPT_SECONDS=600"
    f" router.store.leases:LEASE={PATIENT_LEASE.total_seconds()}"
)
# For tests that tell of a shift: a Wednesday, far from any handoff and change of the clocks.
MIDWEEK = datetime(2027, 3, 3, 12, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Town:
    """The providers, secrets, database and wall clock that outlive the router's processes."""

    folder: Path
    database: str
    pagerduty: PagerDutyFake
    slack: SlackFake
    smtp: SmtpFake

    def environment(self, **changed: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "GUARDIA_CATALOG": str(ROOT / "tests" / "catalog"),
            "GUARDIA_DATABASE": self.database,
            "GUARDIA_LISTEN": "127.0.0.1:0",
            "GUARDIA_WEBHOOK_TOKEN_FILE": str(self.folder / "webhook-token"),
            "GUARDIA_API_TOKEN_FILE": str(self.folder / "api-token"),
            "GUARDIA_SECRETS_DIR": str(self.folder),
            "GUARDIA_PAGERDUTY_URL": self.pagerduty.url,
            "GUARDIA_SLACK_URL": self.slack.base_url,
            "GUARDIA_SLACK_HOOKS_URL": self.slack.hooks_url,
            "GUARDIA_SMTP_HOST": self.smtp.host,
            "GUARDIA_SMTP_PORT": str(self.smtp.port),
            "GUARDIA_SMTP_TLS": "none",
            "GUARDIA_SMTP_FROM": "guardia@conecta360.example",
        } | changed

    @property
    def clock(self) -> Path:
        """The file of the wall clock of `altered`; there once a test has moved it."""
        return self.folder / "clock"

    def now(self) -> datetime:
        """Return what the wall clock of the routers shows."""
        ahead = float(self.clock.read_text()) if self.clock.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    def set_clock(self, at: datetime) -> None:
        """Set the wall clock of the routers that run, and of those that start from now on.

        A router that started before the first time keeps the real one.
        """
        draft = self.folder / "clock.draft"
        draft.write_text(str((at - datetime.now(UTC)).total_seconds()))
        draft.rename(self.clock)

    def move_clock(self, by: timedelta) -> None:
        self.set_clock(self.now() + by)

    def end_leases(self) -> None:
        """Let the time of a lease pass in the database, by whose clock leases go."""
        engine = open_engine(self.database)
        until = type_coerce(messages.c.leased_until, BigInteger)
        passed = PATIENT_LEASE // timedelta(microseconds=1)
        with engine.begin() as tx:
            if engine.dialect.name == "postgresql":  # row by row, a running router and we may
                tx.execute(text("LOCK TABLE messages IN EXCLUSIVE MODE"))  # wait in a circle
            tx.execute(update(messages).values(leased_until=until - passed))
        engine.dispose()


@dataclass(slots=True)
class RouterProcess:
    """A running router; its log lines are read as they come."""

    process: forking.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    logged: threading.Condition = field(default_factory=threading.Condition)
    port: int = 0
    ended: bool = False  # it logs no more

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, body: bytes) -> int:
        """POST a notification; return the status."""
        headers = {"Authorization": "Bearer webhook-token"}
        answer = httpx.post(
            f"{self.url}/webhook", content=body, headers=headers, timeout=PATIENCE_SECONDS
        )
        return answer.status_code

    def post_unanswered(self, body: bytes) -> None:
        """POST a notification that this process dies of."""
        with pytest.raises(httpx.TransportError):
            self.post(body)
        self.wait_for_death()

    def ask(self, path: str) -> Any:
        """Return what the API answers; None for what is not there."""
        headers = {"Authorization": "Bearer api-token"}
        answer = httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_SECONDS)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def wait_for(self, path: str, seen: Callable[[Any], object]) -> Any:
        """Return what the API answers as soon as it is there and `seen` is true of it."""
        deadline = monotonic() + PATIENCE_SECONDS
        while (found := self.ask(path)) is None or not seen(found):
            assert monotonic() < deadline, f"{path} stayed {found}"
            sleep(POLL_SECONDS)
        return found

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples, whatever their labels are; 0 without any."""
        text = httpx.get(f"{self.url}/metrics", timeout=PATIENCE_SECONDS).text
        samples = [line for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in samples)

    def wait_for_metric(self, name: str, seen: Callable[[float], bool]) -> None:
        """Return as soon as `seen` is true of a metric."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not seen(value := self.metric(name)):
            assert monotonic() < deadline, f"{name} stayed {value}"
            sleep(POLL_SECONDS)

    def wait_for_death(self) -> None:
        """Return once it has killed itself at the point where it was to die."""
        assert self.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL

    def kill(self) -> None:
        """End it as a power cut would: nothing of it runs any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def read_logs(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.logged:
                self.lines.append(_read_line(line))
                self.logged.notify_all()
        with self.logged:
            self.ended = True
            self.logged.notify_all()

    def wait_for_log(self, message: str, *, count: int = 1) -> dict[str, Any]:
        """Return the first log line with this message, or the `count`th, as soon as it is there."""

        def found() -> dict[str, Any] | None:
            logged = [one for one in self.lines if one["message"] == message]
            return logged[count - 1] if len(logged) >= count else None

        with self.logged:
            self.logged.wait_for(lambda: self.ended or found(), PATIENCE_SECONDS)
            line = found()
        assert line is not None, f"the router did not log {message!r}: {self.lines}"
        return line


def _read_line(line: str) -> dict[str, Any]:
    """Return what was logged; what is no log line (a traceback) only has a message."""
    try:
        read: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"message": line.rstrip("\n"), "level": "", "logger": ""}
    return read


def copy_catalog(folder: Path) -> Path:
    """Copy the catalog, give its people accounts in Slack, and return the file that has them."""
    shutil.copytree(ROOT / "tests" / "catalog", folder)
    (people,) = (folder / "oncall").glob("*.yaml")
    named = r"name: Platform engineer (\d)\n"
    people.write_text(re.sub(named, r"\g<0>    slack: U00\1\n", people.read_text()))
    return people


@contextmanager
def open_town(folder: Path, *, database: str | None = None) -> Iterator[Town]:
    """Serve the providers; without a `database` it is a SQLite file in the folder."""
    for name, key in KEYS.items():
        (folder / f"pagerduty-{name}").write_text(key)
    (folder / "slack-token").write_text(SLACK_TOKEN)
    (folder / "slack-signing-secret").write_text("signing-secret")
    (folder / "webhook-token").write_text("webhook-token")
    (folder / "api-token").write_text("api-token")
    channels = ["#operaciones", "#operaciones-info"]
    with (
        PagerDutyFake(keys=KEYS).serving() as pagerduty,
        SlackFake(token=SLACK_TOKEN, channels=channels).serving() as slack,
        SmtpFake().serving() as smtp,
    ):
        yield Town(
            folder=folder,
            database=database or f"sqlite:///{folder}/guardia.db",
            pagerduty=pagerduty,
            slack=slack,
            smtp=smtp,
        )


@contextmanager
def running(
    town: Town, *, dies: str = "", freezes: str = "", sets: str = "", **changed: str
) -> Iterator[RouterProcess]:
    """Run the router; a process that the block leaves running is killed.

    `dies`, `freezes` and `sets` are what `altered` takes.
    """
    points = {"DIES": dies, "FREEZES": freezes, "SETS": sets}
    module, environment = _serving(town, points, changed)
    process = forking.start(module, "serve", cwd=ROOT, env=environment)
    with _reading(process) as router:
        yield router


@contextmanager
def running_cold(town: Town, **changed: str) -> Iterator[RouterProcess]:
    """Run the router as a user starts it, with nothing imported."""
    module, environment = _serving(town, {}, changed)
    process = forking.start(module, "serve", cwd=ROOT, env=environment, cold=True)
    with _reading(process) as router:
        yield router


@contextmanager
def _reading(process: forking.Process) -> Iterator[RouterProcess]:
    router = RouterProcess(process)
    reader = threading.Thread(target=router.read_logs)
    reader.start()
    try:
        router.port = router.wait_for_log("listening")["port"]
        yield router
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_SECONDS)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


def start_and_die(town: Town, *, dies: str) -> None:
    """Start a router that ends itself before it listens."""
    module, environment = _serving(town, {"DIES": dies}, {})
    done = forking.run(module, "serve", cwd=ROOT, env=environment)
    assert done.returncode == -signal.SIGKILL, done.stderr


def _serving(
    town: Town, points: Mapping[str, str], changed: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    environment = town.environment(**changed)
    altered = {variable: point for variable, point in points.items() if point}
    if town.clock.exists():
        altered["CLOCK"] = str(town.clock)
    module = "tests.delivery.altered" if altered else "guardia.cli.main"
    return module, environment | altered


def guardia(
    *arguments: str, environment: Mapping[str, str], cold: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return forking.run("guardia.cli.main", *arguments, cwd=ROOT, env=environment, cold=cold)


def critical(**labels: str) -> bytes:
    """Return a notification that wakes the first user's person on call."""
    return notification_body(
        alert_body("firing", severity="critical", environment="prod", **labels)
    )


def outage(name: str, status: str = "firing") -> bytes:
    """Return a notification of a group, and so of an incident, of its own."""
    alert = alert_body(status, severity="critical", environment="prod", alertname=name)
    group = {"alertname": name}
    return notification_body(alert, groupLabels=group, groupKey=f'{{}}:{{alertname="{name}"}}')


def over(**labels: str) -> bytes:
    return notification_body(
        alert_body("resolved", severity="critical", environment="prod", **labels)
    )
