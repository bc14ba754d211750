"""A run's conversations as files: JSON lines, CSV, and LogicKor's own layout."""

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection, Row

from questions.types import Question
from service.errors import UsageError
from service.files import write_lines
from service.jury_verdicts import jury_verdicts
from service.report.cells import csv_cell
from service.store import reads
from service.store.comparisons import comparisons_of
from service.store.ledger import replies

_UNSAFE_PART = re.compile(r"[^\w.\-가-힣]+")


def conversations(
    connection: Connection, run: reads.StoredRun, position: int | None = None
) -> Iterator[dict[str, Any]]:
    """Every conversation (on one question) with prompts, answers and verdicts; the shape of `export jsonl`."""
    for c in reads.conversations(connection, run.id, len(run.plan.models), position):
        question = c.question
        by_turn = {row.turn: (row, text) for row, text in c.answers}
        yield {
            "run": run.name,
            "model": run.plan.models[c.model].label,
            "question_id": question.id,
            "category": question.category,
            "sample": c.sample,
            "question": question.model_dump(mode="json", exclude_defaults=True),
            "turns": [
                _turn(number, turn.prompt, *by_turn.get(number, (None, None)))
                for number, turn in enumerate(question.turns, 1)
            ],
            "verdicts": _verdicts(connection, run, question, c.verdicts),
            **_jury(run, c),
            **_comparisons(connection, run, c),
        }


def _turn(number: int, prompt: str, answer: Row[Any] | None, text: str | None) -> dict[str, Any]:
    return {
        "turn": number,
        "prompt": prompt,
        "answer": text,
        "status": answer.status if answer else "pending",
        "error": answer.error if answer else None,
        "language_passed": answer.language_passed if answer else None,
        "hangul_share": answer.hangul_share if answer else None,
    }


def _verdicts(
    connection: Connection, run: reads.StoredRun, question: Question, rows: list[Row[Any]]
) -> list[dict[str, Any]]:
    found = [_verdict(run, question, row) for row in rows]
    wanted = [_unread(row, v["criteria"]) for row, v in zip(rows, found, strict=True)]
    texts = replies(connection, {number for numbers in wanted for number in numbers})
    return [{**v, "replies": [texts[n] for n in numbers]} for v, numbers in zip(found, wanted, strict=True)]


def _unread(row: Row[Any], criteria: dict[str, Any]) -> list[int]:
    """The judge's replies (in the ledger) of which the verdict does not tell all, the first one first."""
    last = [row.completion_id] if row.completion_id is not None else []
    again = criteria.get("asked_again")
    if again is not None:
        # A second asking that failed leaves no reply of its own.
        return [again["completion"], *(n for n in last if n != again["completion"])]
    return [] if row.status == "ok" else last


def _jury(run: reads.StoredRun, c: reads.StoredConversation) -> dict[str, Any]:
    """What the jury as one says; with one judge there is no such key."""
    if run.plan.jury is None:
        return {}
    scale = run.plan.rubric_for(c.question).scale.ends
    return {"jury": jury_verdicts(run.plan, c.model, scale, c.verdicts)}


def _verdict(run: reads.StoredRun, question: Question, v: Row[Any]) -> dict[str, Any]:
    return {
        "turn": v.turn,
        "judge": run.plan.judges[v.judge].label,
        "rubric": run.plan.rubric_for(question).id,
        "repeat": v.repeat,
        "status": v.status,
        "score": v.score,
        "judge_score": v.judge_score,
        "rationale": v.rationale,
        "evidence": json.loads(v.evidence) if v.evidence else [],
        "criteria": json.loads(v.criteria) if v.criteria else {},
        "error": v.error,
    }


_RESULTS = {("a", False): "win", ("b", True): "win", ("b", False): "loss", ("a", True): "loss"}


def _comparisons(connection: Connection, run: reads.StoredRun, c: reads.StoredConversation) -> dict[str, Any]:
    """The comparisons of a conversation, as its model sees them; without pairs there is no such key."""
    if not run.plan.pairs:
        return {}
    rows = comparisons_of(connection, run.id, c.model, c.position, c.sample)
    return {"comparisons": [_comparison(run, c.model, row) for row in rows]}


def _comparison(run: reads.StoredRun, model: int, row: Row[Any]) -> dict[str, Any]:
    one_order = run.plan.pairwise is not None and run.plan.pairwise.orders == 1
    is_b = row.model_b == model

    def result(winner: str | None) -> str | None:
        return winner and _RESULTS.get((winner, is_b), "tie")

    return {
        "turn": row.turn,
        "opponent": run.plan.models[row.model_a if is_b else row.model_b].label,
        "judge": run.plan.judges[row.judge].label,
        "repeat": row.repeat,
        "shown_first": None if one_order else row.swapped == is_b,
        "status": row.status,
        "result": result(row.winner),
        "judge_result": result(row.judge_winner),
        "rationale": row.rationale,
        "evidence": json.loads(row.evidence) if row.evidence else [],
        "criteria": json.loads(row.criteria) if row.criteria else {},
        "error": row.error,
    }


def export_jsonl(connection: Connection, run: reads.StoredRun, folder: Path) -> list[Path]:
    """`conversations.jsonl`, one conversation a line."""
    lines = (json.dumps(c, ensure_ascii=False) for c in conversations(connection, run))
    return [write_lines(folder / "conversations.jsonl", lines)]


def export_csv(connection: Connection, run: reads.StoredRun, folder: Path) -> list[Path]:
    """`verdicts.csv`, one verdict a line; cells that look like formulas are kept text."""
    head = ["run", "model", "question_id", "category", "sample", "turn", "judge", "rubric", "repeat", "status"]
    head += ["score", "judge_score", "prompt", "answer", "rationale", "error"]

    def lines() -> Iterator[str]:
        yield _csv_line(head)
        for c in conversations(connection, run):
            turns = {t["turn"]: t for t in c["turns"]}
            for v in c["verdicts"]:
                turn = turns[v["turn"]]
                values = {**c, **v, "prompt": turn["prompt"], "answer": turn["answer"]}
                yield _csv_line([values[name] for name in head])

    return [write_lines(folder / "verdicts.csv", lines())]


def _csv_line(values: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([csv_cell(v) for v in values])
    return out.getvalue()


def export_logickor(connection: Connection, run: reads.StoredRun, folder: Path) -> list[Path]:
    """One file a model in LogicKor's layout. A verdict without a score is left out: LogicKor has no word for it.

    Raises:
        UsageError: the scores are of several scales, and the layout has no place to say which.
    """
    if run.plan.mixes_scales:
        raise UsageError(
            f"run {run.name!r} holds scores of several scales, and LogicKor's layout cannot tell them apart; "
            "export it as jsonl or csv"
        )
    return [
        write_lines(folder / f"{file_name(model)}.jsonl", (_logickor_line(c) for c in mine))
        for model, mine in itertools.groupby(_logickor_conversations(connection, run), key=lambda c: c["model"])
    ]


def _logickor_conversations(connection: Connection, run: reads.StoredRun) -> Iterator[dict[str, Any]]:
    return (c for c in conversations(connection, run) if not c["sample"] and len(c["turns"]) == 2)


def _logickor_line(c: dict[str, Any]) -> str:
    row: dict[str, Any] = {
        "id": int(c["question_id"]) if c["question_id"].isdigit() else c["question_id"],
        "category": c["category"],
        "questions": [t["prompt"] for t in c["turns"]],
        "outputs": [t["answer"] for t in c["turns"]],
        "references": [t.get("reference") for t in c["question"]["turns"]],
    }
    for v in c.get("jury", c["verdicts"]):
        if v["status"] == "ok" and v["repeat"] == 0:
            name = "query_single" if v["turn"] == 1 else "query_multi"
            row[name] = {"judge_message": judge_message(c, v), "judge_score": v["score"]}
    return json.dumps(row, ensure_ascii=False)


def judge_message(c: dict[str, Any], v: dict[str, Any]) -> str:
    """The judge's reasons, or those of all members of a jury, each with its score."""
    if "jury" not in c:
        return v["rationale"] or ""
    said = (m for m in c["verdicts"] if (m["turn"], m["repeat"]) == (v["turn"], v["repeat"]))
    return "\n\n".join(f"[{m['judge']}: {_scored(m)}]\n{m['rationale'] or ''}" for m in said)


def _scored(member: dict[str, Any]) -> str:
    return member["status"] if member["score"] is None else f"{member['score']:g}"


def file_name(model: str) -> str:
    """A model's name as a path below the folder, and never above it."""
    parts = [flat_name(p) for p in model.split("/")]
    return "/".join(p for p in parts if p) or "model"


def flat_name(name: str) -> str:
    """A name as a part of a file's name; empty where nothing of it can stand there."""
    return _UNSAFE_PART.sub("_", name).strip(".")
