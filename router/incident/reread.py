"""Sentences of ours that came as plain text, and are told in the reader's language all the same.

Our own alerts travel as notifications do, and what hides an alert in Alertmanager
is kept as text: neither has room for what the sentence was made of. So it is
read back by the template that it was made by.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Final

from router.incident.announcement import ANNOUNCEMENT
from router.incident.heartbeat import MISSED_ALERT
from router.intake.rejection import REJECTION_LABELS, REJECTION_SUMMARY
from router.oncall.announced import ANNOUNCED
from router.phrase import Argument, Part, Phrase, listed, phrase

TEST_ALERT: Final = "GuardiaTestPage"


def heartbeat_missing(name: str, every: str) -> Phrase:
    """Return what is wrong when a heartbeat stays away."""
    return phrase("The heartbeat {name} did not come for {every}", name=name, every=every)


def heartbeat_missing_since(matchers: str, last: str) -> Phrase:
    """Return what that means; `last` is when it came last, empty for one that never did."""
    if not last:
        return phrase(
            "{matchers} never came. Where it comes from, or on the way here,"
            " something is broken: other alerts may not arrive either.",
            matchers=matchers,
        )
    return phrase(
        "{matchers} last came at {at}. Where it comes from, or on the way here,"
        " something is broken: other alerts may not arrive either.",
        matchers=matchers,
        at=last,
    )


def heartbeat_returned(name: str) -> Phrase:
    """Return how it ends when the heartbeat comes."""
    return phrase("The heartbeat {name} comes again", name=name)


def heartbeat_undeclared(name: str) -> Phrase:
    """Return how it ends when the catalog has it no more."""
    return phrase("The heartbeat {name} is not declared any more", name=name)


def page_test(person: str, by: str) -> Phrase:
    """Return what a test page is about."""
    return phrase(
        "Test page for {person}, asked for by {by}: nothing is wrong", person=person, by=by
    )


def page_test_explained(minutes: int) -> Phrase:
    """Return what somebody can do about a test page."""
    return phrase(
        "Nothing is wrong and nobody else is paged. Acknowledge it, if you like,"
        " to try that out too; it ends by itself after {minutes} minutes.",
        minutes=minutes,
    )


def rejected_so_far(count: int, sender: str, reason: str) -> Phrase:
    """Return what was rejected since the incident about it is open."""
    return phrase(
        "Rejected so far: {count}, the last from {sender}: {reason}"
        " What was received is kept: `guardia rejected` lists it."
        " Alerts may be missing until the sender is mended.",
        count=count,
        sender=sender,
        reason=reason,
    )


_OURS: Final[Mapping[str, tuple[Phrase, ...]]] = MappingProxyType(
    {
        MISSED_ALERT: (
            heartbeat_missing("", ""),
            heartbeat_missing_since("", ""),
            heartbeat_missing_since("", "then"),
            heartbeat_returned(""),
            heartbeat_undeclared(""),
        ),
        ANNOUNCEMENT: ANNOUNCED,
        TEST_ALERT: (page_test("", ""), page_test_explained(0)),
        REJECTION_LABELS["alertname"]: (REJECTION_SUMMARY, rejected_so_far(0, "", "")),
    }
)
# As router.intake.alertmanager writes them; the first says most.
_HIDING: Final = (
    phrase("silenced by {person} until {until} ({comment})", person="", until="", comment=""),
    phrase("silenced by {silence}", silence=""),
    phrase("inhibited by {alert}", alert=""),
    phrase("muted by time interval {name}", name=""),
)
# Why a message was not needed any more, or is sent again: its row has only the text.
_DROPPED: Final = (
    phrase("accepted, and sent once more in case that was too early"),
    phrase("told with others in one page"),
    phrase("superseded by the resolve"),
    phrase("superseded by a newer notice"),
    phrase("it was given to somebody else"),
    phrase("none of its incidents is left in it"),
    phrase("no alert that goes on wakes people"),
    phrase("no alert fires"),
    phrase("acknowledged before it was accepted"),
    phrase("resolved before it was accepted"),
    phrase("{person} is awake", person=""),
    phrase("told with another in the summary of #{number}", number=""),
    phrase("told with {count} others in the summary of #{number}", count="", number=""),
)
_LONGEST: Final = 1000  # ours are shorter, and what is not may be made to take long
_ANOTHER: Final = re.compile(r"; (?=silenced by |inhibited by |muted by time interval )")
_NAME: Final = re.compile(r"\{(\w+)\}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", re.ASCII)


def own_words(labels: Mapping[str, str], text: str) -> str:
    """Return a text of an alert of ours as the sentence it was; that of any other as it is."""
    return _reread(text, _OURS.get(labels.get("alertname", ""), ()))


def hiding_words(suppressed_by: str) -> Phrase:
    """Return what hides an alert in Alertmanager as the sentences it was made of."""
    return listed(*(_reread(one, _HIDING) for one in _ANOTHER.split(suppressed_by)), by="; ")


def dropped_words(detail: str) -> str:
    """Return why a message is not sent, or sent again, as the sentence it was."""
    told = _reread(detail, _DROPPED)
    return told if isinstance(told, Phrase) else hiding_words(detail)


def _reread(text: str, made: Iterable[Phrase]) -> str:
    if len(text) > _LONGEST:
        return text
    for one in made:
        templates = tuple(part.template for part in one.parts)
        found = _pattern(templates).fullmatch(text)
        if found is not None:
            return Phrase(tuple(_filled(template, found) for template in templates))
    return text


def _filled(template: str, found: re.Match[str]) -> Part:
    names = _NAME.findall(template)
    return Part(template=template, arguments={name: _value(found[name]) for name in names})


@cache
def _pattern(templates: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds the parts of a sentence; no two of them name an argument alike."""
    words = _NAME.split(" ".join(templates))
    named = [f"(?P<{name}>.+?)" for name in words[1::2]]
    plain = [re.escape(text) for text in words[::2]]
    pairs = zip(plain, [*named, ""], strict=True)
    return re.compile("".join(text for pair in pairs for text in pair), re.DOTALL)


def _value(text: str) -> Argument:
    if not _INSTANT.fullmatch(text):
        return text
    try:
        return datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:  # the 31st of a short month: somebody else wrote it
        return text
