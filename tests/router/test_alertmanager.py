"""Each peer is asked once, by itself: whatever one does, the others are heard."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

import router.alertmanager
from router.alertmanager import Peers

BODIES = {
    "/api/v2/alerts/groups": b"[]",
    "/api/v2/silences": b"[]",
    "/api/v2/status": json.dumps({"uptime": "2026-11-24T09:00:00Z"}).encode(),
}


class Endless(httpx.AsyncByteStream):
    """A body whose end never comes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()


def peers(*answers: httpx.Response | httpx.HTTPError) -> Peers:
    """Return a sound peer, and one that gives these answers to any question."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "sound.example":
            return httpx.Response(200, content=BODIES[request.url.path])
        given = left.pop(0)
        if isinstance(given, httpx.HTTPError):
            raise given
        return given

    return Peers(
        urls=["http://odd.example", "http://sound.example"],
        receiver="guardia",
        transport=httpx.MockTransport(answer),
    )


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(302, headers={"location": "http://sound.example/api/v2/alerts/groups"}),
        httpx.ConnectError("refused"),
    ],
)
async def test_a_peer_that_fails_is_named_and_the_others_are_heard(
    answer: httpx.Response | httpx.HTTPError,
) -> None:
    found = await peers(answer).ask()

    assert found.silent == ("http://odd.example",)
    assert len(found.listings) == 1


async def test_a_peer_whose_answer_has_no_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router.alertmanager, "LONGEST_SECONDS", 0.05)

    found = await asyncio.wait_for(peers(httpx.Response(200, stream=Endless())).ask(), 5)

    assert found.silent == ("http://odd.example",)
    assert len(found.listings) == 1
