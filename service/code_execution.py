"""Whether a run may execute the programs in answers, and on what."""

from judge.checks.code import CodeRunner, SandboxError
from judge.sandbox.runner import Sandbox
from questions.types import CodeCheck, Question
from service.errors import UsageError


def code_turns(question: Question) -> int:
    """Turns whose answer is decided by running a program."""
    return sum(any(isinstance(check, CodeCheck) for check in turn.checks) for turn in question.turns)


async def open_runner() -> CodeRunner:
    """A sandbox that works on this machine.

    Raises:
        UsageError: it does not; no program is run without its walls.
    """
    sandbox = Sandbox()
    try:
        await sandbox.check()
    except SandboxError as error:
        raise UsageError(
            f"programs cannot be run safely here: {error}; leave out --allow-code-execution, or see "
            "docs/code-execution.md"
        ) from error
    return sandbox
