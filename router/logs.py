"""Logs as JSON, one object a line, in the shape that the log pipeline indexes (R17)."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TextIO

SERVICE: Final = "guardia-router"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIds:
    """What ties the log lines of one request together; empty outside of requests."""

    trace_id: str = ""
    span_id: str = ""
    request_id: str = ""


_current: ContextVar[RequestIds] = ContextVar("guardia_request_ids", default=RequestIds())  # noqa: B039  # frozen, so it cannot be changed in place


@contextmanager
def request_ids(ids: RequestIds) -> Iterator[None]:
    """Put `ids` on every log line within the block."""
    token = _current.set(ids)
    try:
        yield
    finally:
        _current.reset(token)


def context(**fields: object) -> dict[str, Mapping[str, object]]:
    """Return the `extra=` of a log call: fields of their own beside the message."""
    return {"context": fields}


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a traceback is a field of it, never lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        ids = _current.get()
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname,
            "service": SERVICE,
            "trace_id": ids.trace_id,
            "span_id": ids.span_id,
            "message": record.getMessage(),
            "request_id": ids.request_id,
            "logger": record.name,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Fields of our own never replace those of the shape.
        line = {**getattr(record, "context", {}), **line}
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logs(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Send every log line of this process to `stream` as JSON."""
    root_handler = logging.StreamHandler(stream)
    root_handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[root_handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    # What they say at INFO is what we say ourselves, or addresses that hold tokens.
    for noisy in ("alembic", "aiosmtplib", "slack_sdk", "httpx", "urllib3", "pdpyras"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
