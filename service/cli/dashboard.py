"""`dashboard`: the pages in a process of their own, which is given no key; this one resumes runs that they ask for."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from rich.text import Text

from service.access import door, is_loopback, read_access
from service.cli.failures import WRONG_USE
from service.cli.terminal import err
from service.errors import UsageError
from service.report.cells import safe
from service.worker import Worker

_JOBS = 2
_SECRET = re.compile(r"(?:^|_)(?:API_?KEYS?|KEYS?|TOKENS?|SECRETS?|PASSWORD|PASSWD|CREDENTIALS)(?:_|$)", re.IGNORECASE)


def start_dashboard(database: str, port: int, host: str, allowed: Sequence[str], *, unsafe: bool) -> int:
    """Serve the pages until Ctrl-C.

    Raises:
        UsageError: the port is taken, or others could look whom nobody knows.
    """
    access = read_access()
    door(access, host, allowed, unsafe=unsafe)
    _check_free(host, port)
    if not is_loopback(host) and not access.login:
        warning = f"Warning: whoever reaches {host} reads everything, and can pause and resume runs that cost money."
        err().print(Text(warning, style="bold"))
    environment = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    environment["KOJUDGE_DATABASE_URL"] = database
    shown = f"[{host}]" if ":" in host else host
    err().print(Text(f"Dashboard on http://{shown}:{port} (Ctrl-C ends it)"))
    # Started, not imported: the pages import this package, not the other way round.
    command = [sys.executable, "-m", "dashboard", "--host", host, "--port", str(port)]
    command += [word for name in allowed for word in ("--allowed-host", name)]
    command += ["--unsafe-allow-unauthenticated"] if unsafe else []
    pages = subprocess.Popen(command, env=environment)
    ended = threading.Event()
    worker = Worker(database, _JOBS, lambda line: err().print(Text(safe(line))))
    working = threading.Thread(target=worker.work, args=(ended,), name="worker")
    working.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return WRONG_USE if pages.wait() else 0
    except KeyboardInterrupt:
        pages.terminate()
        pages.wait()
        return 0
    finally:
        ended.set()
        working.join()


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise UsageError(f"there is no address {host!r} ({error.strerror}); choose another with --host") from error
    except OSError as error:
        reason = f"port {port} of {host} cannot be had ({error.strerror}); choose another with --port"
        raise UsageError(reason) from error
