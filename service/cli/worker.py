"""`worker`: resume runs that somebody asks for in the database."""

import threading

from rich.text import Text

from service.cli.terminal import err
from service.report.cells import safe
from service.worker import Worker


def run_worker(database: str, jobs: int, *, once: bool) -> int:
    """Work until Ctrl-C; runs that were started end in good order with it."""
    worker = Worker(database, jobs, lambda line: err().print(Text(safe(line))))
    ended = threading.Event()
    if not once:
        err().print(Text("Waiting for runs to be resumed, from the dashboard or the API (Ctrl-C ends it)"))
    try:
        worker.work(ended, once=once)
    except KeyboardInterrupt:
        ended.set()
        worker.work(ended)
    return 0
