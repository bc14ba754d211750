"""Errors as one line on stderr and an exit status."""

import sys
from typing import NoReturn

OK, SOME_FAILED, WRONG_USE, STOPPED, INTERRUPTED = 0, 1, 2, 3, 130


def exit_with_one_line(error: Exception) -> NoReturn:
    """Say what went wrong and what to do, without a traceback."""
    from providers.errors import BudgetExhaustedError, ProviderError, QuotaExhaustedError, SpecError
    from questions.source import SourceError
    from service.errors import UsageError
    from service.pausing import Paused
    from service.report.cells import safe
    from service.signals import Interrupted
    from service.store.trouble import explain

    error = explain(error) or error
    if isinstance(error, Paused):
        _say(f"{safe(str(error))}; everything delivered so far is kept. Run the same command again to continue.")
        sys.exit(INTERRUPTED)
    if isinstance(error, Interrupted):
        how = safe(str(error)) or "Run the same command again to continue."
        _say(f"interrupted; everything delivered so far is kept. {how}")
        sys.exit(INTERRUPTED)
    if isinstance(error, QuotaExhaustedError):
        _say(f"stopped, the account has no quota left: {safe(str(error))}. Top up, then run the same command again.")
        sys.exit(STOPPED)
    if isinstance(error, BudgetExhaustedError):
        _say(f"stopped at the cost limit: {safe(str(error))}. Everything is kept; go on with a higher --max-cost.")
        sys.exit(STOPPED)
    if isinstance(error, UsageError | SpecError | SourceError):
        _say(f"error: {safe(str(error))}")
    elif isinstance(error, ProviderError):
        _say(f"error: {error.kind.replace('_', ' ')}: {safe(str(error))}{_advice(error)}")
    else:
        _say(f"error: {type(error).__name__}: {safe(str(error))[:300]} (run again with --debug for the traceback)")
    sys.exit(WRONG_USE)


def _advice(error: Exception) -> str:
    from providers.errors import AuthenticationError, PermissionDeniedError, UnsupportedParameterError

    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return "; check the key in its environment variable"
    if isinstance(error, UnsupportedParameterError):
        return (
            "; set the parameter to null in the plan (under generation: or judging:), "
            "or run with --drop-unsupported to leave it out and have that recorded"
        )
    return ""


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
