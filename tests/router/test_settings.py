"""Settings: all problems at once, and no secret shown."""

from datetime import timedelta

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
        "GUARDIA_SMTP_TLS": "maybe",
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
        "GUARDIA_SMTP_TLS must be starttls, implicit or none",
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


def test_the_external_address_is_a_base_for_paths() -> None:
    environment = {**ENOUGH, "GUARDIA_EXTERNAL_URL": "https://ops.example.org/guardia/"}
    assert read_settings(environment).external_url == "https://ops.example.org/guardia"
    assert read_settings(ENOUGH).external_url is None


@pytest.mark.parametrize(
    "url",
    [
        "ops.example.org",
        "https://ops.example.org/?team=a",
        "https://ops.example.org/#a",
        "https://user:hunter2@ops.example.org",
        "ftp://ops.example.org",
        "https://ops.example.org//evil.example",  # a redirect below it would lead there
        "https://ops.example.org/a//b",
        "https://ops.example.org/\\evil.example",
        "https://ops.example.org/a b",
        "https://ops example.org",
        "https://ops.example.org:99999",
        "https://:443",
        "https://[",
    ],
)
def test_an_external_address_that_links_cannot_begin_with_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="GUARDIA_EXTERNAL_URL must be"):
        read_settings({**ENOUGH, "GUARDIA_EXTERNAL_URL": url})


@pytest.mark.parametrize(
    ("set_to", "port"),
    [
        ({}, 587),
        ({"GUARDIA_SMTP_TLS": "implicit"}, 465),
        ({"GUARDIA_SMTP_TLS": "none"}, 25),
        ({"GUARDIA_SMTP_TLS": "implicit", "GUARDIA_SMTP_PORT": "2465"}, 2465),
    ],
)
def test_the_mail_servers_port_follows_the_encryption(set_to: dict[str, str], port: int) -> None:
    assert read_settings(ENOUGH | set_to).smtp_port == port


def test_a_setting_of_before_is_not_passed_over() -> None:
    with pytest.raises(SettingsError, match="set GUARDIA_SMTP_TLS=starttls, implicit or none"):
        read_settings({**ENOUGH, "GUARDIA_SMTP_STARTTLS": "false"})


def test_what_is_over_is_kept_for_400_days_unless_said_otherwise() -> None:
    assert read_settings(ENOUGH).retention == timedelta(days=400)
    assert read_settings({**ENOUGH, "GUARDIA_RETENTION": "13w"}).retention == timedelta(weeks=13)


def test_all_peers_of_alertmanager_are_named_with_commas_between() -> None:
    text = "http://am-0:9093/, https://am-1.example/alertmanager,,http://am-0:9093"

    settings = read_settings({**ENOUGH, "GUARDIA_ALERTMANAGERS": text})

    assert settings.alertmanagers == ("http://am-0:9093", "https://am-1.example/alertmanager")
    assert settings.alertmanager_receiver == "guardia"
    assert read_settings(ENOUGH).alertmanagers == ()


@pytest.mark.parametrize("text", ["am-0:9093", "http://u:p@am-0", "http://am-0, ftp://am-1"])
def test_what_is_no_address_of_an_alertmanager_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="GUARDIA_ALERTMANAGERS must be an address"):
        read_settings({**ENOUGH, "GUARDIA_ALERTMANAGERS": text})


@pytest.mark.parametrize("text", ["23h", "0d", "400", "1y", "20000d", "forever"])
def test_a_retention_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="GUARDIA_RETENTION must be a duration from 1d to"):
        read_settings({**ENOUGH, "GUARDIA_RETENTION": text})


def test_the_heartbeats_url_is_kept_as_written_and_not_shown() -> None:
    url = "https://watch.example/ping/0f3c/"
    settings = read_settings({**ENOUGH, "GUARDIA_HEARTBEAT_URL": url})
    assert settings.heartbeat_url == url
    assert settings.heartbeat_every == timedelta(minutes=1)
    assert "0f3c" not in repr(settings)


@pytest.mark.parametrize("every", ["9s", "2d", "often", "0s"])
def test_a_heartbeat_that_nobody_can_wait_for_is_refused(every: str) -> None:
    environment = {
        **ENOUGH,
        "GUARDIA_HEARTBEAT_EVERY": every,
        "GUARDIA_HEARTBEAT_URL": "watch.example/0f3c",
    }
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)
    interval, address = sorted(refused.value.problems)
    assert interval.startswith("GUARDIA_HEARTBEAT_EVERY must be a duration from 10s to 1d")
    assert address == (
        "GUARDIA_HEARTBEAT_URL must be an address that starts with http:// or https://"
    )
