"""The last good catalog: kept while it is in force, gone by when a start finds bad files (G9)."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from router.catalog import OnCallCatalog
from router.edition import Edition, WholeReading, read_kept
from router.logs import context
from router.reload import render_line
from router.store.editions import KeptEdition, record_edition
from router.store.store import Store
from router.store.writer import StoreBusyError

MAX_KEPT_BYTES: Final = 4 * 1024 * 1024  # of one edition; a team's on-call file has 2 kB

logger = logging.getLogger(__name__)


class CatalogRefusedError(Exception):
    """The files are bad, and nothing stands in for them; the text says why, in one sentence."""

    def __init__(self, reason: str, reading: WholeReading) -> None:
        super().__init__(reason)
        self.reading = reading


class LastGood:
    """Keeps the edition in force in the store.

    It waits for nothing, and a store that fails stops nothing: a router that
    cannot keep its catalog goes by it all the same. For the event loop alone.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._edition: Edition | None = None  # as the caller knows it
        self._kept: KeptEdition | None = None  # None: too large
        self._writing: Future[None] = Future()
        self._has_told = False  # that it could not be written

    def keep(self, edition: Edition) -> None:
        """Keep an edition that was taken up, once, however often it is given.

        It is queued before whatever is written after this call: a notification
        that is answered later finds it kept, whenever the router is killed then.
        One that could not be written is tried again by the next call.
        """
        if edition is not self._edition:
            self._edition = edition
            self._kept = _to_keep(edition, now=self._clock())
            self._has_told = False
            self._write()
        elif self._writing.done() and (error := self._writing.exception()) is not None:
            self._tell(error)
            self._write()

    def _tell(self, error: BaseException) -> None:
        if not self._has_told:  # and not every two seconds
            # The first line only: what follows may repeat the statement.
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
            logger.error("the catalog in force is not kept for a restart yet: %s", reason)
        self._has_told = True

    def _write(self) -> None:
        self._writing = Future()
        if self._kept is None:
            return
        try:
            self._writing = self._store.write_soon(partial(record_edition, edition=self._kept))
        except StoreBusyError as error:  # it is closing, and the router with it
            self._writing.set_exception(error)


def stand_in(reading: WholeReading, kept: KeptEdition | None, *, root: Path) -> OnCallCatalog:
    """Return the catalog that was kept, for a start while the files at `root` are bad.

    Raises CatalogRefusedError when none was, or when this release cannot read it.
    """
    if kept is None:
        raise CatalogRefusedError(
            "the database has no catalog that was in force before, which could stand in", reading
        )
    catalog, problems = read_kept(root, kept.files)
    if catalog is None:
        raise CatalogRefusedError(
            f"catalog {kept.version}, which was in force before, cannot stand in, as this release"
            f" does not read it: {render_line(problems[0])}",
            reading,
        )
    logger.error(
        "the catalog's files are bad, the router starts with the last good ones",
        extra=context(catalog=catalog.version, taken_up_at=kept.taken_up_at.isoformat()),
    )
    return catalog


def _to_keep(edition: Edition, *, now: datetime) -> KeptEdition | None:
    if edition.catalog is None:  # its files are no catalog to go by
        return None
    size = sum(len(text.encode()) for text in edition.files.values())
    if size > MAX_KEPT_BYTES:
        logger.warning(
            "the catalog is not kept for a restart: its on-call files have %d bytes,"
            " and at most %d are kept",
            size,
            MAX_KEPT_BYTES,
        )
        return None
    return KeptEdition(version=edition.catalog.version, files=edition.files, taken_up_at=now)
