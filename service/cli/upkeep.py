"""`backup` and `check`."""

from pathlib import Path

from service.cli.terminal import plain
from service.store.backup import Contents, back_up, check_database


def make_backup(target: Path, database: str, *, force: bool) -> None:
    contents = back_up(database, target, force=force)
    plain(f"wrote {target}: {_holds(contents)}")


def check(database: str) -> None:
    contents = check_database(database)
    plain(f"{database}: no damage found, {_holds(contents)}")


def _holds(contents: Contents) -> str:
    runs = "1 run" if contents.runs == 1 else f"{contents.runs} runs"
    return f"{runs}, {contents.completions} bought replies, {contents.size_bytes / 1e6:.1f} MB"
