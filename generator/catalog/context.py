"""What an SLO or a condition takes from around it."""

from collections.abc import Collection
from dataclasses import dataclass

from generator.catalog.model import Extras, Organisation
from generator.catalog.organisation import SloDefaults


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """The organisation's settings, and what the service gives to its parts."""

    organisation: Organisation
    defaults: SloDefaults
    runbooks: Collection[str]
    team: str
    extras: Extras
