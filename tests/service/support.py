"""Small question files and helpers for tests of whole runs."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.servers.model_server import ModelServer

BOM = "\ufeff"


def logickor_questions(count: int) -> list[dict[str, Any]]:
    """Rows of our own in LogicKor's exact shape; item 3 has its third variant."""
    rows = []
    for number in range(1, count + 1):
        questions = [
            f"{number}번 가게의 하루 매출을 어림하는 방법을 설명해 주세요.",
            f"{number}번 답을 두 문장으로 줄여 주세요.",
        ]
        if number == 3:
            questions.append("3번 답을 두 문장으로, 줄여 주세요.")
        rows.append(
            {
                "id": number,
                "category": ("추론(Reasoning)", "수학(Math)")[number % 2],
                "questions": questions,
                "references": [None, "두 문장이어야 한다." if number % 2 else None],
            }
        )
    return rows


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]], *, bom: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text((BOM if bom else "") + text, encoding="utf-8")
    return path


def specs(server: ModelServer) -> list[str]:
    """-m and -j on the server's two models."""
    return ["-m", f"compatible:candidate@{server.openai_url}", "-j", f"compatible:judge@{server.openai_url}"]


def bought(server: ModelServer) -> Counter[str]:
    """How often each distinct piece of work was delivered."""
    return Counter(json.dumps(r.body, sort_keys=True) for r in server.delivered if r.path.endswith("chat/completions"))


def write_plan(path: Path, **fields: Any) -> Path:
    """A plan file; JSON is YAML."""
    path.write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")
    return path
