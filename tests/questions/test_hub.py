"""Data sets of the hub, from a copy in the hub's own cache: no connection is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

COMMIT = "0" * 40


def cached(home: Path, *places: str) -> None:
    """A data set in the cache as a download of its parquet files leaves it."""
    folder = home / "hub" / "datasets--ours--trees"
    (folder / "refs" / "refs" / "convert").mkdir(parents=True)
    (folder / "refs" / "refs" / "convert" / "parquet").write_text(COMMIT)
    row = {"question": "잎이 지는 나무는?", "A": "소나무", "B": "은행나무", "C": "잣나무", "D": "대나무", "answer": 2}
    for place in places:
        target = folder / "snapshots" / COMMIT / place
        target.mkdir(parents=True)
        parquet.write_table(pa.Table.from_pylist([{**row, "Category": place}]), target / "0000.parquet")


def show(home: Path, spec: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", "questions", "show", spec],
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_split_is_read_like_a_file(tmp_path: Path) -> None:
    cached(tmp_path, "forest/test", "forest/dev")
    done = show(tmp_path, "hub:ours/trees")
    assert done.returncode == 0, done
    assert "(forest/test)" in done.stdout, done.stdout
    assert "B. 은행나무" in done.stdout, done.stdout
    named = show(tmp_path, "kmmlu:hub:ours/trees:forest:dev")
    assert "(forest/dev)" in named.stdout, named


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("hub:ours/trees", "has several configurations; there are: forest, garden"),
        ("hub:ours/trees:wood", "has no configuration 'wood'"),
        ("hub:ours/trees:forest:train", "has the splits test; name one"),
        ("hub:ours/none", "no connection to fetch 'ours/none'"),
        ("hub:a/b/c", "is no data set; write hub:OWNER/NAME"),
    ],
)
def test_what_is_not_there_is_one_clear_line(tmp_path: Path, spec: str, problem: str) -> None:
    cached(tmp_path, "forest/test", "garden/test")
    done = show(tmp_path, spec)
    assert done.returncode == 2, done
    assert problem in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
