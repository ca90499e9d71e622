"""What is said at start, before anybody has to be paged."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.catalog import OnCallCatalog
from router.catalog.delegated import delegated_policy, list_delegated, list_services
from router.oncall.model import PersonId
from router.settings import Settings, SmtpTls, read_settings
from router.setup import check_setup, read_templates
from router.sign_in import Oidc
from tests.router.road import on_call_catalog


def whole_catalog() -> OnCallCatalog:
    """Return the road's catalog, with somebody who can press buttons in Slack."""
    catalog = on_call_catalog()
    people = dict(catalog.roster.people)
    people[PersonId("ana")] = replace(people[PersonId("ana")], slack="U0ANA")
    return replace(catalog, roster=replace(catalog.roster, people=people))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with every secret that the road's catalog needs."""
    for name in ("webhook-token", "api-token", "pagerduty-ana", "pagerduty-ben", "slack-token"):
        (tmp_path / name).write_text("a secret")
    (tmp_path / "slack-signing-secret").write_text("# of the app\na secret\n")
    (tmp_path / "link-key").write_text("k" * 32)
    return read_settings(
        {
            "GUARDIA_WEBHOOK_TOKEN_FILE": str(tmp_path / "webhook-token"),
            "GUARDIA_API_TOKEN_FILE": str(tmp_path / "api-token"),
            "GUARDIA_SECRETS_DIR": str(tmp_path),
            "GUARDIA_SMTP_HOST": "mail.example",
            "GUARDIA_SMTP_FROM": "guardia@conecta360.example",
            "GUARDIA_EXTERNAL_URL": "https://guardia.example.org",
            "GUARDIA_PROXY_FROM": "192.0.2.1",
            "GUARDIA_ALERTMANAGERS": "http://alertmanager.example:9093",
        }
    )


def test_what_is_whole_needs_no_warning(settings: Settings) -> None:
    assert check_setup(settings, whole_catalog()) == ()


def test_answers_that_do_not_come_back_are_named_where_pagerduty_escalates(
    settings: Settings,
) -> None:
    catalog = whole_catalog()
    assert check_setup(settings, catalog) == ()  # people's own services: it is of use, not needed
    delegated = list_delegated([replace(catalog.routes[0], policy=delegated_policy("ana"))])
    services = {one.id: one for one in list_services(delegated)}
    roster = replace(catalog.roster, people=catalog.roster.people | services)

    (told,) = check_setup(settings, replace(catalog, roster=roster))
    assert told.startswith("routes leave the escalation to PagerDuty, and its answers do not come")
    assert "pagerduty-webhook" in told

    (settings.secrets_dir / "pagerduty-webhook").write_text("whsec")
    assert check_setup(settings, replace(catalog, roster=roster)) == ()
    (told,) = check_setup(replace(settings, external_url=None), catalog)
    assert told.startswith("GUARDIA_EXTERNAL_URL is not set: most events of PagerDuty's do not")


def test_a_proxy_in_front_that_is_not_named_is_warned_of(settings: Settings) -> None:
    unnamed = replace(settings, sign_in=replace(settings.sign_in, proxy_from=()))

    (told,) = check_setup(unnamed, whole_catalog())

    assert told.startswith("GUARDIA_PROXY_FROM is not set, though something in front serves")
    within = replace(unnamed, external_url="http://guardia.example.org")
    assert check_setup(within, whole_catalog()) == ()


def test_what_is_missing_is_named(settings: Settings) -> None:
    (settings.secrets_dir / "pagerduty-ben").unlink()
    (settings.secrets_dir / "slack-token").write_text("")

    told = check_setup(replace(settings, smtp_host=None), whole_catalog())

    assert [one.partition("pagerduty-ben")[1] for one in told].count("pagerduty-ben") == 1
    assert any("slack-token is empty" in one for one in told)
    assert any("GUARDIA_SMTP_HOST is not set" in one for one in told)
    assert len(told) == 3


@pytest.mark.parametrize("content", [None, "", "too short\n", "# " + "k" * 40])
def test_that_pages_by_mail_have_no_link_is_said(settings: Settings, content: str | None) -> None:
    file = settings.secrets_dir / "link-key"
    file.unlink()
    if content is not None:
        file.write_text(content)

    (told,) = check_setup(settings, whole_catalog())

    assert told.startswith("pages by e-mail have no link to answer by: ")
    assert "link-key" in told
    assert check_setup(replace(settings, external_url=None), whole_catalog()) == ()


@pytest.mark.parametrize("content", [None, "", "# nothing yet\n"])
def test_that_messages_in_slack_have_no_buttons_is_said(
    settings: Settings, content: str | None
) -> None:
    file = settings.secrets_dir / "slack-signing-secret"
    file.unlink()
    if content is not None:
        file.write_text(content)

    (told,) = check_setup(settings, whole_catalog())

    assert told.startswith("messages in Slack have no buttons to answer by: ")
    assert str(file) in told
    catalog = whole_catalog()
    without_slack = replace(
        catalog, routes=tuple(replace(one, channels=()) for one in catalog.routes)
    )
    assert check_setup(settings, without_slack) == ()


def test_that_nobody_can_press_a_button_in_slack_is_said(settings: Settings) -> None:
    catalog = whole_catalog()
    people = {id: replace(one, slack=None) for id, one in catalog.roster.people.items()}

    (told,) = check_setup(settings, replace(catalog, roster=replace(catalog.roster, people=people)))

    assert told.startswith("nobody in the catalog has a `slack`: ")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://LOCALHOST",
        "http://127.0.0.1:8080",
        "http://[::1]/",
        "http://0.0.0.0:80",
        "https://guardia.localhost",
    ],
)
def test_links_that_only_open_on_the_routers_own_machine_are_warned_of(
    settings: Settings, url: str
) -> None:
    (told,) = check_setup(replace(settings, external_url=url), whole_catalog())
    assert (
        told == f"GUARDIA_EXTERNAL_URL is {url}: links in messages will open on this machine only"
    )


def test_an_alertmanager_that_cannot_be_asked_for_want_of_a_name_is_warned_of(
    settings: Settings,
) -> None:
    (told,) = check_setup(replace(settings, alertmanagers=()), whole_catalog())

    assert told.startswith("GUARDIA_ALERTMANAGERS is not set: silences do not pause paging")


def test_a_password_in_the_clear_is_warned_of(settings: Settings) -> None:
    (settings.secrets_dir / "smtp-password").write_text("right")
    with_user = replace(settings, smtp_user="guardia")

    assert check_setup(with_user, whole_catalog()) == ()
    (told,) = check_setup(replace(with_user, smtp_tls=SmtpTls.NONE), whole_catalog())
    assert "the mail server's password can be read on its way" in told


def test_templates_are_read_and_those_of_no_use_are_named(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "email.txt").write_text("{{ title }}")
    (folder / "slack.txt").write_text("{% if %}")
    (folder / "..data").mkdir()  # as Kubernetes mounts them
    with_templates = replace(settings, templates=folder)

    sources, _ = read_templates(folder)
    (told,) = check_setup(with_templates, whole_catalog())

    assert sources == {"email.txt": "{{ title }}"}
    assert told.startswith(
        "template slack.txt cannot be used, ours is instead: TemplateSyntaxError"
    )


def test_a_folder_of_templates_that_is_not_there_is_warned_of(settings: Settings) -> None:
    gone = settings.secrets_dir / "gone"
    assert read_templates(gone)[0] == {}
    (told,) = check_setup(replace(settings, templates=gone), whole_catalog())
    assert "GUARDIA_TEMPLATES cannot be read" in told


def test_signing_in_that_cannot_work_is_warned_of(settings: Settings) -> None:
    oidc = Oidc(issuer="https://login.example.org", client_id="guardia")
    by_provider = replace(settings, sign_in=replace(settings.sign_in, oidc=oidc))
    catalog = whole_catalog()

    missing, nobody = check_setup(by_provider, catalog)
    assert missing.startswith("nobody can sign in by OpenID Connect: cannot read the secret")
    assert "oidc-client-secret" in missing
    assert nobody == "nobody in the catalog has a `sign_in`: nobody will be let in by it"

    (settings.secrets_dir / "oidc-client-secret").write_text("a secret")
    ana = replace(catalog.roster.people[PersonId("ana")], sign_ins=("ana@conecta360.example",))
    people = catalog.roster.people | {ana.id: ana}
    known = replace(catalog, roster=replace(catalog.roster, people=people))
    assert check_setup(by_provider, known) == ()
    (told,) = check_setup(replace(by_provider, external_url=None), known)
    assert told == "GUARDIA_EXTERNAL_URL is not set: the identity provider sends people back to it"
