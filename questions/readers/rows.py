"""The rows of a data file as dictionaries, whatever the file's type: JSON lines, a JSON array, CSV, TSV or Parquet.

Rows come one after the other, so a file may be of any size. Cells of CSV and TSV files are text as it stands; the other
types keep their values. A byte order mark does no harm, and a quoted cell may hold line breaks.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from questions.json_array import read_json_array
from questions.json_lines import read_json_objects
from questions.source import SourceError, first_line, printable, quote, text_lines

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `place` is where a user finds it (`line 7` or `row 7`), `number` counts the rows from 1."""

    path: Path
    number: int
    line: int | None
    values: dict[str, Any]

    def error(self, problem: str, column: str = "") -> SourceError:
        """An error about this row, or about one of its columns."""
        where = [] if self.line is not None else [f"row {self.number}"]
        return SourceError.at(
            self.path, problem, line=self.line, path=": ".join([*where, *([column] if column else [])])
        )


def is_row_file(path: Path) -> bool:
    """Whether the name is that of a type that `read_rows` reads."""
    return path.suffix.lower() in SUFFIXES


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, at least one. Errors: `SourceError` naming the line or row, and what to do."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet(path)
    if suffix in (".csv", ".tsv"):
        return _delimited(path, "," if suffix == ".csv" else "\t")
    if suffix in SUFFIXES:
        return _json(path)
    raise SourceError.at(path, f"not a file of rows; expected one of {', '.join(SUFFIXES)}")


def first_row(path: Path) -> Row:
    """The first row alone. Errors as of `read_rows`."""
    return next(read_rows(path))


def _json(path: Path) -> Iterator[Row]:
    # A `.json` file may also hold JSON lines: what it holds decides, not its name.
    if _opens_with_bracket(path):
        for number, values in read_json_array(path):
            yield Row(path, number, None, values)
    else:
        for number, (line, values) in enumerate(read_json_objects(path), 1):
            yield Row(path, number, line, values)


def _opens_with_bracket(path: Path) -> bool:
    head = first_line(path)
    if not head.strip():
        head = next((line for line in text_lines(path) if line.strip()), "")
    return head.lstrip().startswith("[")


# ── CSV and TSV ──


def _delimited(path: Path, delimiter: str) -> Iterator[Row]:
    rows = csv.reader((f"{line}\n" for line in text_lines(path)), delimiter=delimiter, strict=True)
    before = 0

    def cells() -> list[str] | None:
        nonlocal before
        before = rows.line_num
        try:
            return next(rows, None)
        except csv.Error as error:
            raise SourceError.at(path, _csv_problem(error), line=before + 1) from error

    header: list[str] | None = None
    number = 0
    while (found := cells()) is not None:
        if not any(cell.strip() for cell in found):
            continue
        if header is None:
            header = _header(path, found, rows.line_num)
            continue
        number += 1
        if len(found) != len(header):
            problem = f"has {len(found)} cells, but the header has {len(header)}; quote a cell that holds a separator"
            raise SourceError.at(path, problem, line=before + 1)
        yield Row(path, number, before + 1, {name: cell for name, cell in zip(header, found, strict=True) if name})
    if not number:
        raise SourceError.at(path, "the file has no rows; expected a line of column names and one row a question")


def _header(path: Path, cells: list[str], line: int) -> list[str]:
    """The column names; a nameless first one is the index that pandas writes."""
    names = [cell.strip() for cell in cells]
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
        raise SourceError.at(path, f"the column {quote(twice)} stands twice in the header; rename one", line=line)
    return names


def _csv_problem(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said or "field limit" in said:
        return 'a quotation mark opens a cell here and is never closed; close it, or write it twice ("")'
    if "expected after" in said:
        return 'a quotation mark inside of a quoted cell; write it twice ("")'
    return f"not readable as CSV: {printable(said)}"


# ── Parquet ──


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise SourceError.at(path, "Parquet files need pyarrow: pip install 'kojudge[parquet]'") from error
    first_line(path)  # says what is wrong with a path that cannot be opened
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(path, number, None, values)
    except (pyarrow.ArrowException, OSError) as error:
        raise SourceError.at(path, f"not a readable Parquet file; fetch it again ({printable(error)})") from error
    if not number:
        raise SourceError.at(path, "the file has no rows")
