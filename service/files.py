"""Writing files whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from service.errors import UsageError


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """Write beside the target and rename: a reader never sees half a file. Errors: `UsageError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".export-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.writelines(f"{line}\n" for line in lines)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    return path


def write_folder(path: Path, files: Mapping[str, str]) -> Path:
    """Write a new folder with these files by their names, all or none of it. Errors: `UsageError`."""
    if path.exists():
        raise UsageError(f"{path} is there already; name a new folder")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        try:
            for name, text in files.items():
                (temporary / name).write_text(text, encoding="utf-8", newline="")
            temporary.rename(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    return path


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise `UsageError` for a file that would be overwritten without leave."""
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; name another file, or overwrite it with --force")
