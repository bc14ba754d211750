"""Where kojudge is installed in the interpreter's own library, the programs it runs still cannot read its questions."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import judge.sandbox
from tests.sandbox.running import run

LIBRARY = f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
PROGRAM = """\
import json, os, sys
print(json.dumps([1]))
site = os.path.join(os.path.dirname(os.__file__), "site-packages")
print(sorted(os.listdir(os.path.dirname(site)))[-1])
for path in ("questions/logic.yaml", "judge/sandbox/jail.py"):
    try:
        print(open(os.path.join(site, path)).read())
    except OSError as error:
        print(error.strerror)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A prefix whose standard library is the real one, with kojudge among its packages."""
    library = tmp_path / LIBRARY
    library.mkdir(parents=True)
    for entry in Path(os.__file__).parent.iterdir():
        if entry.name != "site-packages":
            (library / entry.name).symlink_to(entry)
    (library / "up").symlink_to(library)
    (library / "zzz").touch()
    for path, content in (
        ("questions/logic.yaml", "정답"),
        ("judge/sandbox/jail.py", Path(judge.sandbox.__path__[0], "jail.py").read_text(encoding="utf-8")),
    ):
        file = library / "site-packages" / path
        file.parent.mkdir(parents=True)
        file.write_text(content, encoding="utf-8")
    return tmp_path


def test_its_questions_are_not_read(installed):
    run("")  # skips where there is no sandbox
    program = os.memfd_create("program")
    os.write(program, PROGRAM.encode())
    os.lseek(program, 0, os.SEEK_SET)
    ready, tell = os.pipe()
    jail = installed / LIBRARY / "site-packages/judge/sandbox/jail.py"
    words = [sys.executable, "-s", "-S", "-P", "-B", jail, os.getpid(), program, tell, 1 << 30, 5]
    try:
        done = subprocess.run(
            [str(word) for word in words],
            env={"PYTHONHOME": str(installed), "PYTHONUTF8": "1"},
            pass_fds=(program, tell),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for descriptor in (program, ready, tell):
            os.close(descriptor)
    assert done.stdout.splitlines() == ["[1]", "zzz", "Permission denied", "Permission denied"], done
