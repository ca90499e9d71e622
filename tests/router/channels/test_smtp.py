"""What a mail server receives."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.address import Address
from router.channels.outcome import Sent
from router.channels.smtp import Email
from router.message.email import render_email
from tests.fakes.smtp import SmtpFake
from tests.router.making import context, incident, incident_alert

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
        starttls=False,
        user=None,
        secrets_dir=Path(),
    )

    assert isinstance(await channel.attempt(told), Sent)

    mail = server.mails[-1]
    assert mail.subject == render_email(told).subject
    assert (mail.sender, mail.recipients) == ("guardia@conecta360.example", (to.address,))
