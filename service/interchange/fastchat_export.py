"""A run in FastChat's layout, for its tools and for `import mtbench`."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from questions.types import Question
from service.errors import UsageError
from service.files import write_lines
from service.interchange.export import conversations, file_name, judge_message
from service.interchange.importing import API_ERROR
from service.store import reads

_QUESTIONS_AT_ONCE = 16
_PROMPT = "kojudge"


def export_mtbench(connection: Connection, run: reads.StoredRun, folder: Path) -> list[Path]:
    """`question.jsonl`, `model_answer/` and `model_judgment/` of the first sample and repeat; of a jury its verdicts.

    Raises:
        UsageError: the run holds something for which the layout has no place.
    """
    if run.plan.mixes_scales:
        raise UsageError(f"run {run.name!r} holds scores of several scales, which FastChat's layout cannot tell apart")
    if run.plan.pairwise is not None and run.plan.pairwise.orders == 1:
        raise UsageError(f"run {run.name!r} holds comparisons in one order, and FastChat's layout has both; use jsonl")
    if any(len(pair.judges) > 1 for pair in run.plan.pairs):
        raise UsageError(
            f"run {run.name!r} holds comparisons by several judges, and FastChat's layout has one; use jsonl"
        )
    chunks = reads.question_chunks(connection, run.id, _QUESTIONS_AT_ONCE)
    written = [write_lines(folder / "question.jsonl", (_question(q) for chunk in chunks for q in chunk.values()))]
    written += _answers(connection, run, folder / "model_answer")
    judgments = folder / "model_judgment"
    if run.plan.judge_repeats:
        judge = run.plan.judges[0].label if run.plan.jury is None else f"jury-{run.plan.jury}"
        lines = (line for c in _begun(connection, run) for line in _singles(c, judge))
        written.append(write_lines(judgments / f"{_flat(judge)}_single.jsonl", lines))
    if run.plan.pairs:
        judge = run.plan.judges[run.plan.pairs[0].judges[0]].label
        lines = (line for c in _begun(connection, run) for line in _pairs(c, judge, run))
        written.append(write_lines(judgments / f"{_flat(judge)}_pair.jsonl", lines))
    return written


def _answers(connection: Connection, run: reads.StoredRun, folder: Path) -> Iterator[Path]:
    """One file a model; none for a model of which no answer is known."""
    numbers = {model.label: number for number, model in enumerate(run.plan.models)}
    for label, mine in itertools.groupby(_begun(connection, run), key=lambda c: c["model"]):
        lines = (line for c in mine for line in _answer(c))
        if (first := next(lines, None)) is not None:
            path = folder / f"{numbers[label]}-{_flat(label)}.jsonl"
            yield write_lines(path, itertools.chain([first], lines))


def _begun(connection: Connection, run: reads.StoredRun) -> Iterator[dict[str, Any]]:
    return (c for c in conversations(connection, run) if not c["sample"])


def _flat(label: str) -> str:
    return file_name(label).replace("/", "_")


def _id(question: str) -> int | str:
    return int(question) if question.isdigit() else question


def _question(question: Question) -> str:
    row: dict[str, Any] = {
        "question_id": _id(question.id),
        "category": question.category,
        "turns": [turn.prompt for turn in question.turns],
    }
    if any(turn.reference for turn in question.turns):
        row["reference"] = [turn.reference for turn in question.turns]
    return json.dumps(row, ensure_ascii=False)


def _answer(c: dict[str, Any]) -> Iterator[str]:
    if all(turn["status"] == "pending" for turn in c["turns"]):
        return
    said = [API_ERROR if turn["answer"] is None else turn["answer"] for turn in c["turns"]]
    row = {
        "question_id": _id(c["question_id"]),
        "answer_id": f"{c['model']}#{c['question_id']}",
        "model_id": c["model"],
    }
    yield json.dumps({**row, "choices": [{"index": 0, "turns": said}], "tstamp": 0.0}, ensure_ascii=False)


def _judgment(status: str, rationale: str | None) -> str:
    return API_ERROR if status == "provider_error" else rationale or ""


def _singles(c: dict[str, Any], judge: str) -> Iterator[str]:
    jury = "jury" in c
    for v in c["jury"] if jury else (v for v in c["verdicts"] if v["judge"] == judge):
        if v["repeat"] or v["status"] in ("skipped", "pending"):
            continue
        row = {
            "question_id": _id(c["question_id"]),
            "model": c["model"],
            "judge": [judge, _PROMPT],
            "user_prompt": "",
            "judgment": judge_message(c, v) if jury else _judgment(v["status"], v["rationale"]),
            "score": v["score"] if v["status"] == "ok" else -1,
            "turn": v["turn"],
            "tstamp": 0.0,
        }
        yield json.dumps(row, ensure_ascii=False)


_WINNERS = {"win": "model_1", "loss": "model_2", "tie": "tie", None: "error"}


def _pairs(c: dict[str, Any], judge: str, run: reads.StoredRun) -> Iterator[str]:
    """The comparisons in which the conversation's model is a, both orders in a row."""
    labels = [model.label for model in run.plan.models]
    others = {labels[pair.b] for pair in run.plan.pairs if labels[pair.a] == c["model"]}
    looks: dict[tuple[int, str], dict[bool, dict[str, Any]]] = {}
    for look in c["comparisons"]:
        if look["judge"] == judge and not look["repeat"] and look["opponent"] in others:
            looks.setdefault((look["turn"], look["opponent"]), {})[look["shown_first"]] = look
    for (turn, opponent), orders in sorted(looks.items()):
        if len(orders) < 2 or any(look["status"] == "skipped" for look in orders.values()):
            continue
        row: dict[str, Any] = {"question_id": _id(c["question_id"]), "model_1": c["model"], "model_2": opponent}
        for game, first in (("g1", True), ("g2", False)):
            look = orders[first]
            row[f"{game}_winner"] = _WINNERS[look["result"]]
            row[f"{game}_user_prompt"] = ""
            row[f"{game}_judgment"] = _judgment(look["status"], look["rationale"])
        yield json.dumps({**row, "judge": [judge, _PROMPT], "turn": turn, "tstamp": 0.0}, ensure_ascii=False)
