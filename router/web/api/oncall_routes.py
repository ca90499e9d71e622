"""The part of the API's table that is about who is on call, and how they are reached."""

from http import HTTPStatus
from typing import Final

from router.web.api.awake import AwakeApi, AwakeBody, AwakeEndView, AwakeView
from router.web.api.bodies import BY_EXAMPLE, By
from router.web.api.endpoint import Endpoint, Nothing, Reply, get, post
from router.web.api.oncall import OnCallApi, TurnsQuery, TurnsView, WhoQuery, WhoView
from router.web.api.oncall_views import ChangedOverrideView, OverridesView, PreviewView
from router.web.api.overrides import OverrideBody, OverrideQuery, OverridesApi
from router.web.api.people import PeopleApi, TestPageView

_CONFLICT: Final = HTTPStatus.CONFLICT
_CREATED: Final = HTTPStatus.CREATED
_SENSELESS: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_CALENDAR: Final = Reply(media_type="text/calendar")
_OVERRIDE: Final = {
    "schedule": "primary",
    "person": "platform-1",
    "from": "2026-12-24T18:00:00+01:00",
    "until": "2026-12-26T09:00:00+01:00",
    "by": "Platform engineer 2",
    "reason": "holidays",
}


def oncall_endpoints(api: OnCallApi) -> list[Endpoint]:
    """Return who is on call, as JSON and as calendars."""
    return [
        get(
            "/api/oncall",
            "show_on_call",
            api.who,
            query=WhoQuery,
            reply=Reply(shape=WhoView),
            problems=[_SENSELESS],
        ),
        get(
            "/api/schedules/{id}/shifts",
            "list_shifts",
            api.turns,
            query=TurnsQuery,
            reply=Reply(shape=TurnsView),
            problems=[_SENSELESS],
        ),
        get(
            "/api/schedules/{id}.ics",
            "show_calendar_of_schedule",
            api.schedule_calendar,
            query=Nothing,
            reply=_CALENDAR,
        ),
        get(
            "/api/people/{id}.ics",
            "show_calendar_of_person",
            api.person_calendar,
            query=Nothing,
            reply=_CALENDAR,
        ),
    ]


def override_endpoints(api: OverridesApi) -> list[Endpoint]:
    """Return what is asked and done about overrides."""
    return [
        get(
            "/api/overrides",
            "list_overrides",
            api.list,
            query=OverrideQuery,
            reply=Reply(shape=OverridesView, has_pages=True),
        ),
        post(
            "/api/overrides",
            "make_override",
            api.make,
            body=OverrideBody,
            example=_OVERRIDE,
            reply=Reply(shape=ChangedOverrideView, status=_CREATED),
            problems=[_CONFLICT, _SENSELESS],
        ),
        post(
            "/api/overrides/preview",
            "preview_override",
            api.preview,
            body=OverrideBody,
            example=_OVERRIDE,
            reply=Reply(shape=PreviewView),
            problems=[_SENSELESS],
        ),
        post(
            "/api/overrides/{number}/cancel",
            "cancel_override",
            api.cancel,
            body=By,
            example=BY_EXAMPLE,
            reply=Reply(shape=ChangedOverrideView),
            problems=[_CONFLICT, _SENSELESS],
        ),
    ]


def people_endpoints(people: PeopleApi, awake: AwakeApi) -> list[Endpoint]:
    """Return what is done about how somebody is reached."""
    return [
        post(
            "/api/people/{id}/test-page",
            "test_page",
            people.test_page,
            body=By,
            example=BY_EXAMPLE,
            reply=Reply(shape=TestPageView, status=_CREATED),
            problems=[_CONFLICT, _SENSELESS],
        ),
        post(
            "/api/people/{id}/awake",
            "begin_awake",
            awake.begin,
            body=AwakeBody,
            example=BY_EXAMPLE | {"for": "1h"},
            reply=Reply(shape=AwakeView),
            problems=[_SENSELESS],
        ),
        post(
            "/api/people/{id}/awake/end",
            "end_awake",
            awake.end,
            body=By,
            example=BY_EXAMPLE,
            reply=Reply(shape=AwakeEndView),
            problems=[_SENSELESS],
        ),
    ]
