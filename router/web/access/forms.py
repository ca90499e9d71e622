"""Forms as browsers post them: bounded, and each field once."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from router.phrase import phrase
from router.web.requests import TooLarge, read_body

LARGEST_BYTES: Final = 16 * 1024
MOST_FIELDS: Final = 100
_KIND: Final = "application/x-www-form-urlencoded"
_KNOWN: Final = "guardia_form"


class BadForm(Exception):  # noqa: N818 - says what it is; a sentence for people
    """What came is no form of ours. `reason` is one plain sentence."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a posted form by name, empty ones too. Raises BadForm.

    A body can be read once; what answers a failure asks for the same fields again.
    """
    known: dict[str, str] | None = getattr(request.state, _KNOWN, None)
    if known is None:
        known = await _read_form(request)
        setattr(request.state, _KNOWN, known)
    return dict(known)


async def _read_form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise BadForm(phrase("What was sent is no form."), HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = await read_body(request, limit=LARGEST_BYTES)
    if isinstance(body, TooLarge):
        reason = phrase("The form is too large.")
        raise BadForm(reason, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return parse_form(body)


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form. Raises BadForm."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one
        raise BadForm(phrase("The form cannot be read.")) from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise BadForm(phrase("The form has a field twice."))
    return fields
