"""Small files of our own in FastChat's, Arena-Hard's and AlpacaEval's layouts, with the traps that their files hold."""

import json
from pathlib import Path
from typing import Any

from tests.service.support import write_jsonl

QUESTIONS = 4


def fastchat_folder(root: Path, *, answers: bool = True) -> Path:
    """Four questions of two turns; good, poor and broken, of which the last one's server failed on question 84."""
    questions = [
        {"question_id": 81 + n, "category": ("writing", "math")[n % 2], "turns": [f"{n}번 물음입니다.", "줄여 주세요."]}
        for n in range(QUESTIONS)
    ]
    write_jsonl(root / "question.jsonl", questions)
    if answers:
        for model in ("good", "poor", "broken"):
            rows = [_answer(model, 81 + n) for n in range(QUESTIONS)]
            write_jsonl(root / f"model_answer/{model}.jsonl", rows)
    return root


def _answer(model: str, question: int) -> dict[str, Any]:
    texts = [f"{model} 모델의 {question}번 첫 답변입니다. 길게 씁니다.", f"{model} 모델의 둘째 답변입니다."]
    if model == "broken" and question == 84:
        texts = ["$ERROR$", "$ERROR$"]
    return {
        "question_id": question,
        "answer_id": f"{model}{question}",
        "model_id": model,
        "choices": [{"index": 0, "turns": texts}],
        "tstamp": 1.5,
    }


def single(model: str, question: int, turn: int, score: float | None, judgment: str = "점수") -> dict[str, Any]:
    return {
        "question_id": question,
        "model": model,
        "judge": ["gpt-4", "single-v1" if turn == 1 else "single-v1-multi-turn"],
        "user_prompt": "...",
        "judgment": judgment,
        "score": score,
        "turn": turn,
        "tstamp": 2.5,
    }


def pair(one: str, other: str, question: int, turn: int, first: str, second: str) -> dict[str, Any]:
    return {
        "question_id": question,
        "model_1": one,
        "model_2": other,
        "g1_winner": first,
        "g2_winner": second,
        "judge": ["gpt-4", "pair-v2"],
        "g1_user_prompt": "...",
        "g1_judgment": "$ERROR$" if first == "error" else "[[A]]",
        "g2_user_prompt": "...",
        "g2_judgment": "[[C]]",
        "turn": turn,
        "tstamp": 3.5,
    }


def singles() -> list[dict[str, Any]]:
    """Every trap: -1 of two kinds, a null, a score off the scale, an answer $ERROR$, a row twice, rows that lack."""
    rows = []
    for question in range(81, 85):
        for turn in (1, 2):
            rows.append(single("good", question, turn, 9 - (question == 82) - turn / 2))
            rows.append(single("poor", question, turn, 4 + (question == 83)))
            rows.append(single("broken", question, turn, 1 if question == 84 else 6))
    rows[0] = single("good", 81, 1, -1, "[[7/10]]")
    rows[4] = single("poor", 81, 2, -1, "$ERROR$")
    rows[7] = single("poor", 82, 1, 85, "[[85]]")
    rows[8] = single("broken", 82, 1, None)
    rows[9] = single("good", 82, 2, 3)
    rows.append(single("good", 82, 2, 7))
    del rows[13]
    return rows


def pairs() -> list[dict[str, Any]]:
    """good and poor against broken: both orders, ties, an error, a row twice; broken failed on 84."""
    rows = []
    for question in range(81, 85):
        rows.append(pair("good", "broken", question, 1, "model_1", "model_1"))
        rows.append(pair("good", "broken", question, 2, "model_1", "model_2"))
        rows.append(pair("poor", "broken", question, 1, "model_2", "model_2"))
        rows.append(pair("poor", "broken", question, 2, "tie", "tie"))
    rows[1] = pair("good", "broken", 81, 2, "error", "model_1")
    rows.append(pair("poor", "broken", 82, 1, "model_1", "model_1"))
    return rows


def arena_folder(root: Path) -> Path:
    """Three models against a baseline on six questions: labels by far, nulls, a missing game, an unknown label."""
    uids = [f"u{n}" for n in range(6)]
    questions = [
        {"uid": uid, "category": "hard_prompt", "subcategory": "수학", "prompt": f"{uid} 문제"} for uid in uids
    ]
    write_jsonl(root / "question.jsonl", questions)
    labels: dict[str, list[tuple[Any, Any]]] = {
        "strong": [("B>>A", "A>>B"), ("B>A", "A>B"), ("A=B", "A>B"), ("B>>A", "A<B"), (None, "A>B"), ("B>A", "A=B")],
        "weak": [("A>>B", "B>>A"), ("A>B", "A>B"), ("A=B", "B=A"), ("A>>B", "B>A"), ("A>B", "B>A"), ("nothing", "B>A")],
    }
    for model, games in labels.items():
        rows = [_arena_row(model, uid, *game) for uid, game in zip(uids, games, strict=True)]
        if model == "weak":
            rows[4]["games"] = [rows[4]["games"][0], None]
            del rows[3]
        write_jsonl(root / f"model_judgment/judge-x/{model}.jsonl", rows)
    for model in ("strong", "weak", "base"):
        answers = [_arena_answer(model, uid) for uid in uids]
        write_jsonl(root / f"model_answer/{model}.jsonl", answers)
    return root


def _arena_row(model: str, uid: str, first: Any, second: Any) -> dict[str, Any]:
    games = [{"score": score, "judgment": {"answer": f"[[{score}]]"}, "prompt": []} for score in (first, second)]
    row = {"uid": uid, "category": "hard_prompt", "judge": "judge-x", "model": model, "baseline": "base"}
    return {**row, "games": games}


def _arena_answer(model: str, uid: str) -> dict[str, Any]:
    said = f"{model} 모델이 {uid} 문제를 풉니다." + " **굵게** 씁니다." * (model == "strong")
    messages = [{"role": "user", "content": f"{uid} 문제"}, {"role": "assistant", "content": {"answer": said}}]
    return {"uid": uid, "ans_id": uid, "model": model, "messages": messages, "tstamp": 1.0, "metadata": {}}


def alpaca_file(path: Path, preferences: list[Any], model: str = "mine") -> Path:
    """One instruction a preference, the last one of which stands twice."""
    rows = [
        {
            "instruction": f"{min(n, len(preferences) - 2)}번 지시입니다.",
            "output_1": "기준 답변입니다.",
            "generator_1": "base",
            "dataset": "helpful_base",
            "output_2": f"{n}번 답변입니다. 조금 더 깁니다.",
            "generator_2": model,
            "annotator": "weighted_gpt4",
            "preference": preference,
            "raw_completion": {"text": "m"},
        }
        for n, preference in enumerate(preferences)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path
