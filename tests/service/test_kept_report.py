"""A report is kept with the revision of the run that it shows, and made anew when the run changes."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import CliResult
from tests.servers.model_server import ModelServer
from tests.service.support import logickor_questions, specs, write_jsonl


def forge(database: Path) -> None:
    """Change the kept report, so that it is seen whether it is read."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("UPDATE reports SET content = '[\"forged\"]'")
    connection.close()


def test_it_is_read_until_the_run_changes(
    run_cli: Callable[..., CliResult], model_server: ModelServer, tmp_path: Path
) -> None:
    def report() -> Any:
        return json.loads(run_cli("report", "r", "--format", "json").out)

    file = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(3))
    model_server.behave("judge", lambda _: "좋은 답변입니다.")
    assert run_cli("run", *specs(model_server), "-q", file, "--name", "r").code == 1
    assert report()["models"][0]["failures"] == {"unparsed": 6}
    forge(tmp_path / "kojudge.db")
    assert report() == ["forged"]
    model_server.behave("judge", lambda _: "평가: 물음에 맞다.\n점수: 7")
    assert run_cli("resume", "r").code == 0
    after = report()["models"][0]
    assert (after["failures"], after["overall"]["n"]) == ({}, 6)
