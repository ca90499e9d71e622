"""Logs have the shape that is indexed (R17), whatever is logged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from router.logs import JsonFormatter, RequestIds, context, request_ids

SHAPE = {"timestamp", "level", "service", "trace_id", "span_id", "message", "request_id"}


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("tests.router.logs")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


def test_a_line_has_the_shape_and_its_context(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    with request_ids(RequestIds(trace_id="t", span_id="s", request_id="r")):
        logger.error("kept %s", "raw", extra=context(incident=7, level="mine"))

    line = json.loads(stream.getvalue())
    assert set(line) >= SHAPE
    assert line["message"] == "kept raw"
    assert (line["trace_id"], line["span_id"], line["request_id"]) == ("t", "s", "r")
    assert line["incident"] == 7
    assert line["level"] == "ERROR", "context never replaces the shape"


def test_an_exception_is_a_field_of_one_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("failed")

    assert stream.getvalue().count("\n") == 1
    assert "ValueError" in json.loads(stream.getvalue())["exception"]
