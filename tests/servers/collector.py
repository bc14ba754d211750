"""A server that takes anything and remembers it: what a tracing service would receive."""

import time

from aiohttp import web

from tests.servers.recording_server import RecordingServer
from tests.servers.request_log import RequestRecord


class Collector(RecordingServer):
    """Answers every request with an empty JSON object."""

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        await request.read()
        record = RequestRecord(
            number=len(self._records) + 1,
            method=request.method,
            path=request.path,
            received_at=time.time(),
            has_authorization="Authorization" in request.headers,
            model=None,
        )
        self._note_arrival(record)
        return web.json_response({})
