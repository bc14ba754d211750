"""Reading the YAML files that users write: question sets, plans, rubrics.

Whatever is wrong with a file ends in one `SourceError`, whose text is one line that names the file, the line, the
key and what to do.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from questions.source_error import SourceError, did_you_mean, printable, quote
from questions.validation import complaints, first_problem, found, one_line
from questions.yaml_tree import YamlTree, read_tree, shown_path

__all__ = [
    "MAX_LINE_BYTES",
    "MAX_YAML_BYTES",
    "SourceError",
    "decoding_problem",
    "did_you_mean",
    "load_yaml",
    "one_line",
    "parse_yaml",
    "printable",
    "quote",
    "read_chunks",
    "read_text",
    "refuse_unreadable",
    "text_lines",
    "validate",
]

MAX_YAML_BYTES = 4 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024 * 1024

Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")


def load_yaml(path: Path | str, model: type[Model]) -> Model:
    """Read a YAML file into `model`. Errors: `SourceError`."""
    return parse_yaml(read_text(path, MAX_YAML_BYTES), str(path), model)


def parse_yaml(text: str, name: str, model: type[Model]) -> Model:
    """Read YAML text into `model`; `name` stands for the file in errors. Errors: `SourceError`."""
    return validate(read_tree(text, name), model)


def validate(tree: YamlTree, model: type[Model]) -> Model:
    """The tree's data as `model`. Errors: `SourceError` at the line of the offending key."""
    if not isinstance(tree.data, dict):
        problem = f"expected a mapping (key: value) at the top, found {found(tree.data)}"
        raise SourceError.at(tree.name, problem, line=tree.line(()))
    try:
        return model.model_validate(tree.data)
    except ValidationError as error:
        mistakes = complaints(error, model, tree.data)
        first = mistakes[0]
        raise SourceError.at(
            tree.name, first_problem(mistakes), line=tree.line(first.path), path=shown_path(first.owner)
        ) from error


def read_text(path: Path | str, max_bytes: int) -> str:
    """The text of a UTF-8 file, with or without a BOM. Errors: `SourceError`."""
    content = _read(path, lambda file: file.read(max_bytes + 1))
    if len(content) > max_bytes:
        raise SourceError.at(path, f"is larger than {max_bytes // 2**20} MiB; split it")
    return _decoded(path, content, 1)


def text_lines(path: Path | str) -> Iterator[str]:
    """The lines of a UTF-8 file of any size, with or without a BOM, without their `\\n`. Errors: `SourceError`."""
    with _opened(path) as file:
        number = 1
        while content := _guarded(path, lambda: file.readline(MAX_LINE_BYTES + 1)):
            if len(content) > MAX_LINE_BYTES:
                raise SourceError.at(path, f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB", line=number)
            yield _decoded(path, content, number).removesuffix("\n")
            number += 1


def _decoded(path: Path | str, content: bytes, first_line: int) -> str:
    try:
        return content.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first_line + content.count(b"\n", 0, error.start)
        raise SourceError.at(path, decoding_problem(error), line=line) from error


def decoding_problem(error: UnicodeDecodeError) -> str:
    """Why bytes are no UTF-8 text, and what to do."""
    if "unexpected end" in error.reason:
        return "the file stops in the middle of a character; it was cut off, fetch it again"
    return f"not UTF-8 text (byte 0x{error.object[error.start]:02x}); save the file as UTF-8"


def read_chunks(path: Path | str, size: int) -> Iterator[bytes]:
    """The bytes of a file, `size` at a time. Errors: `SourceError`."""
    with _opened(path) as file:
        while content := _guarded(path, lambda: file.read(size)):
            yield content


def refuse_unreadable(path: Path | str) -> None:
    """Raise `SourceError` for what is no file that can be read."""
    _opened(path).close()


def _read(path: Path | str, take: Callable[[BinaryIO], bytes]) -> bytes:
    with _opened(path) as file:
        return _guarded(path, lambda: take(file))


def _opened(path: Path | str) -> BinaryIO:
    return _guarded(path, lambda: Path(path).open("rb"))


def _guarded(path: Path | str, work: Callable[[], Result]) -> Result:
    try:
        return work()
    except FileNotFoundError as error:
        raise SourceError.at(path, "no such file") from error
    except IsADirectoryError as error:
        raise SourceError.at(path, "is a folder; name a file inside it") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError.at(path, f"cannot be read: {reason}") from error
