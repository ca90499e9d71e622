"""Schema changes in order, run at start."""

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

_LOCK: Final = 7_423_187_266  # any number, the same in every replica


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version; does nothing when it is there.

    Replicas that start together take turns. All in one transaction: a failed
    migration leaves the schema as it was.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # A migration takes as long as it takes.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
