"""Messages in the reader's language: our words alone, by the reader's clock, within the limits."""

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from router.escalation.model import Foreseen
from router.incident.answers import Acknowledge, answer
from router.incident.model import Event, EventKind, Incident
from router.language import LANGUAGES, Reader
from router.message.email import render_email
from router.message.model import Carried, MessageContext, MessageKind, Told
from router.message.own_templates import OwnTemplates
from router.message.pagerduty import render_event
from router.message.slack import render_slack
from router.message.webhook import render_body
from router.oncall.model import PersonId
from router.phrase import phrase
from tests.fakes.pagerduty_rules import find_errors
from tests.fakes.slack_rules import find_block_errors
from tests.router.making import NOON, context, incident, incident_alert, minutes
from tests.router.message.hostile import incidents
from tests.router.message.test_email import OUR_TAGS, Tags

KEY = "0123456789abcdef0123456789abcdef"
SPANISH = Reader(language="es", zone=ZoneInfo("Europe/Madrid"))
PORTUGUESE = Reader(language="pt", zone=ZoneInfo("Atlantic/Cape_Verde"))
READERS = [
    Reader(language=language, zone=zone)
    for language in LANGUAGES
    for zone in (ZoneInfo("UTC"), ZoneInfo("Atlantic/Cape_Verde"))
]
STEP = phrase("Step {step} of policy {policy}", step=1, policy="plataforma")
BECAUSE = phrase("{step} names {person}.", step=STEP, person="Engineer ana")
PAGED = phrase(
    "Page to {person} by {channel}: {because}",
    person="Engineer ana",
    channel="email",
    because=BECAUSE,
)
# Its labels say what are words of ours, and stay what they are.
ALERT = incident_alert(severity="critical", service="resolved", summary="casos is down")


def page(reader: Reader, **fields: object) -> MessageContext:
    made = context(
        incident(ALERT),
        because=BECAUSE,
        timeline=[Event(at=NOON, kind=EventKind.PAGED, text=PAGED)],
        paged=["ana"],
        following=Foreseen(people=(PersonId("ben"),), at=NOON + minutes(15)),
    )
    return replace(made, reader=reader, **fields)  # type: ignore[arg-type]  # of a test's own


def test_a_mail_is_in_the_readers_language_and_by_their_clock() -> None:
    mail = render_email(page(SPANISH))

    assert mail.subject == "[Guardia] #1 crítica: casos is down"
    assert mail.text == (
        "#1 crítica: casos is down\n"
        "\n"
        "Activo desde el 24 nov 2026 13:00 CET; nadie lo ha reconocido aún.\n"
        "Se avisó a Engineer ana. Siguiente: ben, el 24 nov 2026 13:15 CET,"
        " si nadie lo reconoce.\n"
        "\n"
        "Por qué a usted: El paso 1 de la política plataforma nombra a Engineer ana.\n"
        "\n"
        "Incidente: https://guardia.example/incidents/1\n"
        "\n"
        "Alertas:\n"
        "  crítica: DatabaseDown en resolved, desde el 24 nov 2026 13:00 CET\n"
        "\n"
        "Etiquetas comunes:\n"
        "  alertname: DatabaseDown\n"
        "  service: resolved\n"
        "  severity: critical\n"
        "\n"
        "Qué ha pasado hasta ahora:\n"
        "  24 nov 2026 13:00:00 CET Aviso a Engineer ana por email: El paso 1 de la política"
        " plataforma nombra a Engineer ana.\n"
    )
    assert '<html lang="es">' in mail.html


def test_slack_and_pagerduty_and_a_receiver_are_told_in_it_too() -> None:
    made = page(PORTUGUESE)

    state = "Ativo desde 24 nov. 2026 11:00 UTC−1; ainda ninguém o reconheceu."
    assert state in render_slack(made).text
    assert render_event(made, KEY)["payload"]["custom_details"]["state"] == state
    body = json.loads(render_body(made))
    assert body["text"]["state"] == state
    assert body["because"] == "O passo 1 da política plataforma indica Engineer ana."
    assert body["incident"]["severity"] == "critical"  # for programs
    assert body["labels"]["service"] == "resolved"


def test_resolve_asks_first_in_the_channels_language() -> None:
    blocks = render_slack(page(SPANISH), has_buttons=True).blocks

    (buttons,) = [block["elements"] for block in blocks if block["type"] == "actions"]
    asked = {one["text"]["text"]: one["confirm"] for one in buttons if "confirm" in one}
    assert list(asked) == ["Resolver"]
    dialog = asked["Resolver"]
    assert dialog["style"] == "danger"
    assert [dialog[part]["text"] for part in ("title", "text", "confirm", "deny")] == [
        "¿Resolver #1?",
        "No se avisará a nadie más por este incidente, aunque siga activo."
        " Si solo lo está investigando, reconózcalo en vez de resolverlo.",
        "Resolver",
        "Dejarlo abierto",
    ]


def test_a_step_is_told_in_a_thread_in_the_readers_language() -> None:
    made = page(SPANISH)
    reply = replace(made, message=replace(made.message, kind=MessageKind.ESCALATION, because=PAGED))

    assert render_slack(reply).text == (
        "#1: Aviso a Engineer ana por email:"
        " El paso 1 de la política plataforma nombra a Engineer ana."
    )


def test_what_somebody_answered_is_told_in_the_readers_language() -> None:
    change = answer(incident(ALERT), Acknowledge(by="Engineer {ben}"), now=NOON + minutes(1))

    mail = render_email(page(SPANISH, incident=change.incident, timeline=change.events))

    assert mail.subject == "[Guardia] #1 crítica, reconocido: casos is down"
    assert "Engineer {ben} lo reconoció: no se avisa a nadie más." in mail.text


def test_one_page_for_many_is_in_the_readers_language() -> None:
    told = tuple(Told(number=number, incident=incident(ALERT), url="") for number in range(1, 4))
    carried = Carried(told=told, open_count=3, over_count=0, triggered_count=1)
    made = page(SPANISH, carried=carried)
    digest = replace(
        made,
        message=replace(made.message, kind=MessageKind.DIGEST, dedup_key="i/1/digest.1/ana"),
    )

    summary = render_event(digest, KEY)["payload"]["summary"]
    assert summary.startswith(
        "3 incidentes en un aviso, severidad máxima: crítica, queda 1 por reconocer:"
    )


def test_own_templates_see_our_sentences_in_it_and_the_rest_as_ever() -> None:
    source = "{{ standing }} {{ severity }} {{ language }}: {{ state }} {{ label.service }}"
    templates = OwnTemplates({"email.txt": source}, lambda name, reason: None)

    mail = render_email(page(SPANISH, templates=templates))

    assert mail.text == (
        "triggered critical es: Activo desde el 24 nov 2026 13:00 CET;"
        " nadie lo ha reconocido aún. resolved"
    )


@given(about=incidents(), reader=st.sampled_from(READERS))
def test_in_every_language_each_message_is_one_that_its_channel_takes(
    about: Incident, reader: Reader
) -> None:
    made = replace(context(about, because=BECAUSE), reader=reader)

    assert find_block_errors(render_slack(made, has_buttons=True).blocks) == []
    assert find_errors(render_event(made, KEY)) == []
    mail = render_email(made)
    assert Tags(mail.html).seen <= OUR_TAGS
    assert len(mail.subject.splitlines()) == 1
    assert json.loads(render_body(made))["id"] == made.message.dedup_key
