"""Settings: all problems at once, and no secret shown."""

import pytest

from router.settings import SettingsError, read_settings

ENOUGH = {
    "GUARDIA_WEBHOOK_TOKEN_FILE": "/run/secrets/webhook",
    "GUARDIA_API_TOKEN_FILE": "/run/secrets/api",
    "GUARDIA_SECRETS_DIR": "/run/secrets",
}


def test_three_files_are_enough() -> None:
    settings = read_settings(ENOUGH)
    assert settings.database == "sqlite:///guardia.db"
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8080)
    assert settings.slack_url == "https://slack.com/api/"
    assert settings.max_body_bytes == 32 * 1024 * 1024


def test_every_problem_is_said_at_once() -> None:
    environment = {
        "GUARDIA_LISTEN": "8080",
        "GUARDIA_PAGERDUTY_URL": "events.pagerduty.com",
        "GUARDIA_SMTP_HOST": "mail.example",
        "GUARDIA_SMTP_STARTTLS": "maybe",
        "GUARDIA_MAX_BODY_BYTES": "-1",
        "GUARDIA_PAGERDUTY_UR": "typo",
    }
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)

    said = "\n".join(refused.value.problems)
    for part in (
        "GUARDIA_WEBHOOK_TOKEN_FILE must be set",
        "GUARDIA_API_TOKEN_FILE must be set",
        "GUARDIA_SECRETS_DIR must be set",
        "GUARDIA_SMTP_FROM must be set",
        "GUARDIA_LISTEN must be an address and a port such as 0.0.0.0:8080, not '8080'",
        "GUARDIA_PAGERDUTY_URL must be an address that starts with http:// or https://",
        "GUARDIA_SMTP_STARTTLS must be true or false",
        "GUARDIA_MAX_BODY_BYTES must be a whole number above 0",
        "GUARDIA_PAGERDUTY_UR is not a setting",
    ):
        assert part in said


def test_an_empty_variable_counts_as_absent() -> None:
    assert read_settings({**ENOUGH, "GUARDIA_LISTEN": " "}).listen_port == 8080


def test_the_database_password_is_not_shown() -> None:
    settings = read_settings({**ENOUGH, "GUARDIA_DATABASE": "postgresql://u:hunter2@db/guardia"})
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:hunter2@h:abc/db",
        "postgresql://u:hunter2@h:99999/db",
        "nonsense hunter2",
        "mysql://u:hunter2@h/db",
    ],
)
def test_a_database_that_cannot_be_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="GUARDIA_DATABASE must be sqlite:///") as refused:
        read_settings({**ENOUGH, "GUARDIA_DATABASE": url})
    assert "hunter2" not in str(refused.value)


def test_an_ipv6_address_is_taken() -> None:
    assert read_settings({**ENOUGH, "GUARDIA_LISTEN": "[::1]:80"}).listen_host == "::1"


def test_variables_that_kubernetes_adds_are_not_settings() -> None:
    environment = ENOUGH | {
        "GUARDIA_ROUTER_SERVICE_HOST": "10.0.0.1",
        "GUARDIA_ROUTER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "GUARDIA_DEBUG": "1",
    }
    assert read_settings(environment) == read_settings(ENOUGH)
