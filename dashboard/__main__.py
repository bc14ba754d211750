"""Serve the dashboard: `python -m dashboard --port 8501`. `kojudge dashboard` starts it so, without any key."""

import argparse
import os
import sys

from dashboard.identity import LOGIN
from dashboard.server import create_app, settings
from service.access import door, read_access
from service.errors import UsageError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--allowed-host", action="append", default=[])
    parser.add_argument("--unsafe-allow-unauthenticated", action="store_true")
    given = parser.parse_args()
    try:
        access = read_access()
        names = door(access, given.host, given.allowed_host, unsafe=given.unsafe_allow_unauthenticated)
    except UsageError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    if access.login:
        os.environ[LOGIN] = "1"
    create_app(names).run(config=settings(given.host, given.port, access.files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
