"""Schema changes in order, run at start."""

import logging
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

VERSION_TABLE: Final = "schema_version"
_FOLDER: Final = Path(__file__).parent
_LOCK: Final = 7_423_187_266  # any number, the same in every replica

logger = logging.getLogger(__name__)


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version; does nothing when it is there.

    Replicas that start together take turns. All in one transaction: a failed
    migration leaves the schema as it was. A schema that a newer release has
    made is left as it is: this release runs on it while replicas are replaced
    one by one, and when an upgrade is taken back.
    """
    newest = _newest()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # A migration takes as long as it takes.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        present = _find_version(connection)
        if present == newest:
            return
        if present is not None and present > newest:  # they are numbered
            logger.warning(
                "the database's schema %s is newer than this release, which knows %s: back up,"
                " and upgrade soon",
                present,
                newest,
            )
            return
        _run_migrations(connection)


@cache
def _newest() -> str:
    """Return the newest version that this release knows; a file's name begins with its own."""
    return max(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))


def _run_migrations(connection: Connection) -> None:
    from alembic import command  # late: a fifth of a second, and most starts do without
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _find_version(connection: Connection) -> str | None:
    """Return the schema's version, or None in a database that has none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.execute(
        text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  # a constant
    ).scalar()
    return version
