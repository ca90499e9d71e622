"""What the catalog needs of this installation and does not find: said at start, not at 03:00."""

import logging
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from router.address import Address
from router.catalog import OnCallCatalog
from router.channels.registry import open_channels
from router.channels.secret import (
    SecretError,
    SecretUnavailableError,
    read_secret,
    read_secrets,
)
from router.intake.mail_link import SHORTEST_KEY, parse_keys
from router.language import IN_ENGLISH, LANGUAGES, find_damage
from router.logs import context
from router.message.own_templates import OwnTemplates, find_problem
from router.metrics import Metrics
from router.oncall.model import is_service
from router.settings import (
    LINK_KEY,
    PAGERDUTY_WEBHOOK,
    SLACK_SIGNING_SECRET,
    SLACK_TOKEN,
    Settings,
    SmtpTls,
)
from router.sign_in import OIDC_SECRET

logger = logging.getLogger(__name__)


def check_setup(settings: Settings, catalog: OnCallCatalog) -> tuple[str, ...]:
    """Return a sentence for each secret, channel, token file or address that will not do."""
    used = _addresses(catalog)
    channels = {address.channel for address in used}
    opened = open_channels(settings)
    secrets = {name for one in used for name in opened[one.channel].secrets(one.address)}
    problems = [_check_secret(settings.secrets_dir, name) for name in sorted(secrets)]
    for name, file in (
        ("GUARDIA_WEBHOOK_TOKEN_FILE", settings.webhook_token_file),
        ("GUARDIA_API_TOKEN_FILE", settings.api_token_file),
    ):
        problem = _check_secret(file.parent, file.name)
        problems.append(problem and f"{name}: {problem}")
    if "email" in channels and settings.smtp_host is None:
        problems.append("the catalog has e-mail addresses, and GUARDIA_SMTP_HOST is not set")
    if settings.smtp_user is not None and settings.smtp_tls is SmtpTls.NONE:
        problems.append(
            "GUARDIA_SMTP_TLS is none: the mail server's password can be read on its way"
        )
    problems.append(_check_external_url(settings.external_url))
    problems.append(_check_pagerduty_webhook(settings, catalog))
    problems += _check_sign_in(settings, catalog)
    problems.append(_check_link_key(settings, catalog))
    if "slack" in channels:
        problems.append(_check_slack_buttons(settings, catalog))
    if not settings.alertmanagers:
        problems.append(
            "GUARDIA_ALERTMANAGERS is not set: silences do not pause paging, and an end that"
            " Alertmanager does not tell, as of a silenced alert, is not noticed"
        )
    problems += read_templates(settings.templates)[1]
    return tuple(problem for problem in problems if problem is not None)


def check_languages() -> tuple[str, ...]:
    """Return a sentence for each language of ours whose translations are damaged.

    They are read once in a process, so this is said once, too: at the start.
    """
    found = (find_damage(language) for language in LANGUAGES if language != IN_ENGLISH.language)
    return tuple(f"{damage}; English is told instead" for damage in found if damage is not None)


def read_templates(folder: Path | None) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the usable templates of GUARDIA_TEMPLATES by name, and what is wrong with the rest.

    Nothing about them keeps the router from starting: where one cannot be used, ours is.
    """
    sources: dict[str, str] = {}
    problems: list[str] = []
    try:
        # Hidden files: Kubernetes mounts folders with such names beside the true ones.
        files = [] if folder is None else [one for one in folder.iterdir() if one.name[0] != "."]
        for file in sorted(files):
            source = file.read_text(encoding="utf-8")
            problem = find_problem(file.name, source)
            if problem is None:
                sources[file.name] = source
            else:
                problems.append(f"template {problem}")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"GUARDIA_TEMPLATES cannot be read whole: {error}")
    return sources, tuple(problems)


def open_templates(settings: Settings, metrics: Metrics) -> OwnTemplates:
    """Return the operators' templates; each failure of one is logged and counted."""

    def on_failure(name: str, reason: str) -> None:
        metrics.template_failures.labels(name).inc()
        logger.error(
            "a template failed, and ours was used", extra=context(template=name, reason=reason)
        )

    sources, _ = read_templates(settings.templates)
    return OwnTemplates(sources, on_failure)


def _check_external_url(url: str | None) -> str | None:
    """Say that a link in a message would open the reader's own machine."""
    host = (urlsplit(url).hostname or "") if url is not None else ""
    try:
        address = ip_address(host)
        is_own = address.is_loopback or address.is_unspecified
    except ValueError:  # a name
        is_own = host == "localhost" or host.endswith(".localhost")
    if not is_own:
        return None
    return f"GUARDIA_EXTERNAL_URL is {url}: links in messages will open on this machine only"


def _check_pagerduty_webhook(settings: Settings, catalog: OnCallCatalog) -> str | None:
    """Say that what people answer in PagerDuty does not come back, where only they know of it."""
    problem = _check_secret(settings.secrets_dir, PAGERDUTY_WEBHOOK, read=read_secrets)
    if problem is None:
        if settings.external_url is not None:
            return None
        return (
            "GUARDIA_EXTERNAL_URL is not set: most events of PagerDuty's do not find their"
            " incident, since they are known by its link"
        )
    if not any(is_service(person) for person in catalog.roster.people):
        return None
    return f"routes leave the escalation to PagerDuty, and its answers do not come back: {problem}"


def _check_link_key(settings: Settings, catalog: OnCallCatalog) -> str | None:
    """Say that pages by e-mail cannot be answered by a link."""
    people = catalog.roster.people.values()
    mailed = any(one.channel == "email" for person in people for one in person.addresses)
    if not mailed or settings.external_url is None:
        return None
    problem = _check_secret(settings.secrets_dir, LINK_KEY)
    if problem is None:
        if parse_keys(read_secret(settings.secrets_dir, LINK_KEY)):
            return None
        problem = f"no line of {LINK_KEY} has {SHORTEST_KEY} characters"
    return f"pages by e-mail have no link to answer by: {problem} (`openssl rand -hex 32` makes it)"


def _check_slack_buttons(settings: Settings, catalog: OnCallCatalog) -> str | None:
    """Say that messages in Slack cannot be answered; none are sent without a token, which is told.

    The channel leaves buttons out by the same reading: nobody could be believed who pressed one.
    """
    if _check_secret(settings.secrets_dir, SLACK_TOKEN) is not None:
        return None
    problem = _check_secret(settings.secrets_dir, SLACK_SIGNING_SECRET, read=read_secrets)
    if problem is not None:
        return f"messages in Slack have no buttons to answer by: {problem}"
    if any(person.slack for person in catalog.roster.people.values()):
        return None
    return "nobody in the catalog has a `slack`: whoever presses a button there will be refused"


def _check_sign_in(settings: Settings, catalog: OnCallCatalog) -> list[str | None]:
    """Say what of signing in will not work, though its settings are whole by themselves."""
    sign_in, problems = settings.sign_in, list[str | None]()
    if sign_in.oidc is not None:
        problem = _check_secret(settings.secrets_dir, OIDC_SECRET)
        problems.append(problem and f"nobody can sign in by OpenID Connect: {problem}")
        if settings.external_url is None:
            problems.append(
                "GUARDIA_EXTERNAL_URL is not set: the identity provider sends people back to it"
            )
    ways = sign_in.oidc is not None or sign_in.proxy_header is not None
    if ways and not any(person.sign_ins for person in catalog.roster.people.values()):
        problems.append("nobody in the catalog has a `sign_in`: nobody will be let in by it")
    if (settings.external_url or "").startswith("https://") and not sign_in.proxy_from:
        problems.append(
            "GUARDIA_PROXY_FROM is not set, though something in front serves"
            " GUARDIA_EXTERNAL_URL: all who call have its address, in the audit and where"
            " failed sign-ins are limited"
        )
    return problems


def _addresses(catalog: OnCallCatalog) -> set[Address]:
    people = (person.addresses for person in catalog.roster.people.values())
    routes = (route.channels for route in catalog.routes)
    return {address for addresses in (*people, *routes) for address in addresses}


def _check_secret(
    folder: Path, name: str, *, read: Callable[[Path, str], object] = read_secret
) -> str | None:
    try:
        read(folder, name)
    except (SecretError, SecretUnavailableError) as error:
        return str(error)
    return None
