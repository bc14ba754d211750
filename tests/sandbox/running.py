"""Programs in the sandbox, for tests; a machine without its walls skips them."""

import asyncio

import pytest

from judge.checks.code import ProgramRun, SandboxError
from judge.sandbox.runner import Limits, Sandbox

SHORT = Limits(cpu_s=2, wall_s=30.0)


def run(program: str, stdin: str = "", limits: Limits = SHORT) -> ProgramRun:
    try:
        return asyncio.run(Sandbox(limits).run(program, stdin))
    except SandboxError as error:
        pytest.skip(f"no sandbox on this machine: {error}")
