"""Starts a jail for each run of a program, feeds it, and ends it when it has had its time."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from judge.checks.code import Outcome, ProgramRun, SandboxError

_JAIL = Path(__file__).with_name("jail.py")
_CHUNK = 1 << 16
# Nothing of kojudge's own environment; the same order of sets and the same encoding everywhere.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
# A folder, a socket, a process: one of each kind of what must be refused.
_PROBE = """
import os, socket
for attempt in (lambda: os.listdir("/"), socket.socket, os.fork):
    try:
        attempt()
        print(False)
    except PermissionError:
        print(True)
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of a program may use."""

    cpu_s: int = 5
    wall_s: float = 15.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 1 << 20


class Sandbox:
    """A `CodeRunner` on Linux: at most `places` programs at once, each locked up by `jail.py`."""

    def __init__(self, limits: Limits | None = None, places: int | None = None) -> None:
        self.limits = limits or Limits()
        self.places = places or min(4, os.cpu_count() or 1)
        self._free = asyncio.Semaphore(self.places)

    async def run(self, program: str, stdin: str) -> ProgramRun:
        """What one run of a program comes to.

        Raises:
            SandboxError: the program was not run at all.
        """
        if sys.platform != "linux":
            raise SandboxError("programs are run on Linux only")
        async with self._free:
            try:
                return await self._run(program, stdin)
            except OSError as error:
                raise SandboxError(f"no process can be started: {error}") from error

    async def check(self) -> None:
        """Try the walls.

        Raises:
            SandboxError: there are none on this machine, or one lets something through.
        """
        done = await self.run(_PROBE, "")
        if done.outcome != "ended" or done.stdout.split() != ["True"] * 3:
            raise SandboxError(f"the sandbox does not hold ({done.error or done.stdout.split() or done.outcome})")

    async def _run(self, program: str, stdin: str) -> ProgramRun:
        with _memory_file(program) as source, _memory_file(stdin) as given, _pipe() as (ready, tell):
            numbers = (os.getpid(), source, tell.fileno(), self.limits.memory_bytes, self.limits.cpu_s)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-s", "-S", "-P", "-B"),
                str(_JAIL),
                *map(str, numbers),
                stdin=given,
                stdout=PIPE,
                stderr=PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                pass_fds=(source, tell.fileno()),
            )
            tell.close()
            try:
                return await self._watched(process, ready)
            finally:
                await _end(process)

    async def _watched(self, process: Process, ready: int) -> ProgramRun:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.create_task(_last_line(process.stderr))
        try:
            async with asyncio.timeout(self.limits.wall_s):
                output = await _up_to(process.stdout, self.limits.output_bytes)
                if output is None:
                    return ProgramRun("output")
                code, said = await process.wait(), await errors
        except TimeoutError:
            return ProgramRun("time")
        finally:
            errors.cancel()
            await asyncio.wait([errors])
        if not os.read(ready, 1):
            raise SandboxError(said or f"the jail ended with status {code}")
        return ProgramRun(_outcome(code), output.decode("utf-8", "replace"), said)


def _outcome(code: int) -> Outcome:
    if code == 0:
        return "ended"
    return "time" if code in (-signal.SIGKILL, -signal.SIGXCPU) else "failed"


@contextmanager
def _memory_file(text: str) -> Iterator[int]:
    """A descriptor, at its beginning, of a file that lies nowhere."""
    # A lone surrogate cannot be in a file; in a program it is a mistake like any other.
    descriptor = os.memfd_create("kojudge")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(text.encode("utf-8", "replace"))
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _pipe() -> Iterator[tuple[int, FileIO]]:
    """(reading end, writing end); the writing end may be closed before."""
    reading, writing = os.pipe()
    try:
        with FileIO(writing, "wb") as end:
            yield reading, end
    finally:
        os.close(reading)


async def _up_to(stream: asyncio.StreamReader, most: int) -> bytes | None:
    """All that comes; None when it is more than `most` bytes."""
    held = bytearray()
    while chunk := await stream.read(_CHUNK):
        held += chunk
        if len(held) > most:
            return None
    return bytes(held)


async def _last_line(stream: asyncio.StreamReader) -> str:
    """The last line that says something, of the last few thousand bytes."""
    held = b""
    while chunk := await stream.read(_CHUNK):
        held = (held + chunk)[-4096:]
    lines = held.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


async def _end(process: Process) -> None:
    """No process is left, whatever happened."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()
