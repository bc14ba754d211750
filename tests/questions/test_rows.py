"""Rows of data files of every type: the same dictionaries, lazily, with errors that name the place."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from questions.readers.rows import read_rows, row_error
from questions.source import SourceError

BOM = b"\xef\xbb\xbf"
VALUES: list[dict[str, Any]] = [
    {"id": 1, "문항": '첫째 줄\n둘째 줄, "따옴표"도 있다\u2028끝', "보기": ["가", "나"], "키": None},
    {"id": 2, "문항": "탭\t하나", "보기": [], "키": 0.5},
]


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("bom", [b"", BOM])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", "\n\n".join(json.dumps(row, ensure_ascii=False) for row in VALUES)),
        ("lines.json", "\n".join(json.dumps(row) for row in VALUES)),
        ("a.json", json.dumps(VALUES, ensure_ascii=False)),
        ("pretty.json", "\n \n" + json.dumps(VALUES, indent=2) + "\n"),
        ("a.ndjson", "\n".join(json.dumps(row, ensure_ascii=False) for row in VALUES)),
    ],
)
def test_json_rows(tmp_path: Path, name: str, text: str, bom: bytes) -> None:
    rows = list(read_rows(_write(tmp_path / name, bom + text.encode())))
    assert [row for _, row in rows] == VALUES
    assert [number for number, _ in rows] == [1, 3 if name == "a.jsonl" else 2]


@pytest.mark.parametrize("bom", [b"", BOM])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.TSV", "\t")])
def test_delimited_rows(tmp_path: Path, name: str, mark: str, bom: bytes, end: str) -> None:
    lines = [
        mark.join(cells)
        for cells in (["", "id", " 문항 "], ["0", "1", f'"첫 줄{end}""둘째"" 줄{mark}"'], ["1", "2", ""])
    ]
    rows = list(read_rows(_write(tmp_path / name, bom + (end.join([*lines, "", ""])).encode())))
    assert rows == [
        (2, {"": "0", "id": "1", "문항": f'첫 줄\n"둘째" 줄{mark}'}),
        (4, {"": "1", "id": "2", "문항": ""}),
    ]


def test_parquet_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(VALUES), path)
    assert list(read_rows(path)) == list(enumerate(VALUES, 1))
    assert str(row_error(path, 2, "이상하다")) == f"{path}: row 2: 이상하다"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", "", "a.jsonl:1: the file is empty"),
        ("a.jsonl", '{"a": 1}\n{"a": ', "a.jsonl:2: the line stops in the middle"),
        ("a.json", "[]", "a.json: the array is empty"),
        ("a.json", '[{"a": 1}, 2]', "a.json: row 2: expected a JSON object ({...}), found '2'"),
        ("a.json", '[{"a": 1},\n {"b": "가', "a.json: row 2: the file stops in the middle"),
        ("a.json", '[{"a": 1}', "a.json: row 1: the file stops in the middle"),
        ("a.json", '[{"a": 1},', "a.json: row 2: the file stops in the middle"),
        ("a.json", '[{"a": 1}, {"a" 2}]', "a.json: row 2: not valid JSON"),
        ("a.json", '[{"a": 1} {"a": 2}]', "a.json: row 1: expected a comma or ]"),
        ("a.json", '[{"a": 1}] x', "a.json: more text behind the end of the array: 'x'"),
        ("a.json", '[{"a": 1, "a": 2}]', "a.json: row 1: not usable JSON: the key 'a' appears twice"),
        ("a.json", '[{"a": NaN}]', "a.json: row 1: not usable JSON: NaN"),
        ("a.json", '[{"a": "\\ud800"}]', "a.json: row 1: holds half a character"),
        ("a.json", '[{"a": ' + "[" * 200_000 + "]}]", "a.json: row 1: not usable JSON: nested too deeply"),
        ("a.json", b'[{"a": 1},\n{"a": "\xb0\xa1"}]', "a.json:2: not UTF-8 text (byte 0xb0)"),
        ("a.csv", "", "a.csv:1: the file is empty"),
        ("a.csv", "a,b\n", "a.csv: the table has no rows"),
        ("a.csv", "a,b,a\n1,2,3\n", "a.csv:1: the column 'a' stands twice"),
        ("a.csv", "a,b\n1,2\n\n1,2,3\n", "a.csv:4: 3 cells, but 2 columns"),
        ("a.csv", 'a,b\n1,2\n"1,2\n3,4\n', "a.csv:3: a quotation mark opens a cell here and is never closed"),
        ("a.tsv", 'a\tb\n"그" 말\t2\n', "a.tsv:2: more text behind a quoted cell; quote the whole cell"),
        ("a.txt", "a,b\n1,2\n", "a.txt: is no table; expected one of .jsonl, "),
        ("a.parquet", b"PAR1 and no more", "a.parquet: not a readable parquet file"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    path = _write(tmp_path / name, content)
    with pytest.raises(SourceError) as caught:
        list(read_rows(path))
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(said), caught.value
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.parquet"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="no such file"):
        next(read_rows(tmp_path / name))


def _long(rows: int) -> Iterator[dict[str, Any]]:
    for number in range(rows):
        yield {"번호": str(number), "글": "가나다 " * 300}


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".parquet"])
def test_rows_come_before_the_file_is_read_to_its_end(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"long{suffix}"
    values = list(_long(4000))
    if suffix == ".json":
        text = json.dumps(values, ensure_ascii=False)[:-1]  # the closing bracket is missing
    elif suffix == ".jsonl":
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in values)[:-1]
    else:
        text = "번호,글\n" + "\n".join(",".join(row.values()) for row in values) + "\n1,2,3\n"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(values), path)
    else:
        _write(path, text)
    rows = read_rows(path)
    first = [row for _, row in islice(rows, 3000)]
    assert first == values[:3000]
    if suffix != ".parquet":
        with pytest.raises(SourceError):
            list(rows)
