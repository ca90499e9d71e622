"""A database that takes nothing more for a while, under a router that runs."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text

from tests.delivery.router_process import RouterProcess, Town


@contextmanager
def taking_nothing(town: Town, router: RouterProcess) -> Iterator[None]:
    """A full disk for SQLite; for PostgreSQL a standby that may only be read, as in a failover."""
    if town.database.startswith("sqlite"):
        let_files_grow(router, to_bytes=0)
        yield
        let_files_grow(router, to_bytes=resource.RLIM_INFINITY)
    else:
        _make_read_only(town.database, "on")
        yield
        _make_read_only(town.database, "off")


def let_files_grow(router: RouterProcess, *, to_bytes: int) -> None:
    """Limit what the router may write; beyond it every write fails."""
    _, hard = resource.prlimit(router.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(router.process.pid, resource.RLIMIT_FSIZE, (to_bytes, hard))


def _make_read_only(database: str, value: str) -> None:
    """Set it for new sessions, and end all that there are."""
    url = make_url(database).set(drivername="postgresql+psycopg")
    ours = {"options": "-c default_transaction_read_only=off"}
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=ours)
    with engine.connect() as connection:
        name = connection.dialect.identifier_preparer.quote(url.database or "")
        connection.execute(
            text(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        )
        connection.execute(
            text(
                # Waits until each is gone: until then it would go by what held before.
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
