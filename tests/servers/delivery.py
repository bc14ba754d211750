"""How a finished reply travels: whole, never, drop by drop, or damaged on the way."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from tests.servers.faults import OK, Delivery, Fault


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply ready to be sent; more than one chunk means a stream."""

    chunks: Sequence[bytes]
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = OK
    answer: str | None = None
    sold: bool = False
    streamed: bool = False


def _headers(outgoing: Outgoing, length: int | None = None) -> dict[str, str]:
    named = {name: value if isinstance(value, str) else value() for name, value in outgoing.fault.headers.items()}
    headers = {"Content-Type": outgoing.content_type, **outgoing.headers, **named}
    return headers if length is None else headers | {"Content-Length": str(length)}


async def _whole(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    if outgoing.streamed:
        response = web.StreamResponse(status=outgoing.status, headers=_headers(outgoing))
        await response.prepare(request)
        for chunk in outgoing.chunks:
            await response.write(chunk)
    else:
        body = b"".join(outgoing.chunks)
        response = web.Response(status=outgoing.status, headers=_headers(outgoing), body=body)
        await response.prepare(request)
    await response.write_eof()
    return response


async def _hang(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def _dribble(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    response = web.StreamResponse(headers=_headers(outgoing))
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(outgoing.fault.interval_s)


async def _disconnect(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _half(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    """Send half of what the content length promises."""
    body = b"".join(outgoing.chunks)
    response = web.StreamResponse(status=outgoing.status, headers=_headers(outgoing, len(body)))
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    return response


async def _cut(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    response = await _half(request, outgoing)
    if request.transport is not None:
        request.transport.close()
    return response


async def _reset(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    response = await _half(request, outgoing)
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return response


DELIVERIES: Mapping[Delivery, Callable[[web.Request, Outgoing], Awaitable[web.StreamResponse]]] = {
    "whole": _whole,
    "hang": _hang,
    "dribble": _dribble,
    "disconnect": _disconnect,
    "reset": _reset,
    "cut": _cut,
}
