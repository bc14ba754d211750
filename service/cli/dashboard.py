"""`dashboard`: the pages in a process of their own, which is given no key; this one resumes runs that they ask for."""

import os
import signal
import socket
import subprocess
import sys
import threading

from rich.text import Text

from service.cli.failures import WRONG_USE
from service.cli.terminal import err
from service.errors import UsageError
from service.report.cells import safe
from service.worker import Worker

_JOBS = 2
_SECRET = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def start_dashboard(database: str, port: int) -> int:
    """Serve the pages on the loopback address until Ctrl-C.

    Raises:
        UsageError: the port is taken.
    """
    _check_free(port)
    environment = {k: v for k, v in os.environ.items() if not k.upper().endswith(_SECRET)}
    environment["KOJUDGE_DATABASE_URL"] = database
    err().print(Text(f"Dashboard on http://127.0.0.1:{port} (Ctrl-C ends it)"))
    # Started, not imported: the pages import this package, not the other way round.
    pages = subprocess.Popen([sys.executable, "-m", "dashboard", "--port", str(port)], env=environment)
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


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"port {port} is taken ({error.strerror}); choose another with --port") from error
