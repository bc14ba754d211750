"""Gold labels: one value for each answer of the sample on which people are of one mind, or somebody has decided."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from service.review.between import judged_items
from service.review.files import as_cell
from service.review.sheet import csv_line
from service.store.reads import StoredRun, question_ids

_BOM = "\ufeff"


def gold_labels(connection: Connection, run: StoredRun) -> Iterator[dict[str, Any]]:
    """A row for each answer that is settled, by item code; what reviewers differ on and nobody decided is left out.

    `source` is `adjudicated`, `agreed` (several people, one value) or `single`; `labels` counts those who labelled it.
    """
    ids = question_ids(connection, run.id)
    for judged in sorted(judged_items(connection, run), key=lambda judged: judged.item.code):
        if judged.decision is None and judged.is_disputed:
            continue
        item = judged.item
        source = "adjudicated" if judged.decision is not None else "single" if len(judged.labels) == 1 else "agreed"
        value = judged.values[0] if judged.decision is None else json.loads(judged.decision.value)
        yield {
            "item": item.code,
            "model": run.plan.models[item.model].label,
            "question": ids[item.question],
            "sample": item.sample,
            "turn": item.turn,
            "rubric": item.rubric,
            "stratum": item.stratum,
            "inclusion_prob": item.inclusion_prob,
            "value": value,
            "source": source,
            "labels": len(judged.labels),
            "decided_by": None if judged.decision is None else judged.decision.decided_by,
        }


def as_jsonl(rows: Sequence[dict[str, Any]]) -> str:
    """A line of JSON a row."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """CSV that spreadsheets open as Korean text, and in which nothing is a formula."""
    lines = [csv_line(rows[0]), *(csv_line(map(as_cell, row.values())) for row in rows)] if rows else []
    return _BOM + "".join(f"{line}\n" for line in lines)
