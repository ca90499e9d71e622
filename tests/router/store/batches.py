"""A writer whose next batch is known: what is submitted while it is busy is one."""

import threading

from sqlalchemy import Connection, Engine

from router.store.writer import Writer
from tests.fakes.serving import PATIENCE_SECONDS


def blocked_writer(engine: Engine, limit: int = 100) -> tuple[Writer, threading.Event]:
    """Return a writer that is busy until the event is set, so that what follows is one batch."""
    writer, begun, release = Writer(engine, limit=limit), threading.Event(), threading.Event()

    def hold(_tx: Connection) -> None:
        begun.set()
        assert release.wait(PATIENCE_SECONDS)

    writer.submit(hold)
    assert begun.wait(PATIENCE_SECONDS)
    return writer, release
