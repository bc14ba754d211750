"""The command line. Heavy libraries are imported inside the commands, so that `--help` is quick."""

import contextlib
import logging
import os
import signal
import sys
from typing import NoReturn


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit with its status (0 ok, 1 some failed, 2 wrong use, 3 stopped, 130 interrupted)."""
    # SIGTERM ends a command as Ctrl-C does, from the first import on. Elsewhere than in the main thread it cannot be.
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _interrupt)
    # Variables such as OPENAI_LOG make libraries log requests, prompts included, unless the root has a handler already.
    logging.getLogger().addHandler(logging.NullHandler())
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Accepted anywhere on the line: it is remembered only after a command has failed.
    debug = "--debug" in arguments or bool(os.environ.get("KOJUDGE_DEBUG"))
    arguments = [a for a in arguments if a != "--debug"]
    try:
        from service.cli.app import app

        app(args=arguments, prog_name="kojudge")
    except KeyboardInterrupt:
        # Before the run itself listens: nothing has been bought yet.
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        from service.cli.failures import exit_with_one_line

        exit_with_one_line(error)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
