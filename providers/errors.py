"""What can go wrong in a model call.

ProviderError
├── AuthenticationError           401: stops the run
├── PermissionDeniedError         403: stops the run
├── ModelNotFoundError            404: stops the run
├── QuotaExhaustedError           the account is empty: stops the run
│   └── SuspectedQuotaError       a gateway says so, which may mean overload: retried first
├── BudgetExhaustedError          the next call could cost more than is allowed: stops the run
│   └── BudgetHeldError           until open batches are settled: asked later
├── InvalidRequestError           400/422: this request can never succeed
│   ├── UnsupportedParameterError
│   └── ContextOverflowError
├── RateLimitError                429: retried
├── ServerError                   408/409/5xx: retried
├── ConnectionFailedError         refused, reset, cut: retried
├── MalformedResponseError        not what the protocol says: retried once
├── NotProcessedError             a batch ended before this request's turn: not billed, submitted again
└── DeadlineExceededError         no whole answer in time: not retried, the server may still bill it

SpecError (a ValueError) is raised before any call: the model spec or its key is unusable.
"""

from typing import ClassVar


class SpecError(ValueError):
    """A model spec, base URL or key that cannot be used; the message says what to do."""


class ProviderError(Exception):
    """A failed call. `max_attempts` bounds retries of this kind; `None` leaves it to the policy."""

    kind: ClassVar[str] = "provider_error"
    retryable: ClassVar[bool] = False
    stops_run: ClassVar[bool] = False
    max_attempts: ClassVar[int | None] = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.param = param


class AuthenticationError(ProviderError):
    kind = "authentication"
    stops_run = True


class PermissionDeniedError(ProviderError):
    kind = "permission_denied"
    stops_run = True


class ModelNotFoundError(ProviderError):
    kind = "model_not_found"
    stops_run = True


class QuotaExhaustedError(ProviderError):
    kind = "quota_exhausted"
    stops_run = True


class SuspectedQuotaError(QuotaExhaustedError):
    retryable = True
    max_attempts = 3


class BudgetExhaustedError(ProviderError):
    kind = "budget_exhausted"
    stops_run = True


class BudgetHeldError(BudgetExhaustedError):
    """There is room only when open batches have been settled."""


class InvalidRequestError(ProviderError):
    kind = "invalid_request"


class UnsupportedParameterError(InvalidRequestError):
    kind = "unsupported_parameter"
    stops_run = True


class ContextOverflowError(InvalidRequestError):
    kind = "context_overflow"


class RateLimitError(ProviderError):
    kind = "rate_limit"
    retryable = True


class ServerError(ProviderError):
    kind = "server_error"
    retryable = True


class ConnectionFailedError(ProviderError):
    kind = "connection"
    retryable = True


class MalformedResponseError(ProviderError):
    kind = "malformed_response"
    retryable = True
    max_attempts = 2


class NotProcessedError(ProviderError):
    kind = "not_processed"
    retryable = True


class DeadlineExceededError(ProviderError):
    kind = "deadline"
