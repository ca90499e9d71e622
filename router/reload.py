"""Takes up a changed catalog while the router runs, and refuses a bad one (G9)."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from guardia.problem import Problem
from router.catalog import OnCallCatalog
from router.edition import Edition, UnsettledError, read_digest, read_edition
from router.logs import context
from router.metrics import Metrics

POLL_SECONDS: Final = 2.0
MOST_PROBLEMS: Final = 200  # kept, shown and logged of one refused edition

Outcome = Literal["changed", "unchanged", "refused"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the files, as they were when last read, were not taken up."""

    at: datetime
    problems: tuple[Problem, ...]  # the first MOST_PROBLEMS, in reading order
    count: int  # of all problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadPorts:
    """The catalog's files, and those who go by the catalog in force."""

    folder: Path
    running: Callable[[], OnCallCatalog]
    take_up: Callable[[OnCallCatalog], None]  # in one step: nobody sees half of a catalog
    keep: Callable[[Edition], None]  # for a restart; told of the same one again and again
    check: Callable[[OnCallCatalog], Iterable[str]]  # what lacks for it here; reads files
    clock: Callable[[], datetime]
    metrics: Metrics


class Reloads:
    """Reads the catalog's files again: when asked to, and by itself when they have changed.

    `read` is what the files held at the start, its digest taken before they
    were read: what changed meanwhile is then found. Where they were bad, a
    catalog that was kept is in force, and they are refused. Reading takes place
    in a thread, one at a time; everything else on the event loop.
    """

    def __init__(self, ports: ReloadPorts, *, read: Edition) -> None:
        self._ports = ports
        self._read_digest = read.digest  # of the files as they were last read
        self._seen_digest = read.digest  # of the files as they were last looked at
        self._one_at_a_time = asyncio.Lock()
        self._asked = asyncio.Event()
        self.loaded_at = ports.clock()
        self.refusal: Refusal | None = None
        self._shown_version: str | None = None
        self._to_keep = read if read.catalog is not None else None
        self._show(ports.running().version)
        if read.catalog is None:
            self._refuse(read.problems)
        ports.metrics.catalog_successful.set(read.catalog is not None)

    @property
    def version(self) -> str:
        """Return the version in force."""
        return self._ports.running().version

    async def reload(self) -> Outcome:
        """Read the files now, and go by them unless they have problems. Raises UnsettledError.

        One that fails in an unforeseen way is counted as refused, and raises.
        """
        async with self._one_at_a_time:
            try:
                edition = await asyncio.to_thread(read_edition, self._ports.folder)
            except UnsettledError:
                raise
            except Exception:
                self._count("refused")
                raise
            outcome = self._apply(edition)
            self._count(outcome)
            if outcome == "changed":
                self.keep()
                await self._warn(edition.problems)
            return outcome

    async def look(self) -> Outcome | None:
        """Reload when the files are others than those last read, and the same as at the last look.

        So a file that is being written is left alone, and one that was refused
        is not read again before it changes. None: nothing was read.
        """
        digest = await asyncio.to_thread(read_digest, self._ports.folder)
        settled, self._seen_digest = digest == self._seen_digest, digest
        if not settled or digest == self._read_digest:
            return None
        try:
            return await self.reload()
        except UnsettledError:
            return None  # the next look finds them changed, or settled
        except Exception:
            self._read_digest = digest  # the same files would fail again in two seconds
            raise

    def keep(self) -> None:
        """Have the edition in force kept for a restart; each look does so again, if that failed."""
        if self._to_keep is not None:
            self._ports.keep(self._to_keep)

    def ask(self) -> None:
        """Have `watch` reload at once, from a signal."""
        self._asked.set()

    async def watch(self, *, every_seconds: float) -> None:
        """Look at the files again and again, until cancelled; no error ends this."""
        while True:
            try:
                await self._look_or_reload(every_seconds)
            except UnsettledError as error:
                logger.warning("the catalog is not read: %s; it is looked at again", error)
            except Exception:
                logger.exception("the catalog cannot be read, the running one stays")

    async def _look_or_reload(self, every_seconds: float) -> None:
        try:
            await asyncio.wait_for(self._asked.wait(), every_seconds)
        except TimeoutError:
            self.keep()
            await self.look()
        else:
            self._asked.clear()
            await self.reload()

    def _apply(self, edition: Edition) -> Outcome:
        self._read_digest = edition.digest
        if edition.catalog is None:
            self._refuse(edition.problems)
            return "refused"
        self.refusal = None
        running = self._ports.running()
        if edition.catalog == running:
            logger.info("the catalog is unchanged", extra=context(catalog=running.version))
            return "unchanged"
        self._ports.take_up(edition.catalog)
        self._to_keep = edition
        self.loaded_at = self._ports.clock()
        self._show(edition.catalog.version)
        logger.info(
            "a changed catalog is in force",
            extra=context(catalog=edition.catalog.version, before=running.version),
        )
        return "changed"

    async def _warn(self, ignored: tuple[Problem, ...]) -> None:
        lacking = await asyncio.to_thread(self._ports.check, self._ports.running())
        for sentence in (*map(render_line, ignored), *lacking):
            logger.warning("%s", sentence)

    def _refuse(self, problems: tuple[Problem, ...]) -> None:
        shown = problems[:MOST_PROBLEMS]
        self.refusal = Refusal(at=self._ports.clock(), problems=shown, count=len(problems))
        logger.error(
            "the catalog's files are refused, the running catalog stays",
            extra=context(catalog=self.version, problems=len(problems)),
        )
        for problem in shown:
            logger.error("%s", render_line(problem))

    def _count(self, outcome: Outcome) -> None:
        self._ports.metrics.catalog_reloads.labels(outcome).inc()
        self._ports.metrics.catalog_successful.set(outcome != "refused")

    def _show(self, version: str) -> None:
        metrics = self._ports.metrics
        metrics.catalog_info.labels(version).set(1)
        if self._shown_version not in (None, version):
            metrics.catalog_info.remove(self._shown_version)
        self._shown_version = version
        metrics.catalog_loaded_at.set(self.loaded_at.timestamp())
        metrics.begin_people(self._ports.running().roster.people)


def render_line(problem: Problem) -> str:
    """Return a problem as one line of a log."""
    span = problem.span
    return f"{span.path}:{span.line}:{span.column}: {problem.code}: {problem.message}"
