"""`dashboard`: the pages in a process of their own, which is given no key."""

import os
import socket
import subprocess
import sys

from rich.text import Text

from service.cli.failures import WRONG_USE
from service.cli.terminal import err
from service.errors import UsageError

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
    command = [sys.executable, "-m", "dashboard", "--port", str(port)]
    try:
        return WRONG_USE if subprocess.run(command, env=environment, check=False).returncode else 0
    except KeyboardInterrupt:
        return 0


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"port {port} is taken ({error.strerror}); choose another with --port") from error
