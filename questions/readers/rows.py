"""The rows of a table, whatever it lies in: jsonl, json (an array), csv, tsv, parquet, or a folder of parquet files.

A row is a mapping from column to value: text in csv and tsv, what JSON or parquet says elsewhere. Rows come one after
the other with a number to name them by: their line in a text file, else their place from 1. A file may be of any size.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from questions.json_array import opens_array, read_json_array
from questions.json_lines import read_json_objects
from questions.source import SourceError, quote, refuse_unreadable, text_lines

Row = Mapping[str, Any]

_MAX_CELL_CHARS = 4 * 1024 * 1024
_SEPARATORS: Mapping[str, str] = {",": "commas", "\t": "tabs", ";": "semicolons"}


def is_table(path: Path) -> bool:
    """Whether the file is one of a table, by its name."""
    return path.suffix.lower() in _READERS or _is_parquet_folder(path)


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Every row with its number. Errors: `SourceError`, also for a file without rows."""
    if not path.is_dir():
        refuse_unreadable(path)
    read = _parquet_folder if _is_parquet_folder(path) else _READERS.get(path.suffix.lower())
    if read is None:
        raise SourceError.at(path, f"is no table; expected one of {', '.join(TABLES)}")
    rows = 0
    for number, row in read(path):
        rows += 1
        yield number, row
    if not rows:
        raise SourceError.at(path, "the table has no rows; is this the right file?")


def row_error(path: Path, number: int, problem: str) -> SourceError:
    """What is wrong with the row of this number."""
    if path.suffix.lower() in _BY_LINE:
        return SourceError.at(path, problem, line=number)
    return SourceError.at(path, problem, path=row_place(path, number))


def row_place(path: Path, number: int) -> str:
    """Where a user finds a row: `line 7`, or `row 7` where rows have no lines."""
    return f"{'line' if path.suffix.lower() in _BY_LINE else 'row'} {number}"


def _json(path: Path) -> Iterator[tuple[int, Row]]:
    # A `.json` file may hold JSON lines as well: what it holds decides.
    if opens_array(path):
        yield from read_json_array(path)
    else:
        yield from enumerate((row for _, row in read_json_objects(path)), 1)


def _delimited(path: Path, *, delimiter: str) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(_MAX_CELL_CHARS)
    # The csv module wants line ends: a quoted cell may hold some.
    reader = csv.reader((line + "\n" for line in _lines(path)), delimiter=delimiter, strict=True)
    rows = _guarded(path, reader)
    header = next(rows, None)
    if header is None:
        raise SourceError.at(path, "the file is empty; expected a line of column names", line=1)
    columns = [name.strip() for _, cells in [header] for name in cells]
    if len(columns) == 1 and (other := next((mark for mark in _SEPARATORS if mark in columns[0]), None)):
        told = f"the columns are separated by {_SEPARATORS[other]}, not by {_SEPARATORS[delimiter]}"
        raise SourceError.at(path, f"{told}; save the file as .csv with commas or as .tsv with tabs", line=1)
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise SourceError.at(path, f"the column {quote(twice)} stands twice; rename one of them", line=1)
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            problem = f"{len(cells)} cells, but {len(columns)} columns; a cell with a separator or a quote needs quotes"
            raise SourceError.at(path, problem, line=line)
        yield line, dict(zip(columns, cells, strict=True))


def _guarded(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise SourceError.at(path, _csv_problem(error), line=line) from error
        yield line, cells


def _csv_problem(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said or "field limit" in said:
        return 'a quotation mark opens a cell here and is never closed; close it, or quote the cell and write ""'
    if "expected after" in said:
        return 'more text behind a quoted cell; quote the whole cell, and write "" for a quotation mark in it'
    return f"not a readable table: {said}"


def _lines(path: Path) -> Iterator[str]:
    lines = _cp949_lines(path) if is_cp949(path) else text_lines(path)
    # A cell of several lines is the same question whatever system the file was saved on.
    return (line.removesuffix("\r") for line in lines)


def is_cp949(path: Path) -> bool:
    """Whether the file is no UTF-8, but the encoding that Excel writes in Korea."""
    try:
        for _ in text_lines(path):
            pass
    except SourceError:
        try:
            for _ in _cp949_lines(path):
                pass
        except UnicodeDecodeError:
            return False
        return True
    return False


def _cp949_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="cp949", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


def _parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise SourceError.at(path, f"not a readable parquet file: {reason}") from error


def _is_parquet_folder(path: Path) -> bool:
    try:
        return path.is_dir() and any(path.glob("*.parquet"))
    except (OSError, ValueError):  # too long for the file system, or a NUL in it
        return False


def _parquet_folder(path: Path) -> Iterator[tuple[int, Row]]:
    rows = (row for file in sorted(path.glob("*.parquet")) for _, row in _parquet(file))
    yield from enumerate(rows, 1)


_READERS: Mapping[str, Callable[[Path], Iterator[tuple[int, Row]]]] = {
    ".jsonl": read_json_objects,
    ".ndjson": read_json_objects,
    ".json": _json,
    ".csv": partial(_delimited, delimiter=","),
    ".tsv": partial(_delimited, delimiter="\t"),
    ".parquet": _parquet,
}

_BY_LINE = (".jsonl", ".ndjson", ".csv", ".tsv")

TABLES = tuple(_READERS)
"""The endings of files that hold a table."""


def cell(row: Row, column: str) -> str:
    """A cell as text, without outer white space; "" for one that is empty or not there."""
    value = row.get(column)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():  # ids that a data frame turned into 1.0
        value = int(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).strip()


def first_filled(row: Row, columns: Iterable[str]) -> str:
    """The first of these cells that holds something."""
    return next((text for column in columns if (text := cell(row, column))), "")
