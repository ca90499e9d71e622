"""Who asks: somebody signed in on the page, or a program with a token."""

from dataclasses import dataclass
from enum import StrEnum

from router.oncall.model import PersonId, Role
from router.web.access.unsent import Unsent


class Via(StrEnum):
    """By which way somebody acted; kept with what they did."""

    PAGE = "page"
    API = "api"
    SLACK = "slack"
    EMAIL = "email"
    PAGERDUTY = "pagerduty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `person` is None for who is not of the catalog, as a program or a token's bearer.

    `form_token` is what forms of this caller's page carry against requests that
    other sites send in their name; empty for programs, which send no cookie.
    `unsent` is what they sent from this page in vain, as their session had ended.
    `speaks_for_others` is who holds the file's token, as the command line does.
    """

    name: str
    person: PersonId | None
    role: Role
    via: Via
    form_token: str = ""
    unsent: Unsent | None = None
    speaks_for_others: bool = False
