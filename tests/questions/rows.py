"""Rows in LogicKor's exact format, with questions of our own, and every trap of the format."""

import json
from pathlib import Path
from typing import Any

BOM = b"\xef\xbb\xbf"

SUMMARY_IN_ENGLISH = "위 답변을 영어 문장 2개로 간추린 다음 요약해. 그리고 어려운 단어 하나를 골라 뜻을 설명해라."

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": 3,
        "category": "추론(Reasoning)",
        # The third question repeats the second with other spacing; it is never asked.
        "questions": [
            "바구니에 감 여섯 개가 있었는데 세 개를 먹고 귤 두 개를 넣었다. 감은 몇 개 남았을까?",
            "바구니에 든 과일을 모두 나누면 한 사람에게 몇 개씩 돌아갈까?",
            "바구니에든 과일을 모두 나누면, 한 사람에게 몇개씩 돌아갈까?",
        ],
        "references": ["3개", None],
    },
    {
        "id": 1,
        "category": "글쓰기(Writing)",
        "questions": ["고향의 봄을 소개하는 글을 써 줘.\n두 문단이면 돼.", SUMMARY_IN_ENGLISH],
        "references": [None, None],
    },
    {
        "id": 2,
        "category": "수학(Math)",
        "questions": ["48과 36의 최대공약수를 구해 줘.", "그 수의 약수를 모두 더하면?"],
        "references": ["12", "28"],
    },
]


def generated(row: dict[str, Any], outputs: list[str | None] | None = None) -> dict[str, Any]:
    answers = outputs if outputs is not None else ["첫 답입니다.", "둘째 답입니다.\u2028줄 나눔이 섞였습니다.\x85끝."]
    return {
        "id": row["id"],
        "category": row["category"],
        "questions": row["questions"],
        "outputs": answers,
        "references": row["references"],
    }


def evaluated(row: dict[str, Any], single: float = 8.0, multi: float = 7.0) -> dict[str, Any]:
    return {
        **generated(row),
        "query_single": {"judge_message": "잘 썼습니다.", "judge_score": single},
        "query_multi": {"judge_message": "앞뒤가 맞습니다.", "judge_score": multi},
    }


def write(path: Path, rows: list[dict[str, Any]], *, bom: bool = False, end: str = "\n") -> Path:
    text = end.join(json.dumps(row, ensure_ascii=False) for row in rows) + end
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((BOM if bom else b"") + text.encode())
    return path
