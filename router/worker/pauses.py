"""An escalation waits while nobody has to be woken, and goes on when somebody has to."""

from datetime import datetime

from sqlalchemy import Connection

from router.escalation.decide import pause, resume
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.incident.reread import hiding_words
from router.message.model import page_round, page_step
from router.phrase import Phrase, listed, phrase
from router.store.timeline import record_events
from router.store.timers import find_timer, record_escalation
from router.worker.outbox import Outbox


def pause_or_resume(
    tx: Connection, outbox: Outbox, incident: Incident, *, was_quiet: bool, now: datetime
) -> None:
    """Bring the incident's escalation in line with whether anything has to wake people.

    One that is at work though the incident `was_quiet` already goes on: a
    person asked for it.
    What waits to be sent is dropped when it pauses, and the steps that asked
    for it are taken again when it goes on, for that alone: nobody is woken for
    what is silenced, and nobody is left out after it.
    """
    if incident.number is None or incident.state is not IncidentState.TRIGGERED:
        return
    timer = find_timer(tx, incident.number)
    if timer is None:
        return
    escalation = timer.escalation
    if not incident.is_quiet:
        if escalation.remaining is None:
            return
        record_escalation(tx, incident.number, resume(escalation, now=now))
        text = phrase("It fires, and nothing hides it: the escalation goes on.")
        kind = EventKind.RESUMED
    else:
        if was_quiet or escalation.remaining is not None:
            return
        dropped = outbox.drop_pages(tx, incident, reason=_reason(incident), now=now)
        of_this = [one for one in dropped if page_round(one.message.dedup_key) == timer.round]
        steps = (escalation.policy.place(page_step(one.message.dedup_key)) for one in of_this)
        paused = pause(escalation, retake=min(steps, default=None), now=now)
        if paused == escalation:
            return
        record_escalation(tx, incident.number, paused)
        text = phrase("The escalation is paused: {reason}.", reason=_reason(incident))
        kind = EventKind.PAUSED
    record_events(tx, incident.number, [Event(at=now, kind=kind, text=text)])


def _reason(incident: Incident) -> Phrase:
    if incident.closes_at is not None:
        return phrase("no alert fires")
    hidden = dict.fromkeys(alert.suppressed_by for alert in incident.firing if alert.suppressed_by)
    return listed(*map(hiding_words, list(hidden)[:3]), by="; ")
