"""`guardia serve` as a process of its own, with the first user's catalog."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.pagerduty import PagerDutyFake
from tests.fakes.slack import SlackFake
from tests.fakes.smtp import SmtpFake
from tests.router.making import alert_body, notification_body

ROOT = Path(__file__).resolve().parents[2]
KEYS = {f"platform-{number}": str(number) * 32 for number in (1, 2, 3)}
SLACK_TOKEN = "xoxb-test"
START_SECONDS = 30
STOP_SECONDS = 20


@dataclass(slots=True, kw_only=True)
class Town:
    """The providers, the secrets and the database file that outlive the router's processes."""

    folder: Path
    pagerduty: PagerDutyFake
    slack: SlackFake
    smtp: SmtpFake

    def environment(self, **changed: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "GUARDIA_CATALOG": str(ROOT / "tests" / "catalog"),
            "GUARDIA_DATABASE": f"sqlite:///{self.folder}/guardia.db",
            "GUARDIA_LISTEN": "127.0.0.1:0",
            "GUARDIA_WEBHOOK_TOKEN_FILE": str(self.folder / "webhook-token"),
            "GUARDIA_API_TOKEN_FILE": str(self.folder / "api-token"),
            "GUARDIA_SECRETS_DIR": str(self.folder),
            "GUARDIA_PAGERDUTY_URL": self.pagerduty.url,
            "GUARDIA_SLACK_URL": self.slack.base_url,
            "GUARDIA_SMTP_HOST": self.smtp.host,
            "GUARDIA_SMTP_PORT": str(self.smtp.port),
            "GUARDIA_SMTP_TLS": "none",
            "GUARDIA_SMTP_FROM": "guardia@conecta360.example",
        } | changed


@dataclass(slots=True)
class RouterProcess:
    """A running router; its log lines are read as they come."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)
    logged: threading.Condition = field(default_factory=threading.Condition)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, body: bytes) -> int:
        """POST a notification; return the status."""
        headers = {"Authorization": "Bearer webhook-token"}
        answer = httpx.post(f"{self.url}/webhook", content=body, headers=headers, timeout=10)
        return answer.status_code

    def kill(self) -> None:
        """End it as a power cut would: nothing of it runs any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def read_logs(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.logged:
                self.lines.append(json.loads(line))
                self.logged.notify_all()

    def wait_for_log(self, message: str, *, count: int = 1) -> dict[str, Any]:
        """Return the first log line with this message, or the `count`th, as soon as it is there."""

        def found() -> dict[str, Any] | None:
            logged = [one for one in self.lines if one["message"] == message]
            return logged[count - 1] if len(logged) >= count else None

        with self.logged:
            line = self.logged.wait_for(found, START_SECONDS)
        assert line is not None, f"the router did not log {message!r}: {self.lines}"
        return line


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    for name, key in KEYS.items():
        (folder / f"pagerduty-{name}").write_text(key)
    (folder / "slack-token").write_text(SLACK_TOKEN)
    (folder / "webhook-token").write_text("webhook-token")
    (folder / "api-token").write_text("api-token")
    channels = ["#operaciones", "#operaciones-info"]
    with (
        PagerDutyFake(keys=KEYS).serving() as pagerduty,
        SlackFake(token=SLACK_TOKEN, channels=channels).serving() as slack,
        SmtpFake().serving() as smtp,
    ):
        yield Town(folder=folder, pagerduty=pagerduty, slack=slack, smtp=smtp)


@contextmanager
def running(town: Town, **changed: str) -> Iterator[RouterProcess]:
    """Run the router; a process that the block leaves running is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "guardia.cli.main", "serve"],
        cwd=ROOT,
        env=town.environment(**changed),
        stderr=subprocess.PIPE,
        text=True,
    )
    router = RouterProcess(process)
    reader = threading.Thread(target=router.read_logs)
    reader.start()
    try:
        router.port = router.wait_for_log("listening")["port"]
        yield router
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_SECONDS)
        reader.join()
        assert process.stderr is not None
        process.stderr.close()


def guardia(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "guardia.cli.main", *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def critical(**labels: str) -> bytes:
    """Return a notification that wakes the first user's person on call."""
    return notification_body(
        alert_body("firing", severity="critical", environment="prod", **labels)
    )


def over(**labels: str) -> bytes:
    return notification_body(
        alert_body("resolved", severity="critical", environment="prod", **labels)
    )
