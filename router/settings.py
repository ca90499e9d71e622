"""The router's settings: environment variables and the files they name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from guardia.duration import parse_duration
from router.sign_in import SETTINGS as SIGN_IN_SETTINGS
from router.sign_in import SignIn, read_sign_in

T = TypeVar("T")

DEFAULTS: Final[Mapping[str, str]] = {
    "GUARDIA_CATALOG": "catalog",
    "GUARDIA_DATABASE": "sqlite:///guardia.db",
    "GUARDIA_LISTEN": "127.0.0.1:8080",
    "GUARDIA_PAGERDUTY_URL": "https://events.pagerduty.com",
    "GUARDIA_SLACK_URL": "https://slack.com/api/",
    "GUARDIA_SLACK_HOOKS_URL": "https://hooks.slack.com/",
    "GUARDIA_SMTP_TLS": "starttls",
    "GUARDIA_MAX_BODY_BYTES": str(32 * 1024 * 1024),
    "GUARDIA_QUEUE_LIMIT": "2000",
    "GUARDIA_HEARTBEAT_EVERY": "1m",
    "GUARDIA_ALERTMANAGER_RECEIVER": "guardia",  # as the generated configuration calls it
    "GUARDIA_RETENTION": "400d",  # a year, and a month to compare it with the year before
}
KNOWN: Final = (
    *DEFAULTS,
    "GUARDIA_WEBHOOK_TOKEN_FILE",
    "GUARDIA_API_TOKEN_FILE",
    "GUARDIA_SECRETS_DIR",
    "GUARDIA_ALERTMANAGERS",
    "GUARDIA_ALERTMANAGER_TOKEN_FILE",
    "GUARDIA_EXTERNAL_URL",
    "GUARDIA_HEARTBEAT_URL",
    "GUARDIA_TEMPLATES",
    "GUARDIA_SMTP_HOST",
    "GUARDIA_SMTP_PORT",
    "GUARDIA_SMTP_FROM",
    "GUARDIA_SMTP_USER",
    *SIGN_IN_SETTINGS,
)

# The file in GUARDIA_SECRETS_DIR with the secrets by which PagerDuty signs its webhooks.
PAGERDUTY_WEBHOOK: Final = "pagerduty-webhook"
SLACK_TOKEN: Final = "slack-token"  # noqa: S105 - a file's name
# The same for what people press in Slack; and for the links in e-mails, which we sign ourselves.
SLACK_SIGNING_SECRET: Final = "slack-signing-secret"  # noqa: S105 - a file's name
LINK_KEY: Final = "link-key"

# What was a setting once, and what to write instead: passed over, it would change how we send.
RENAMED: Final[Mapping[str, str]] = {
    "GUARDIA_SMTP_STARTTLS": "GUARDIA_SMTP_TLS=starttls, implicit or none",
}


class SmtpTls(StrEnum):
    """How the connection to the mail server is encrypted; never less than was asked for."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"  # from the first byte (RFC 8314), usually at port 465
    NONE = "none"


# RFC 8314, 3.3 and 7.3; RFC 5321 for what is not encrypted.
SMTP_PORTS: Final[Mapping[SmtpTls, int]] = {
    SmtpTls.STARTTLS: 587,
    SmtpTls.IMPLICIT: 465,
    SmtpTls.NONE: 25,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that differs between installations. Secrets are files, read when they are needed."""

    catalog: Path
    database: str = field(repr=False)  # may hold a password
    listen_host: str
    listen_port: int
    webhook_token_file: Path
    api_token_file: Path
    secrets_dir: Path
    external_url: (
        str | None
    )  # what people's browsers reach the router by; without a slash at its end
    templates: Path | None  # folder with templates in place of ours
    pagerduty_url: str
    slack_url: str  # ends with a slash, as slack-sdk needs it
    slack_hooks_url: str  # what Slack's addresses for answers begin with; ends with a slash
    smtp_host: str | None
    smtp_port: int
    smtp_tls: SmtpTls
    smtp_from: str
    smtp_user: str | None
    alertmanagers: tuple[str, ...]  # all peers of the cluster that posts to us
    alertmanager_receiver: str  # the receiver by which it does
    alertmanager_token_file: Path | None
    max_body_bytes: int
    queue_limit: int
    retention: timedelta  # how long what is over is kept
    heartbeat_url: str | None = field(repr=False)  # may be a secret; else in `secrets_dir`, if any
    heartbeat_every: timedelta
    sign_in: SignIn


class SettingsError(Exception):
    """The environment is not enough to start; every problem is one sentence."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that `GUARDIA_*` variables give. Raises SettingsError with all problems.

    An empty variable counts as absent, as many tools set it that way.
    """
    reader = _Reader(environment)
    host, port = reader.take("GUARDIA_LISTEN", _parse_listen) or ("", 0)
    smtp_host = reader.text("GUARDIA_SMTP_HOST")
    smtp_tls = reader.take("GUARDIA_SMTP_TLS", _parse_tls) or SmtpTls.STARTTLS
    sign_in, unclear = read_sign_in(reader.given(SIGN_IN_SETTINGS))
    reader.problems += unclear
    settings = Settings(
        catalog=Path(reader.text("GUARDIA_CATALOG") or ""),
        database=reader.take("GUARDIA_DATABASE", _parse_database, secret=True) or "",
        listen_host=host,
        listen_port=port,
        webhook_token_file=Path(reader.required("GUARDIA_WEBHOOK_TOKEN_FILE")),
        api_token_file=Path(reader.required("GUARDIA_API_TOKEN_FILE")),
        secrets_dir=Path(reader.required("GUARDIA_SECRETS_DIR")),
        external_url=reader.take("GUARDIA_EXTERNAL_URL", _parse_base),
        templates=reader.take("GUARDIA_TEMPLATES", Path),
        pagerduty_url=reader.take("GUARDIA_PAGERDUTY_URL", _parse_url) or "",
        slack_url=(reader.take("GUARDIA_SLACK_URL", _parse_url) or "") + "/",
        slack_hooks_url=(reader.take("GUARDIA_SLACK_HOOKS_URL", _parse_url) or "") + "/",
        smtp_host=smtp_host,
        smtp_port=reader.take("GUARDIA_SMTP_PORT", _parse_port) or SMTP_PORTS[smtp_tls],
        smtp_tls=smtp_tls,
        smtp_from=reader.required("GUARDIA_SMTP_FROM") if smtp_host else "",
        smtp_user=reader.text("GUARDIA_SMTP_USER"),
        alertmanagers=reader.take("GUARDIA_ALERTMANAGERS", _parse_urls) or (),
        alertmanager_receiver=reader.text("GUARDIA_ALERTMANAGER_RECEIVER") or "",
        alertmanager_token_file=reader.take("GUARDIA_ALERTMANAGER_TOKEN_FILE", Path),
        max_body_bytes=reader.take("GUARDIA_MAX_BODY_BYTES", _parse_count) or 0,
        queue_limit=reader.take("GUARDIA_QUEUE_LIMIT", _parse_count) or 0,
        retention=reader.take("GUARDIA_RETENTION", _parse_retention) or timedelta(),
        heartbeat_url=reader.take("GUARDIA_HEARTBEAT_URL", _parse_called, secret=True),
        heartbeat_every=reader.take("GUARDIA_HEARTBEAT_EVERY", _parse_every) or timedelta(),
        sign_in=sign_in,
    )
    reader.problems += _misspelt(environment)
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return settings


def read_database(environment: Mapping[str, str]) -> str:
    """Return the database's address alone. Raises SettingsError."""
    reader = _Reader(environment)
    database = reader.take("GUARDIA_DATABASE", _parse_database, secret=True)
    if database is None:
        raise SettingsError(tuple(reader.problems))
    return database


def _misspelt(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting, or was one, and is none.

    Only near misses: Kubernetes puts GUARDIA_ROUTER_SERVICE_HOST and the like
    into every container beside a service of that name.
    """
    renamed = [
        f"{name} is no setting any more: set {instead}"
        for name, instead in RENAMED.items()
        if name in environment
    ]
    return renamed + [
        f"{name} is not a setting: did you mean {guess[0]}?"
        for name in sorted(environment)
        if name.startswith("GUARDIA_") and name not in KNOWN
        if (guess := get_close_matches(name, KNOWN, n=1, cutoff=0.85))
    ]


class _Reader:
    """Takes values out of the environment and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        return self._environment.get(name, "").strip() or DEFAULTS.get(name)

    def given(self, names: Iterable[str]) -> dict[str, str]:
        return {name: value for name in names if (value := self.text(name)) is not None}

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            self.problems.append(f"{name} must be set")
        return value or ""

    def take(self, name: str, parse: Callable[[str], T], *, secret: bool = False) -> T | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError as error:
            shown = "" if secret else f", not {value!r}"
            self.problems.append(f"{name} must be {error}{shown}")
            return None


def _parse_database(text: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    wanted = "sqlite:///FILE or postgresql://USER@HOST:PORT/NAME"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise ValueError(f"{wanted}; it cannot be read as an address") from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite" and (not url.database or ":memory:" in url.database):
        raise ValueError(f"{wanted}; in memory, nothing would outlive a restart")
    if kind not in ("sqlite", "postgresql"):
        raise ValueError(f"{wanted}; there is no other kind")
    if url.port is not None and not 1 <= url.port <= 65_535:
        raise ValueError(f"{wanted}, with a port from 1 to 65535")
    return text


def _parse_listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError("an address and a port such as 0.0.0.0:8080")
    return host.strip("[]"), _parse_port(port, lowest=0)


def _parse_port(text: str, lowest: int = 1) -> int:
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= 65_535:
        raise ValueError("a port from 1 to 65535")
    return int(text)


def _parse_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("a whole number above 0")
    return int(text)


def _parse_tls(text: str) -> SmtpTls:
    if text not in list(SmtpTls):
        raise ValueError("starttls, implicit or none")
    return SmtpTls(text)


def _parse_retention(text: str) -> timedelta:
    wanted = "a duration from 1d to 10000d such as 400d"
    try:
        kept = parse_duration(text)
    except ValueError:
        raise ValueError(wanted) from None
    # What Alertmanager may repeat, within hours, must still be known.
    if kept < timedelta(days=1):
        raise ValueError(wanted)
    return kept


def _parse_every(text: str) -> timedelta:
    wanted = "a duration from 10s to 1d such as 1m"
    try:
        every = parse_duration(text)
    except ValueError:
        raise ValueError(wanted) from None
    if not timedelta(seconds=10) <= every <= timedelta(days=1):
        raise ValueError(wanted)
    return every


def _parse_called(text: str) -> str:
    """Return an address as it is written: a slash at its end may count."""
    if not _parse_url(text) or not text.isprintable():
        raise ValueError("an address of printable characters")
    return text


def _parse_url(text: str) -> str:
    wanted = "an address that starts with http:// or https://"
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and parts.port != 0  # a port that is none raises
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in ("http", "https") or not has_place:
        raise ValueError(wanted)
    return text.rstrip("/")


def _parse_urls(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_parse_base(one.strip()) for one in text.split(",") if one.strip()))


def _parse_base(text: str) -> str:
    """Return an address that paths are put behind; user and password would be in every message.

    What stands behind `//` or a backslash is another site to a browser, where it is led by
    the path alone (WHATWG URL, 4.4).
    """
    parts = urlsplit(_parse_url(text))
    is_odd = " " in text or "\\" in text or "//" in parts.path.rstrip("/")
    holds_more = parts.query or parts.fragment or parts.username is not None
    if holds_more or is_odd or not text.isprintable():
        raise ValueError("an address such as https://guardia.example.org, and nothing behind it")
    return text.rstrip("/")
