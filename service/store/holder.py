"""Which process on which machine: who holds a lease, and whether it is still there."""

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. The fields after `pid` are None where there is no /proc to tell them."""

    host: str
    pid: int
    started: str | None
    boot_id: str | None
    pid_namespace: str | None

    @classmethod
    def this_process(cls) -> Self:
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _started(pid), _boot_id(), _pid_namespace())

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    def is_gone(self) -> bool:
        """True only if that is certain: it ran here, and no longer does. A process elsewhere cannot be seen."""
        here = (_boot_id(), _pid_namespace())
        if None in here or here != (self.boot_id, self.pid_namespace):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # somebody else's, and alive
        started = _started(self.pid)
        return started is not None and started != self.started


def _started(pid: int) -> str | None:
    """When it started, in ticks since boot: tells it from a later process with the same number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name of the program, in parentheses, may hold anything.
    fields = stat.rpartition(")")[2].split()
    return "ended" if fields[0] in ("Z", "X") else fields[19]


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    except OSError:
        return None


def _pid_namespace() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None
