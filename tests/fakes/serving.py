"""What the fakes share: records that a test can wait for, and failures on demand."""

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Self

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes.failures import JSON, Answer, Call, Failure, Gate, any_call
from tests.fakes.local_server import (
    LOCALHOST,
    LocalServer,
    cut_connection,
    disconnected,
)
from tests.servers import held_port

# A time limit for what comes soon: only a machine that is very busy needs much of it.
PATIENCE_SECONDS: Final = 60.0


def utc_now() -> datetime:
    """Return the present instant; the fakes take any other clock as an argument."""
    return datetime.now(UTC)


class Recording:
    """Records that other threads add to, and that a test can wait for."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        self.now = now
        self.changed = threading.Condition(threading.RLock())

    def wait_for(
        self, predicate: Callable[[Self], object], timeout: float = PATIENCE_SECONDS
    ) -> None:
        """Return as soon as `predicate(self)` is true.

        It is asked again after each change, under the lock. Raises TimeoutError.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: bool(predicate(self)), timeout):
                raise TimeoutError(f"{type(self).__name__}: not within {timeout} s")


class HttpFake(Recording):
    """A remote HTTP service: subclasses say what each path answers."""

    methods: ClassVar[Sequence[str]] = ("POST",)

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now=now)
        self._calls: list[Call] = []
        self._held = 0
        self._failures: deque[Failure] = deque()
        self._broken: list[Exception] = []
        self._closing = Gate()
        self._server = LocalServer(self._app)

    # What subclasses provide

    def answer(self, call: Call) -> Answer | None:
        """Judge a call, change the state, answer. None: no such path. Runs under the lock."""
        raise NotImplementedError

    def failure_answer(self, status: int) -> Mapping[str, Any]:
        """Return the body this service sends with an HTTP status of its own failing."""
        raise NotImplementedError

    # Life

    @property
    def port(self) -> int:
        """The port in use, or the last one."""
        return self._server.port

    @property
    def url(self) -> str:
        """The scheme, host and port, without a slash at the end."""
        return f"http://{LOCALHOST}:{self.port}"

    def start(self, port: int = 0) -> Self:
        """Serve; port 0 takes a free one."""
        self._closing = Gate()
        self._server.start(port)
        return self

    def stop(self) -> None:
        """Stop; raises what broke inside the fake, so that no test passes over it."""
        self._closing.open()
        self._server.stop()
        if self._broken:
            raise self._broken[0]

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[Self]:
        """Serve within the block."""
        self.start(port)
        try:
            yield self
        finally:
            self.stop()

    @contextmanager
    def refusing_connections(self) -> Iterator[Self]:
        """Do not listen within the block, then listen at the same port again."""
        self.stop()
        with held_port(self.port):
            try:
                yield self
            finally:
                self.start(self.port)

    # Records and failures

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request that arrived, also those that were failed, dropped or refused."""
        with self.changed:
            return tuple(self._calls)

    @property
    def held(self) -> int:
        """How many requests are waiting for a delay or a gate right now."""
        with self.changed:
            return self._held

    def fail_next(
        self,
        times: int | None = 1,
        *,
        status: int | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        delay_seconds: float = 0.0,
        drops_connection: bool = False,
        processes: bool = False,
        when: Callable[[Call], bool] = any_call,
    ) -> None:
        """Let the next `times` requests fail (None: all, until `heal`).

        With `status` that answer is sent; with `drops_connection` none is; with
        only `delay_seconds` the true answer comes late. `processes` does the
        work first, so that only the sender does not learn of it. Failures apply
        in the order they were asked for; `when` picks the requests.
        """
        answer = None
        if status is not None:
            answer = Answer(
                status=status,
                body=self.failure_answer(status) if body is None else body,
                headers=headers or {},
            )
        self._add_failure(
            Failure(
                left=times,
                when=when,
                answer=answer,
                delay_seconds=delay_seconds,
                drops_connection=drops_connection,
                processes=processes,
            )
        )

    def hold_next(
        self,
        times: int | None = 1,
        *,
        processes: bool = False,
        when: Callable[[Call], bool] = any_call,
    ) -> Gate:
        """Hold the next requests until the returned gate is opened; see `held`."""
        gate = Gate()
        self._add_failure(
            Failure(left=times, when=when, delay_seconds=math.inf, gate=gate, processes=processes)
        )
        return gate

    def heal(self) -> None:
        """Forget the failures still to come."""
        with self.changed:
            self._failures.clear()

    def _add_failure(self, failure: Failure) -> None:
        with self.changed:
            self._failures.append(failure)

    # One request

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(Request(scope, receive), send)
        except ClientDisconnect:
            return  # a sender that died while it sent: nothing arrived
        except Exception as problem:
            with self.changed:
                self._broken.append(problem)
            raise

    async def _serve(self, request: Request, send: Send) -> None:
        call = Call(
            method=request.method,
            path=request.url.path,
            headers=dict(request.headers),
            query=dict(request.query_params),
            body=await request.body(),
            at=self.now(),
        )
        answer = await self._answer(call, self._record(call), request.receive)
        if answer is None:
            await cut_connection(request.scope, request.receive)
            return
        kind = JSONResponse if answer.media_type == JSON else Response
        response = kind(answer.body, answer.status, dict(answer.headers), answer.media_type)
        await response(request.scope, request.receive, send)

    def _record(self, call: Call) -> Failure | None:
        with self.changed:
            self._calls.append(call)
            failure = next((one for one in self._failures if one.takes(call)), None)
            if failure is not None:
                failure.use()
            self.changed.notify_all()
            return failure

    async def _answer(self, call: Call, failure: Failure | None, receive: Receive) -> Answer | None:
        """Return the answer, or None to cut the connection."""
        if failure is None:
            return self._true_answer(call)
        done = self._true_answer(call) if failure.processes else None
        if failure.pauses and not await self._pause(failure, receive):
            return None  # the sender has given up: it hears nothing, and nothing is done
        if failure.drops_connection:
            return None
        return failure.answer or done or self._true_answer(call)

    def _true_answer(self, call: Call) -> Answer:
        if call.method not in self.methods:
            return Answer(status=405, body={"message": "Method Not Allowed"})
        with self.changed:
            answer = self.answer(call)
            self.changed.notify_all()
        return answer or Answer(status=404, body={"message": "Not Found"})

    async def _pause(self, failure: Failure, receive: Receive) -> bool:
        """Wait; return False if the sender or this fake went away meanwhile."""
        gone = asyncio.ensure_future(disconnected(receive))
        closing = asyncio.ensure_future(self._closing.wait())
        waits: set[asyncio.Future[None]] = {gone, closing}
        if failure.gate is not None:
            waits.add(asyncio.ensure_future(failure.gate.wait()))
        timeout = None if math.isinf(failure.delay_seconds) else failure.delay_seconds
        self._count_held(+1)
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._count_held(-1)
            for waiting in waits:
                waiting.cancel()
        return not (gone.done() or closing.done())

    def _count_held(self, change: int) -> None:
        with self.changed:
            self._held += change
            self.changed.notify_all()
