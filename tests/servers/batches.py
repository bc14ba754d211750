"""OpenAI's files and batches for the test server: uploads, batches that end after some polls, result files.

    server.batches.polls = 3                 # a batch ends at its third poll
    server.batches.hold = True               # ... or not before the test says so
    server.batches.faults["create"] = ["lost"]   # it was created, and the connection broke before the reply

Requests are answered by the same models, behaviours and injected faults as live ones.
"""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from tests.servers.faults import Body

Step = Literal["upload", "create", "poll", "list", "content"]
Trouble = Literal["lost", "late", "hang", "cut", "500", "429", "401"]
Ask = Callable[[Body], Awaitable[tuple[int, Body, str]]]
_DAY_S = 86_400
_EXPIRED = {"code": "batch_expired", "message": "This request could not be executed before the completion window."}


@dataclass(slots=True)
class Batch:
    """One created batch, its requests by custom_id, and what became of it."""

    id: str
    input_file_id: str
    metadata: dict[str, str]
    requests: list[Body]
    created_at: float
    state: str = "validating"
    polls: int = 0
    done: int = 0
    failed: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: list[Body] = field(default_factory=list)
    ended_at: float | None = None

    def as_body(self) -> Body:
        known = {f"{self.state}_at": int(self.ended_at)} if self.ended_at else {}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.state,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": int(self.created_at),
            "expires_at": int(self.created_at) + _DAY_S,
            "request_counts": {"total": len(self.requests), "completed": self.done, "failed": self.failed},
            "metadata": self.metadata,
            **known,
        }


class BatchDesk:
    """What the server knows of files and batches, and how they shall go wrong.

    Attributes:
        polls: how often a batch is asked for before it ends; the poll that reaches it sees the end.
        hold: no batch ends while this is set.
        expire_after: the next batches answer so many requests, then expire.
        refuse: (code, message) with which the next batches fail their validation, one each.
        limit: requests that may be enqueued at once; a batch above it fails as OpenAI's do.
        mess: result files hold garbage, unknown ids and every line twice, in no order.
        faults: per step what goes wrong with its next requests: `lost` (done, and the connection broke),
            `late` (likewise, and the batch is listed only once another was created),
            `hang` (done, and the reply never comes), `cut` (half of the reply), or a status.
    """

    def __init__(self, ask: Ask, authorised: Callable[[web.Request], bool]) -> None:
        self.polls = 1
        self.hold = False
        self.expire_after: list[int] = []
        self.refuse: list[tuple[str, str]] = []
        self.limit: int | None = None
        self.mess = False
        self.faults: dict[Step, list[Trouble]] = {}
        self.batches: dict[str, Batch] = {}
        self.files: dict[str, bytes] = {}
        self.polled = 0
        self._hidden: set[str] = set()
        self._ask = ask
        self._authorised = authorised
        self._numbers = itertools.count(1)

    @property
    def submitted(self) -> Counter[str]:
        """How often each custom_id was handed in, in all batches that were not refused."""
        accepted = (b for b in self.batches.values() if b.state not in ("failed", "cancelled"))
        return Counter(str(r["custom_id"]) for b in accepted for r in b.requests)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/files", self._step("upload", self._upload)),
            web.get("/v1/files/{id}/content", self._step("content", self._content)),
            web.post("/v1/batches", self._step("create", self._create)),
            web.get("/v1/batches", self._step("list", self._list)),
            web.get("/v1/batches/{id}", self._step("poll", self._poll)),
            web.post("/v1/batches/{id}/cancel", self._step("poll", self._cancel)),
        ]

    def _step(
        self, step: Step, do: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if not self._authorised(request):
                return _error(401, "Incorrect API key provided.", "invalid_api_key")
            waiting = self.faults.get(step, [])
            trouble = waiting.pop(0) if waiting else None
            if trouble in ("500", "429", "401"):
                return _error(int(trouble), "Something went wrong.", None)
            response = await do(request)
            if trouble is None:
                return response
            if trouble == "late":
                self._hidden.add(next(reversed(self.batches)))
            if trouble == "hang":
                await asyncio.Event().wait()
            if trouble == "cut":
                body = bytes(response.body or b"")  # type: ignore[arg-type]
                cut = web.StreamResponse(headers={"Content-Length": str(len(body))})
                await cut.prepare(request)
                await cut.write(body[: len(body) // 2])
                if request.transport is not None:
                    request.transport.close()
                return cut
            if request.transport is not None:
                request.transport.close()
            return response

        return handle

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        upload = form["file"]
        assert form["purpose"] == "batch"
        assert isinstance(upload, web.FileField)
        with upload.file:
            file_id = self._file(upload.file.read())
        return web.json_response({"id": file_id, "object": "file", "purpose": "batch", "filename": upload.filename})

    def _file(self, content: bytes) -> str:
        file_id = f"file-{next(self._numbers):06d}"
        self.files[file_id] = content
        return file_id

    async def _content(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["id"])
        if content is None:
            return _error(404, "No such File object.", None)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        lines = self.files[asked["input_file_id"]].splitlines()
        requests = [json.loads(line) for line in lines]
        batch = Batch(
            f"batch_{next(self._numbers):06d}",
            asked["input_file_id"],
            asked.get("metadata") or {},
            requests,
            time.time(),
        )
        self.batches[batch.id] = batch
        self._hidden.clear()
        ids = [r["custom_id"] for r in requests]
        assert len(set(ids)) == len(ids), "a custom_id is in the file twice"
        assert len({r["body"]["model"] for r in requests}) == 1, "one file, one model"
        return web.json_response(batch.as_body())

    async def _list(self, request: web.Request) -> web.Response:
        newest = [b for b in reversed(self.batches.values()) if b.id not in self._hidden]
        after = request.query.get("after")
        if after is not None:
            newest = newest[[b.id for b in newest].index(after) + 1 :]
        # Small pages, so that looking for a label has to turn them.
        page = newest[:2]
        return web.json_response(
            {"object": "list", "data": [b.as_body() for b in page], "has_more": len(newest) > len(page)}
        )

    async def _poll(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return _error(404, "No batch found with that id.", None)
        batch.polls += 1
        self.polled += 1
        if batch.ended_at is None:
            if batch.state == "validating":
                self._validate(batch)
            if batch.state == "in_progress" and batch.polls >= self.polls and not self.hold:
                await self._end(batch)
        return web.json_response(batch.as_body())

    async def _cancel(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        if batch.ended_at is None:
            batch.state, batch.ended_at = "cancelled", time.time()
        return web.json_response(batch.as_body())

    def _validate(self, batch: Batch) -> None:
        running = sum(len(b.requests) for b in self.batches.values() if b.state == "in_progress")
        refusal = self.refuse.pop(0) if self.refuse else None
        if self.limit is not None and running + len(batch.requests) > self.limit:
            refusal = ("token_limit_exceeded", "Enqueued token limit reached for the model. Please try again later.")
        if refusal is None:
            batch.state = "in_progress"
        else:
            batch.state, batch.ended_at = "failed", time.time()
            batch.errors = [{"code": refusal[0], "message": refusal[1], "line": None, "param": None}]

    async def _end(self, batch: Batch) -> None:
        """Answer the requests, in no order, up to where the batch expires."""
        upto = self.expire_after.pop(0) if self.expire_after else None
        order = random.Random(len(batch.requests)).sample(batch.requests, len(batch.requests))
        good, bad = [], []
        for number, row in enumerate(order):
            if upto is not None and number >= upto:
                bad.append({"custom_id": row["custom_id"], "response": None, "error": _EXPIRED})
                continue
            status, body, request_id = await self._ask(row["body"])
            response = {"status_code": status, "request_id": request_id, "body": body}
            line: dict[str, Any] = {"custom_id": row["custom_id"], "response": response, "error": None}
            (good if status == 200 else bad).append(line)
        batch.done, batch.failed = len(good), len(bad)
        batch.output_file_id = self._file(self._written(good)) if good else None
        batch.error_file_id = self._file(self._written(bad)) if bad else None
        batch.state, batch.ended_at = ("completed" if upto is None else "expired"), time.time()

    def _written(self, rows: list[Body]) -> bytes:
        lines = [json.dumps({"id": f"batch_req_{n}", **row}, ensure_ascii=False).encode() for n, row in enumerate(rows)]
        if self.mess:
            unknown = json.dumps({**rows[0], "custom_id": "f" * 64}).encode()
            lines = [b"{not json", *lines, b"[1, 2]", b"\xff\xfe", *lines, unknown, b"", b'{"custom_id": 7}']
        return b"\n".join(lines)


def _error(status: int, message: str, code: str | None) -> web.Response:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return web.json_response(body, status=status)
