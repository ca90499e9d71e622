"""What the catalog needs of this installation and does not find: said at start, not at 03:00."""

from pathlib import Path

from router.address import Address
from router.catalog import OnCallCatalog
from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.settings import Settings


def check_setup(settings: Settings, catalog: OnCallCatalog) -> tuple[str, ...]:
    """Return a sentence for each secret, channel or token file that is missing."""
    used = _addresses(catalog)
    channels = {address.channel for address in used}
    secrets = {f"pagerduty-{one.address}" for one in used if one.channel == "pagerduty"}
    if "slack" in channels:
        secrets.add("slack-token")
    if "email" in channels and settings.smtp_user is not None:
        secrets.add("smtp-password")
    problems = [_check_secret(settings.secrets_dir, name) for name in sorted(secrets)]
    for name, file in (
        ("GUARDIA_WEBHOOK_TOKEN_FILE", settings.webhook_token_file),
        ("GUARDIA_API_TOKEN_FILE", settings.api_token_file),
    ):
        problem = _check_secret(file.parent, file.name)
        problems.append(problem and f"{name}: {problem}")
    if "email" in channels and settings.smtp_host is None:
        problems.append("the catalog has e-mail addresses, and GUARDIA_SMTP_HOST is not set")
    return tuple(problem for problem in problems if problem is not None)


def _addresses(catalog: OnCallCatalog) -> set[Address]:
    people = (person.addresses for person in catalog.roster.people.values())
    routes = (route.channels for route in catalog.routes)
    return {address for addresses in (*people, *routes) for address in addresses}


def _check_secret(folder: Path, name: str) -> str | None:
    try:
        read_secret(folder, name)
    except (SecretError, SecretUnavailableError) as error:
        return str(error)
    return None
