"""Several servers of one model, used as one: the least loaded answers, and a dead one only slows the run."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from providers.errors import ConnectionFailedError, InvalidRequestError, RateLimitError, ServerError
from providers.types import ChatCompletion, ChatProvider, ChatRequest, ModelIdentity

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0


@dataclass(slots=True)
class _Replica:
    """One server: its calls in flight, and how long it is left alone after it failed."""

    provider: ChatProvider
    in_flight: int = 0
    rests_until: float = 0.0
    rest_s: float = FIRST_REST_S

    def failed(self, now: float) -> None:
        if now >= self.rests_until:  # calls that fail together count once
            self.rests_until = now + self.rest_s
            self.rest_s = min(2 * self.rest_s, LONGEST_REST_S)

    def answered(self) -> None:
        self.rests_until, self.rest_s = 0.0, FIRST_REST_S


class ReplicatedProvider:
    """One model behind several base URLs; every call goes to the replica with the fewest calls in flight.

    A replica that fails (no connection, 5xx) rests for a while (1 s, doubling to 30 s) and the call moves on to another
    at once, as it does from one that is full; only when every replica has failed does the caller see the error.
    """

    def __init__(self, providers: Sequence[ChatProvider]) -> None:
        if not providers:
            raise ValueError("a replicated provider needs at least one replica")
        self._replicas = [_Replica(provider) for provider in providers]
        self.name = providers[0].name
        self.capabilities = providers[0].capabilities

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        left = list(self._replicas)
        while True:
            now = time.monotonic()
            replica = min(left, key=lambda r: (now < r.rests_until, r.in_flight))
            left.remove(replica)
            replica.in_flight += 1
            try:
                completion = await replica.provider.complete(request)
            except (ConnectionFailedError, ServerError):
                # A server that fails at once is always the least loaded: left alone, or it would draw every call.
                replica.failed(time.monotonic())
                if not left:
                    raise
            except RateLimitError:
                if not left:
                    raise
            except asyncio.CancelledError:
                # The deadline ran out: a server that hangs is as dead as one that refuses.
                replica.failed(time.monotonic())
                raise
            else:
                replica.answered()
                return completion
            finally:
                replica.in_flight -= 1

    async def describe(self) -> ModelIdentity:
        """The first replica that answers; those that do not are named in `details`.

        Raises:
            ProviderError: of the first replica, when none answers; of any that answers but refuses the model or key.
        """
        found = await asyncio.gather(*(r.provider.describe() for r in self._replicas), return_exceptions=True)
        identities = [f for f in found if isinstance(f, ModelIdentity)]
        unreachable = [f for f in found if isinstance(f, ConnectionFailedError | ServerError)]
        wrong = [f for f in found if isinstance(f, BaseException) and f not in unreachable]
        if wrong or not identities:
            raise (wrong or unreachable)[0]
        now = time.monotonic()
        for replica, outcome in zip(self._replicas, found, strict=True):
            if outcome in unreachable:
                replica.failed(now)
        first = identities[0]
        if len({(i.digest, i.quantization, i.template_hash) for i in identities}) > 1:
            served = ", ".join(f"{i.base_url}: {i.digest or i.quantization or i.template_hash}" for i in identities)
            raise InvalidRequestError(f"the replicas of {first.model!r} serve different models ({served})")
        details = {**first.details, "replicas": len(self._replicas), "unreachable_replicas": len(unreachable)}
        return ModelIdentity(
            first.provider,
            first.model,
            first.base_url,
            digest=first.digest,
            context_length=min((i.context_length for i in identities if i.context_length), default=None),
            server_version=first.server_version,
            quantization=first.quantization,
            template_hash=first.template_hash,
            shutdown_date=first.shutdown_date,
            details=details,
        )

    async def pull(self, on_progress: Callable[[str, int | None, int | None], None]) -> None:
        """Let every replica that can fetch the model do so, one after the other."""
        for replica in self._replicas:
            fetch = getattr(replica.provider, "pull", None)
            if fetch is not None:
                await fetch(on_progress)

    async def aclose(self) -> None:
        await asyncio.gather(*(replica.provider.aclose() for replica in self._replicas))
