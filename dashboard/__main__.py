"""Serve the dashboard: `python -m dashboard --port 8501`. `kojudge dashboard` starts it so, without any key."""

import argparse

from dashboard.server import create_app, settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboard")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    given = parser.parse_args()
    create_app(given.host).run(config=settings(given.host, given.port))


if __name__ == "__main__":
    main()
