"""The store: one writer, any number of readers, one installation."""

import asyncio
from typing import Final

from sqlalchemy import Connection, insert, select

from router.store import tables
from router.store.engine import open_engine, reading
from router.store.migrations import upgrade
from router.store.writer import T, Work, Writer

QUEUE_LIMIT: Final = 2000


class Store:
    """The database as the web and the worker use it.

    `installation` is random and made once, so that dedup keys of a restored
    or second installation never meet those of the first.
    """

    def __init__(self, url: str, *, new_installation: str, queue_limit: int = QUEUE_LIMIT) -> None:
        """Migrate the schema and open. Raises sqlalchemy.exc.SQLAlchemyError when that fails."""
        self._engine = open_engine(url)
        try:
            upgrade(self._engine)
            with self._engine.begin() as connection:
                self.installation = _find_or_record_installation(connection, new_installation)
        except BaseException:
            self._engine.dispose()
            raise
        self._writer = Writer(self._engine, limit=queue_limit)

    async def write(self, work: Work[T], *, refusable: bool = False) -> T:
        """Run `work` in a transaction; returns only after COMMIT. See `Writer`."""
        return await asyncio.wrap_future(self._writer.submit(work, refusable=refusable))

    def write_now(self, work: Work[T]) -> T:
        """Run `work` in a transaction and wait for its COMMIT, in this thread."""
        return self._writer.submit(work).result()

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a snapshot, in a thread of its own."""
        return await asyncio.to_thread(self.read_now, work)

    def read_now(self, work: Work[T]) -> T:
        """Run `work` on a snapshot, in this thread."""
        with reading(self._engine) as connection:
            return work(connection)

    def close(self) -> None:
        """Commit what was queued, then let go of the database."""
        self._writer.close()
        self._engine.dispose()


def _find_or_record_installation(tx: Connection, new_id: str) -> str:
    known = tx.execute(select(tables.installation.c.id)).scalar()
    if known is None:
        tx.execute(insert(tables.installation).values(singleton=1, id=new_id))
        return new_id
    return str(known)
