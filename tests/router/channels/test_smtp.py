"""What a mail server receives."""

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.address import Address
from router.channels.outcome import FailureReason, Retry, Sent
from router.channels.smtp import Email
from router.incident.model import Incident
from router.message.email import render_email
from router.message.model import MessageContext, MessageKind
from router.settings import SmtpTls
from tests.fakes.smtp import SmtpFake
from tests.router.making import context, incident, incident_alert
from tests.router.message.hostile import TEXTS, incidents

WORDS = [
    "La",
    "instancia",
    "número",
    "región",
    "caída",
    "replicación",
    "física",
    "según",
    "último",
    "sondeo",
    "Derivación",
    "no",
    "está",
    "disponible",
    "São",
    "Nicolau",
    "citação",
    "Brava",
    "municipio",
    "petición",
    "a",
    "de",
    "en",
]
SUMMARIES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join)


@pytest.fixture(scope="module")
def server() -> Iterator[SmtpFake]:
    with SmtpFake().serving() as fake:
        yield fake


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(summary=SUMMARIES)
async def test_a_subject_arrives_as_it_was_written(server: SmtpFake, summary: str) -> None:
    told = context(incident(incident_alert(severity="critical", summary=summary)))
    to = Address(channel="email", address="ana@conecta360.example")
    told = replace(told, message=replace(told.message, address=to))
    channel = Email(
        host=server.host,
        port=server.port,
        sender="Guardia <guardia@conecta360.example>",
        tls=SmtpTls.NONE,
        user=None,
        secrets_dir=Path(),
    )

    assert isinstance(await channel.attempt(told), Sent)

    mail = server.mails[-1]
    assert mail.subject == render_email(told).subject
    assert (mail.sender, mail.recipients) == ("guardia@conecta360.example", (to.address,))


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for an address of this machine that only itself vouches for."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def own_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS, by a certificate that this process trusts."""
    certificate, key = _certificate(tmp_path, "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _told(summary: str = "casos is down", **message: Any) -> MessageContext:
    made = context(incident(incident_alert(severity="critical", summary=summary)))
    to = Address(channel="email", address="ana@conecta360.example")
    return replace(made, message=replace(made.message, address=to, **message))


def _channel(server: SmtpFake, folder: Path, tls: SmtpTls, user: str | None = None) -> Email:
    return Email(
        host=server.host,
        port=server.port,
        sender="Guardia <guardia@conecta360.example>",
        tls=tls,
        user=user,
        secrets_dir=folder,
    )


async def test_starttls_then_the_password(own_tls: ssl.SSLContext, tmp_path: Path) -> None:
    (tmp_path / "smtp-password").write_text("right")
    with SmtpFake(users={"guardia": "right"}, tls=own_tls, requires_tls=True).serving() as fake:
        channel = _channel(fake, tmp_path, SmtpTls.STARTTLS, user="guardia")
        assert isinstance(await channel.attempt(_told()), Sent)
        assert fake.mails[0].authenticated_as == "guardia"


async def test_encrypted_from_the_first_byte(own_tls: ssl.SSLContext, tmp_path: Path) -> None:
    with SmtpFake(implicit_tls=own_tls).serving() as fake:
        assert isinstance(await _channel(fake, tmp_path, SmtpTls.IMPLICIT).attempt(_told()), Sent)
        assert len(fake.mails) == 1


@pytest.mark.parametrize("tls", [SmtpTls.STARTTLS, SmtpTls.IMPLICIT])
async def test_a_server_without_encryption_gets_nothing(tls: SmtpTls, tmp_path: Path) -> None:
    """Somebody between who takes STARTTLS out of the server's answer must not read the mail."""
    with SmtpFake().serving() as fake:
        outcome = await _channel(fake, tmp_path, tls).attempt(_told())
        assert fake.mails == ()
    assert isinstance(outcome, Retry)
    assert outcome.reason is FailureReason.UNREACHABLE


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    own_tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = _certificate(tmp_path, "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with SmtpFake(tls=own_tls).serving() as fake:
        outcome = await _channel(fake, tmp_path, SmtpTls.STARTTLS).attempt(_told())
        assert fake.mails == ()
    assert isinstance(outcome, Retry)
    assert "certificate" in outcome.detail.lower()


async def test_an_incident_is_one_thread(server: SmtpFake, tmp_path: Path) -> None:
    keys = ["test/1/1.1/ana", "test/1/last.1/ana", "test/1/notice/email/x/1-opened", "test/2/1.1/a"]
    before = len(server.mails)
    for key in keys:
        channel = _channel(server, tmp_path, SmtpTls.NONE)
        await channel.attempt(_told(dedup_key=key))

    sent = [mail.message for mail in server.mails[before:]]
    roots = [str(mail["References"]) for mail in sent]
    assert len({str(mail["Message-ID"]) for mail in sent}) == 4
    assert len(set(roots[:3])) == 1
    assert roots[3] != roots[0]
    assert [str(mail["In-Reply-To"]) for mail in sent] == roots


async def test_filters_and_automatic_answers_know_it_for_what_it_is(
    server: SmtpFake, tmp_path: Path
) -> None:
    channel = _channel(server, tmp_path, SmtpTls.NONE)
    await channel.attempt(_told())
    await channel.attempt(_told(kind=MessageKind.NOTICE))

    page, notice = (mail.message for mail in server.mails[-2:])
    assert page["List-Id"] == "Guardia <guardia.conecta360.example>"
    assert page["Auto-Submitted"] == "auto-generated"
    assert page["X-Auto-Response-Suppress"] == "All"
    assert (page["Importance"], notice["Importance"]) == ("high", None)


async def test_text_and_html_are_each_whole(server: SmtpFake, tmp_path: Path) -> None:
    await _channel(server, tmp_path, SmtpTls.NONE).attempt(_told("<casos> & más"))

    mail = server.mails[-1]
    page = mail.message.get_body(("html",))
    assert isinstance(page, EmailMessage)
    assert "#1 critical: <casos> & más" in mail.text
    assert "#1 critical: &lt;casos&gt; &amp; más" in page.get_content()


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(hostile=incidents(), because=TEXTS)
async def test_whatever_an_alert_holds_a_mail_has_our_headers_and_no_others(
    server: SmtpFake, hostile: Incident, because: str
) -> None:
    made = context(hostile, because=because)
    to = Address(channel="email", address="ana@conecta360.example")
    told = replace(made, message=replace(made.message, address=to))

    assert isinstance(await _channel(server, Path(), SmtpTls.NONE).attempt(told), Sent)

    mail = server.mails[-1]
    assert mail.recipients == (to.address,)
    assert sorted(mail.message.keys()) == sorted(
        [
            *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
            *("List-Id", "Auto-Submitted", "X-Auto-Response-Suppress", "Importance"),
            *("MIME-Version", "Content-Type"),
        ]
    )
    assert [part.get_content_type() for part in mail.message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
