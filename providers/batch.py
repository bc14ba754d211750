"""The cheap lane: many requests handed over as one file, answered within a day at half price.

A batch carries a label that the caller made and stored before submitting it, so one whose creation was never
confirmed (a cut connection, a killed process) is found again instead of being bought a second time.
"""

import contextlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import aiohttp
import httpx2
import openai

from providers.dialects import Dialect
from providers.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    NotProcessedError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitError,
)
from providers.http_errors import clean_message, error_for_status
from providers.openai_compatible import OpenAICompatibleProvider
from providers.types import ChatCompletion, ChatRequest

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
LABEL = "kojudge_label"
TIER = "batch"
_QUEUE_FULL, _HARD_LIMIT = "token_limit_exceeded", "billing_hard_limit_reached"
_NOT_PROCESSED = frozenset({"batch_expired", "batch_cancelled"})
_PAGE, _MAX_PAGES = 100, 50
_CLOCK_SKEW_S = 86_400.0
_CALL_TIMEOUT_S = 60.0
_FILE_TIMEOUT_S = 600.0

Outcome = tuple[str | None, ChatCompletion | ProviderError]


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one file may hold: requests, and bytes (the vendor's 200 MB, with a margin)."""

    requests: int = 50_000
    bytes: int = 190_000_000


@dataclass(frozen=True, slots=True)
class BatchHandle:
    """A batch that exists at the vendor. `created_at` is in seconds since the epoch, by the vendor's clock."""

    id: str
    input_file_id: str | None = None
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch is. `state` is the vendor's word; times are seconds since the epoch, None is unknown.

    `errors` are the (code, message) pairs with which a batch as a whole was refused.
    """

    id: str
    state: str
    completed: int = 0
    failed: int = 0
    total: int = 0
    created_at: float | None = None
    ended_at: float | None = None
    expires_at: float | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: tuple[tuple[str | None, str], ...] = ()

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class BatchProvider(Protocol):
    """One model behind one endpoint that takes batches. Make it, use it and close it inside one event loop.

    Every method makes one attempt and raises ProviderError.
    """

    @property
    def limits(self) -> BatchLimits: ...

    def line(self, custom_id: str, request: ChatRequest) -> tuple[bytes, dict[str, Any]]:
        """(the request's line of the file, the parameters that are recorded as sent)."""
        ...

    async def submit(self, lines: Sequence[bytes], label: str) -> BatchHandle:
        """Upload the lines and create a batch. After an error it may exist all the same: ask `find`."""
        ...

    async def find(self, label: str, since: float) -> list[BatchHandle]:
        """The batches with this label, oldest first; none older than `since` is looked for."""
        ...

    async def poll(self, batch_id: str) -> BatchStatus: ...

    def results(self, status: BatchStatus, sent_params: Mapping[str, Any]) -> AsyncGenerator[Outcome, None]:
        """(custom_id, completion or error) in no order; the id is None where a line cannot be read."""
        ...

    def refusal(self, status: BatchStatus) -> ProviderError:
        """Why a batch as a whole failed, in the vendor's words. RateLimitError: too much is enqueued already."""
        ...

    async def cancel(self, batch_id: str) -> BatchStatus: ...

    async def aclose(self) -> None: ...


class OpenAIBatchProvider:
    """OpenAI's Batch API over the SDK; bodies and replies are made and read by the live provider's own code."""

    def __init__(
        self,
        chat: OpenAICompatibleProvider,
        dialect: Dialect,
        api_key: str | None,
        limits: BatchLimits = BatchLimits(),
    ) -> None:
        self.limits = limits
        self._chat = chat
        self._base_url = chat.base_url
        self._quota_codes = dialect.quota_codes
        self._api_key = api_key
        self._client = openai.AsyncOpenAI(
            api_key=api_key or "unused",
            base_url=chat.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(_CALL_TIMEOUT_S, connect=10.0),
            http_client=openai.DefaultAioHttpClient(),
        )

    def line(self, custom_id: str, request: ChatRequest) -> tuple[bytes, dict[str, Any]]:
        body, sent = self._chat.wire.body_of(request)
        row = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
        return json.dumps(row).encode() + b"\n", sent

    async def submit(self, lines: Sequence[bytes], label: str) -> BatchHandle:
        file = (f"{label}.jsonl", b"".join(lines), "application/jsonl")
        try:
            uploaded = await self._client.files.with_raw_response.create(
                file=file, purpose="batch", timeout=_FILE_TIMEOUT_S
            )
            file_id = _text(_object(uploaded.content).get("id"))
            if file_id is None:
                raise MalformedResponseError("the upload's reply names no file")
            created = await self._client.batches.with_raw_response.create(
                input_file_id=file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={LABEL: label},
            )
        except openai.OpenAIError as error:
            raise self._typed(error) from None
        return _handle(_object(created.content))

    async def find(self, label: str, since: float) -> list[BatchHandle]:
        found: list[BatchHandle] = []
        after: str | None = None
        for _ in range(_MAX_PAGES):
            try:
                page = await self._client.batches.with_raw_response.list(limit=_PAGE, after=after or openai.omit)
            except openai.OpenAIError as error:
                raise self._typed(error) from None
            payload = _object(page.content)
            listed = payload.get("data")
            rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
            for row in rows:
                metadata = row.get("metadata")
                if isinstance(metadata, dict) and metadata.get(LABEL) == label:
                    found.append(_handle(row))
            # The newest come first; clocks may differ.
            too_old = bool(rows) and (_moment(rows[-1].get("created_at")) or since) < since - _CLOCK_SKEW_S
            after = _text(rows[-1].get("id")) if rows else None
            if not payload.get("has_more") or after is None or too_old:
                break
        found.reverse()  # sorting keeps this order among those of the same second
        return sorted(found, key=lambda handle: handle.created_at)

    async def poll(self, batch_id: str) -> BatchStatus:
        try:
            reply = await self._client.batches.with_raw_response.retrieve(batch_id)
        except openai.OpenAIError as error:
            raise self._typed(error) from None
        return _status(_object(reply.content), self._api_key)

    async def cancel(self, batch_id: str) -> BatchStatus:
        try:
            reply = await self._client.batches.with_raw_response.cancel(batch_id)
        except openai.OpenAIError as error:
            raise self._typed(error) from None
        return _status(_object(reply.content), self._api_key)

    async def results(self, status: BatchStatus, sent_params: Mapping[str, Any]) -> AsyncGenerator[Outcome, None]:
        took = status.ended_at - status.created_at if status.ended_at and status.created_at else 0.0
        for file_id in (status.output_file_id, status.error_file_id):
            if file_id is not None:
                async with contextlib.aclosing(self._file_lines(file_id)) as lines:
                    async for line in lines:
                        if line.strip():
                            yield self._outcome(line, sent_params, max(0.0, took))

    def refusal(self, status: BatchStatus) -> ProviderError:
        shown = "; ".join(dict.fromkeys(message for _, message in status.errors[:20]))
        codes = {code for code, _ in status.errors if code}
        kind: type[ProviderError] = InvalidRequestError
        if codes & (self._quota_codes | {_HARD_LIMIT}):
            kind = QuotaExhaustedError
        elif _QUEUE_FULL in codes:
            kind = RateLimitError
        words = clean_message(shown) or "no reason given"
        return kind(f"batch {status.id} was refused: {words}", code=min(codes, default=None))

    async def _file_lines(self, file_id: str) -> AsyncGenerator[bytes, None]:
        """The lines of a file as it arrives: parted at LF only, for a model's text may hold other line ends."""
        rest = b""
        try:
            async with self._client.files.with_streaming_response.content(file_id, timeout=_FILE_TIMEOUT_S) as reply:
                async for chunk in reply.iter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        yield line
        except openai.OpenAIError as error:
            raise self._typed(error) from None
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            raise self._cut(error) from error
        yield rest

    def _outcome(self, line: bytes, sent_params: Mapping[str, Any], took_s: float) -> Outcome:
        try:
            row = _object(line)
        except MalformedResponseError as error:
            return None, error
        custom_id = _text(row.get("custom_id"))
        try:
            completion = self._completion(row, sent_params, took_s)
        except ProviderError as error:
            return custom_id, error
        return custom_id, completion

    def _completion(self, row: Mapping[str, Any], sent_params: Mapping[str, Any], took_s: float) -> ChatCompletion:
        refused = row.get("error")
        code = _text(refused.get("code")) if isinstance(refused, dict) else None
        if isinstance(refused, dict) and code in _NOT_PROCESSED:
            raise NotProcessedError(clean_message(str(refused.get("message"))), code=code)
        response = row.get("response")
        if not isinstance(response, dict):
            # Without a reply there is no status; what is no known code is the vendor's own failure.
            raise self._error(500, {"error": refused}, {}, None)
        request_id = _text(response.get("request_id"))
        status, body = response.get("status_code"), response.get("body")
        if isinstance(status, int) and not 200 <= status < 300:
            raise self._error(status, body, {}, request_id)
        if not isinstance(body, dict):
            raise MalformedResponseError("the result's body is not a JSON object", request_id=request_id)
        headers = {"x-request-id": request_id} if request_id else {}
        return replace(self._chat.wire.completion_of(body, headers, sent_params, took_s), service_tier=TIER)

    def _typed(self, error: openai.OpenAIError) -> ProviderError:
        if isinstance(error, openai.APIStatusError):
            body = error.body if error.body is not None else error.response.text[:2000]
            typed = self._error(error.status_code, body, error.response.headers, error.request_id)
            if isinstance(typed, ModelNotFoundError):
                # These paths name batches and files, never a model.
                return InvalidRequestError(f"{self._base_url}: {typed}", status=typed.status, code=typed.code)
            return typed
        if isinstance(error, openai.APIConnectionError):
            return self._cut(error.__cause__ or error)
        return MalformedResponseError(clean_message(str(error)))

    def _error(self, status: int, payload: object, headers: Mapping[str, str], request_id: str | None) -> ProviderError:
        return error_for_status(
            status, payload, headers, quota_codes=self._quota_codes, request_id=request_id, secret=self._api_key
        )

    def _cut(self, cause: BaseException) -> ConnectionFailedError:
        detail = clean_message(str(cause) or type(cause).__name__)
        return ConnectionFailedError(f"connection to {self._base_url} failed: {detail}")

    async def aclose(self) -> None:
        await self._client.close()
        await self._chat.aclose()


def _object(content: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError) as error:
        start = clean_message(content[:80].decode("utf-8", "replace"))
        raise MalformedResponseError(f"not JSON: {start}") from error
    if not isinstance(payload, dict):
        raise MalformedResponseError("not a JSON object")
    return payload


def _handle(row: Mapping[str, Any]) -> BatchHandle:
    batch_id = _text(row.get("id"))
    if batch_id is None:
        raise MalformedResponseError("the batch has no id")
    return BatchHandle(batch_id, _text(row.get("input_file_id")), _moment(row.get("created_at")) or 0.0)


def _status(row: Mapping[str, Any], secret: str | None) -> BatchStatus:
    batch_id, state = _text(row.get("id")), _text(row.get("status"))
    if batch_id is None or state is None:
        raise MalformedResponseError("the batch has no id or no status")
    counts = row.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    ends = (row.get(f"{end}_at") for end in ("completed", "failed", "expired", "cancelled"))
    return BatchStatus(
        batch_id,
        clean_message(state, 40),
        completed=_count(counts.get("completed")),
        failed=_count(counts.get("failed")),
        total=_count(counts.get("total")),
        created_at=_moment(row.get("created_at")),
        ended_at=next((moment for end in ends if (moment := _moment(end)) is not None), None),
        expires_at=_moment(row.get("expires_at")),
        output_file_id=_text(row.get("output_file_id")),
        error_file_id=_text(row.get("error_file_id")),
        errors=tuple(_refusals(row.get("errors"), secret)),
    )


def _refusals(errors: object, secret: str | None) -> list[tuple[str | None, str]]:
    rows = errors.get("data") if isinstance(errors, dict) else None
    said = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            message = str(row.get("message") or row.get("code") or "no reason given")
            line = f" (line {row['line']})" if isinstance(row.get("line"), int) else ""
            said.append((_text(row.get("code")), clean_message(message.replace(secret or "\0", "[key]")) + line))
    return said


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else 0
