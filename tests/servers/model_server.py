"""A real HTTP server that speaks the OpenAI and the Ollama wire protocols, with scripted answers and faults.

    with ModelServer() as server:
        server.behave("candidate", "안녕하세요.")
        server.inject("judge", "rate_limit", "server_error")
        ...  # call server.openai_url or server.url from this process or another
        assert len(server.delivered) == 3

It runs on its own thread with its own event loop. By hand: `python -m tests.servers.model_server --port 8765`.
"""

import argparse
import asyncio
import inspect
import itertools
import json
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from tests.servers import behaviour as behaviours
from tests.servers import wire_ollama, wire_openai
from tests.servers.batches import BatchDesk
from tests.servers.behaviour import Behaviour
from tests.servers.delivery import DELIVERIES, Outgoing
from tests.servers.fault_plan import EVERY_CHAT, Condition, FaultPlan
from tests.servers.faults import FAULTS, Body, ErrorBody, Fault, Reply
from tests.servers.recording_server import RecordingServer
from tests.servers.request_log import RequestRecord
from tests.servers.wire import ModelCard, Refused, Wire, within

OPENAI = wire_openai.OpenAIWire()
OLLAMA = wire_ollama.OllamaWire()
_NO_KEY = Fault(
    "no_key",
    status=401,
    error=ErrorBody("You didn't provide an API key.", code=None, ollama="unauthorized"),
)
_BAD_BODY = Fault("bad_body", status=400, error=ErrorBody("We could not parse the JSON body of your request."))

Answerer = Callable[[RequestRecord], Body]
Producer = Callable[[RequestRecord, Fault, Wire], Awaitable[Outgoing]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ModelServer(RecordingServer):
    """The server; `requests` and `delivered` tell what it was asked and what it sold.

    Args:
        models: names served from the start; `behave` adds others. Unknown names get the protocol's 404.
        latency_s: waited before each chat reply, unless the model or the reply has its own.
        api_key: the bearer every request must carry.
        max_concurrency: chat requests in flight; more are answered 429 (OpenAI) or 503 (Ollama).
        context: window of the models in crude tokens (a Korean syllable is one).
        log: file that gets one JSON line per delivered reply.
    """

    def __init__(
        self,
        models: Sequence[str] = ("candidate", "judge"),
        *,
        latency_s: float = 0.0,
        api_key: str | None = None,
        max_concurrency: int | None = None,
        context: int = 32_768,
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        super().__init__(port=port, log=log)
        self.latency_s = latency_s
        self.api_key = api_key
        self.max_concurrency = max_concurrency
        self._context = context
        self.loaded_model = models[0] if models else None
        self._cards = {name: ModelCard(name, context=context) for name in models}
        self._registry: dict[str, ModelCard] = {}
        self._plan = FaultPlan()
        self._numbers = itertools.count(1)
        self.batches = BatchDesk(self._batched, self._authorised)

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/v1"

    # What the models do.

    def behave(
        self,
        model: str,
        behaviour: Behaviour | str | Reply | None = None,
        *,
        latency_s: float | None = None,
        context: int | None = None,
        thinking: bool = False,
        served_as: str | None = None,
        always_cuts: bool = False,
    ) -> None:
        """Serve a model: a fixed answer, or a callable (also async) from the request body to text or `Reply`.

        The callable runs on the server's thread and sees the messages as the model does: cut, if they were.
        `always_cuts`: as an Ollama that does not know `truncate: false`.
        """
        chosen: Behaviour = behaviours.default
        if callable(behaviour):
            chosen = behaviour
        elif behaviour is not None:
            fixed = behaviour

            def chosen(body: Body) -> str | Reply:
                return fixed

        self._cards[model] = ModelCard(
            model, chosen, context or self._context, thinking, served_as, latency_s, always_cuts
        )

    def withdraw(self, model: str) -> None:
        """Serve this model no more, until it is pulled again (Ollama)."""
        if model in self._cards:
            self._registry[model] = self._cards.pop(model)

    def inject(
        self,
        target: str,
        *faults: str | Fault,
        then: str | Fault | None = None,
        when: Condition | None = None,
    ) -> None:
        """Answer the next requests with these faults in order (`"ok"` for a good one), then `then` for ever.

        `target` is a model's name, a path such as `/v1/models`, or `*` for every chat request. `when` bounds
        the rule to requests whose decoded body satisfies it; the others use nothing up.
        """
        self._plan.sequence(target, faults, then, when)

    def inject_share(
        self, target: str, fault: str | Fault, share: float, *, seed: int = 0, when: Condition | None = None
    ) -> None:
        """Strike a share of the requests; which ones depends on seed, body and attempt, not on their order."""
        self._plan.share(target, fault, share, seed, when)

    def clear_faults(self, target: str | None = None) -> None:
        """Answer well again."""
        self._plan.clear(target)

    # Answering.

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/chat/completions", self._chat(OPENAI)),
            web.post("/api/chat", self._chat(OLLAMA)),
            web.get("/v1/models", self._plain(OPENAI, self._models)),
            web.get("/v1/models/{model:.+}", self._plain(OPENAI, self._model)),
            web.get("/api/tags", self._plain(OLLAMA, self._tags)),
            web.get("/api/ps", self._plain(OLLAMA, self._running)),
            web.post("/api/show", self._plain(OLLAMA, self._show)),
            web.post("/api/pull", self._pull),
            web.get("/api/version", self._plain(OLLAMA, lambda record: {"version": wire_ollama.VERSION})),
            web.get("/version", self._plain(OPENAI, lambda record: {"version": "0.33.0"})),
            web.get("/props", self._plain(OPENAI, self._props)),
            web.get("/v1/internal/model/info", self._plain(OPENAI, lambda record: {"model_name": self.loaded_model})),
            *self.batches.routes(),
        ]

    def _authorised(self, request: web.Request) -> bool:
        return self.api_key is None or request.headers.get("Authorization") == f"Bearer {self.api_key}"

    async def _batched(self, body: Body) -> tuple[int, Body, str]:
        """(status, body, request id) of one request of a batch; what is good counts as delivered."""
        number = next(self._numbers)
        record = RequestRecord(number, "BATCH", "/v1/chat/completions", time.time(), True, body, str(body.get("model")))
        fault = self._plan.pick([record.path, str(record.model), EVERY_CHAT], _encoded(body), body)
        outgoing = await self._outgoing(record, fault, OPENAI, self._complete)
        record.status, record.answer, record.sold = outgoing.status, outgoing.answer, outgoing.sold
        self._note_arrival(record)
        self._note_delivery(record)
        return outgoing.status, json.loads(b"".join(outgoing.chunks)), f"req_{number:08d}"

    def _chat(self, wire: Wire) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
            try:
                return await self._exchange(request, wire, self._complete)
            finally:
                self.in_flight -= 1

        return handle

    def _plain(self, wire: Wire, answer: Answerer) -> Handler:
        async def produce(record: RequestRecord, fault: Fault, wire: Wire) -> Outgoing:
            if fault.latency_s:
                await asyncio.sleep(fault.latency_s)
            body = fault.patched(answer(record), wire.name)
            return Outgoing([_encoded(body)], headers=wire.headers(record.number), fault=fault)

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._exchange(request, wire, produce)

        return handle

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        async def produce(record: RequestRecord, fault: Fault, wire: Wire) -> Outgoing:
            name = record.model or ""
            found = self._registry.pop(name, None) or self._cards.get(name)
            if found is not None:
                self._cards[name] = found
            lines = wire_ollama.pull_lines(found)
            return Outgoing(lines, 200, "application/x-ndjson", fault=fault, streamed=fault.delivery == "whole")

        return await self._exchange(request, OLLAMA, produce)

    async def _exchange(self, request: web.Request, wire: Wire, produce: Producer) -> web.StreamResponse:
        """Receive, answer, deliver and note one request."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        record = RequestRecord(
            number=next(self._numbers),
            method=request.method,
            path=request.path,
            received_at=time.time(),
            has_authorization="Authorization" in request.headers,
            model=request.match_info.get("model"),
        )
        try:
            raw = await request.read()
            fault = self._received(record, request, raw, wire)
            self._note_arrival(record)
            outgoing = await self._outgoing(record, fault, wire, produce)
            record.fault = None if outgoing.fault.name == "ok" else outgoing.fault.name
            response = await DELIVERIES[outgoing.fault.delivery](request, outgoing)
            record.status = outgoing.status
            if outgoing.fault.delivery == "whole":
                record.answer, record.sold = outgoing.answer, outgoing.sold
                self._note_delivery(record)
            return response
        except (asyncio.CancelledError, ConnectionError):
            record.disconnected = True
            raise
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._tasks.discard(task)

    def _received(self, record: RequestRecord, request: web.Request, raw: bytes, wire: Wire) -> Fault:
        """Fill in what a request says and decide its fault."""
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _BAD_BODY
        record.body = body
        record.model = str(body["model"]) if body.get("model") else record.model
        if self.api_key is not None and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return FAULTS["unauthorized"] if record.has_authorization else _NO_KEY
        chat = bool(body) and "messages" in body
        if chat and self.max_concurrency is not None and self.in_flight > self.max_concurrency:
            return FAULTS[wire.overloaded]
        targets = [request.path, *filter(None, [record.model]), *([EVERY_CHAT] if chat else [])]
        return self._plan.pick(targets if chat else targets[:1], raw, body)

    async def _outgoing(
        self,
        record: RequestRecord,
        fault: Fault,
        wire: Wire,
        produce: Producer,
    ) -> Outgoing:
        """The reply: the fault's own error, or what the route produces."""
        record.fault = fault.name if fault.name != "ok" else None
        try:
            if fault.error is None and fault.raw is None and fault.delivery in ("whole", "cut", "reset"):
                return await produce(record, fault, wire)
        except Refused as refused:
            fault = refused.fault
        if fault.latency_s:
            await asyncio.sleep(fault.latency_s)
        if fault.raw is not None:
            content_type, payload = fault.raw
            return Outgoing([payload], fault.status, content_type, fault=fault)
        headers = wire.headers(record.number)
        if fault.error is None:
            return Outgoing([], fault.status, headers=headers, fault=fault)
        error = wire.error(fault.error, record.model or "")
        if fault.status == 200 and record.messages and wire.streams(record.body):
            return Outgoing(list(wire.stream_error(error)), 200, _stream_type(wire), headers, fault, streamed=True)
        return Outgoing([_encoded(error)], fault.status, headers=headers, fault=fault)

    async def _complete(self, record: RequestRecord, fault: Fault, wire: Wire) -> Outgoing:
        """Let the model answer a chat request."""
        card = self._card(record.model)
        prompt = wire.prompt(record.body, card)
        record.prompt_tokens, record.truncated = prompt.tokens, prompt.truncated
        said = card.behaviour(prompt.body) if prompt.body.get("messages") else ""
        if inspect.isawaitable(said):
            said = await said
        reply = _thoughtful(Reply(said) if isinstance(said, str) else said, prompt.body, card)
        own = (reply.latency_s, card.latency_s, self.latency_s)
        wait = next(seconds for seconds in own if seconds is not None) + fault.latency_s
        if wait:
            await asyncio.sleep(wait)
        reply = fault.applied(within(reply, prompt.room))
        body = fault.patched(wire.completion(prompt, reply, card, record.number), wire.name)
        streamed = wire.streams(record.body)
        return Outgoing(
            list(wire.stream(prompt, body)) if streamed else [_encoded(body)],
            200,
            _stream_type(wire) if streamed else "application/json",
            wire.headers(record.number),
            fault,
            answer=reply.content,
            sold=fault.sold and bool(record.messages),
            streamed=streamed and fault.delivery == "whole",
        )

    def _card(self, name: str | None) -> ModelCard:
        """The model of this name, with or without Ollama's `:latest`. Raises `Refused` (404)."""
        wanted = name or ""
        card = self._cards.get(wanted) or self._cards.get(wanted.removesuffix(":latest"))
        if card is None:
            raise Refused(FAULTS["model_not_found"])
        return card

    # Routes that are not chat.

    def _models(self, record: RequestRecord) -> Body:
        return {"object": "list", "data": [wire_openai.model_card(card) for card in self._cards.values()]}

    def _props(self, record: RequestRecord) -> Body:
        settings = {"n_ctx": self._context // 4}
        return {"build_info": "b9001", "default_generation_settings": settings, "chat_template": "{{ messages }}"}

    def _model(self, record: RequestRecord) -> Body:
        return wire_openai.model_card(self._card(record.model))

    def _tags(self, record: RequestRecord) -> Body:
        return {"models": [wire_ollama.tag(card) for card in self._cards.values()]}

    def _running(self, record: RequestRecord) -> Body:
        return {"models": [wire_ollama.running(card) for card in self._cards.values()]}

    def _show(self, record: RequestRecord) -> Body:
        return wire_ollama.show(self._card(record.model or record.body.get("name")))


def _encoded(body: Body) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _stream_type(wire: Wire) -> str:
    return "text/event-stream" if wire.name == "openai" else "application/x-ndjson"


def _thoughtful(reply: Reply, body: Body, card: ModelCard) -> Reply:
    """A thinking model thinks unless it is told not to."""
    off = body.get("think") is False or body.get("reasoning_effort") == "none"
    if not card.thinking or off or reply.reasoning is not None:
        return reply
    return replace(reply, reasoning="질문의 뜻을 먼저 헤아려 본다.")


def main(arguments: Iterable[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.model_server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each chat reply")
    parser.add_argument("--log", type=Path, help="append each delivered reply to this file, as a JSON line")
    parser.add_argument("--api-key", help="the bearer to demand")
    parser.add_argument("--max-concurrency", type=int)
    parser.add_argument("--context", type=int, default=32_768, help="window of the models, in tokens")
    parser.add_argument("--model", action="append", help="a name to serve (default: candidate and judge)")
    parser.add_argument("--fault", action="append", default=[], metavar="MODEL=FAULT[:SHARE]")
    options = parser.parse_args(None if arguments is None else list(arguments))
    server = ModelServer(
        options.model or ("candidate", "judge"),
        latency_s=options.latency,
        api_key=options.api_key,
        max_concurrency=options.max_concurrency,
        context=options.context,
        port=options.port,
        log=options.log,
    )
    for rule in options.fault:
        model, _, rest = rule.rpartition("=")
        fault, _, share = rest.partition(":")
        server.inject_share(model, fault, float(share or 1))
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        server.start()
    except OSError as error:
        parser.error(f"cannot listen on port {options.port}: {error.strerror}")
    try:
        lines = [server.url]
        for name in server._cards:
            lines += [f"compatible:{name}@{server.openai_url}", f"ollama:{name}@{server.url}"]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        done.wait()
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
