"""A report as plain data: the stable shape that `--format json` prints (documented in docs/report.md)."""

from dataclasses import asdict
from typing import Any

from sqlalchemy.engine import Connection

from judge.scoring.estimate import Estimate
from judge.scoring.jury import collapse
from judge.scoring.summary import ModelScores, summarise
from service.report.choices import choice_reports
from service.report.endpoints import endpoint_reports
from service.report.jury import jury_report
from service.report.pairwise import pairwise_report
from service.store import ledger, reads
from service.store.scores import verdict_table


def build_report(connection: Connection, run: reads.StoredRun) -> dict[str, Any]:
    """Every figure of a run, models in order of their score."""
    verdicts, seats = verdict_table(connection, run)
    table = verdicts if seats is None or run.plan.jury is None else collapse(verdicts, seats, run.plan.jury)
    jury = jury_report(run.plan, verdicts, seats)
    scores = summarise(table, comparable=jury is None or jury["same_members"])
    spent = ledger.spending(connection, run.id)
    answers = reads.answer_statuses(connection, run.id)
    foreign = reads.wrong_language(connection, run.id)
    choices = choice_reports(connection, run)
    models = [
        _model(m, s, spent, answers.get(m, {}), foreign.get(m, 0)) | {"choices": choices[m]}
        for m, s in enumerate(scores)
    ]
    models.sort(key=lambda m: -(m["overall"]["mean"] if m["overall"]["mean"] is not None else float("-inf")))
    pairwise = pairwise_report(connection, run, spent)
    pending = sum(part["failures"].get("pending", 0) for part in (*models, *([pairwise] if pairwise else [])))
    low, high = run.plan.scale
    return {
        "run": run.name,
        "kind": run.kind,
        "status": "incomplete" if pending else "complete",
        "stopped_because": run.stopped_because,
        "created_at": run.created_at,
        "comparability_key": run.plan.comparability_key(),
        "scale": {"min": low, "max": high},
        "questions": {
            "sets": [s.name for s in run.plan.sets],
            "n": int(table.turns.size),
            "samples": run.plan.samples,
        },
        "judges": [j.label for j in run.plan.judges],
        "judge_pack": run.plan.pack.model_dump() if run.plan.pack is not None else None,
        "jury": jury,
        "rubrics": {
            name: {
                "kind": r.kind,
                "version": r.version,
                "scale": {"min": r.scale.min, "max": r.scale.max},
                "digest": r.digest()[:16],
                "prompt_hash": run.plan.prompt_hashes[name][:16],
            }
            for name, r in run.plan.rubrics.items()
        },
        "interval": "95 % (t, clustered by question); rank: paired bootstrap over questions",
        "models": models,
        "pairwise": pairwise,
        "endpoints": endpoint_reports(run, ledger.served(connection, run.id)),
        "weighted": reads.weighted_verdicts(connection, run),
        "failure_reasons": [{"error": e, "n": n} for e, n in reads.failure_reasons(connection, run.id)],
    }


def _model(
    index: int,
    scores: ModelScores,
    spent: dict[tuple[int, str], ledger.Spending],
    answers: dict[str, int],
    wrong_language: int,
) -> dict[str, Any]:
    mine = {role: spent[index, role] for role in ("candidate", "judge") if (index, role) in spent}
    # A model without ledger rows was imported or judged by the rules alone.
    costs: list[float | None] = [s.cost_usd for s in mine.values()] or [None]
    report: dict[str, Any] = {
        "model": scores.model,
        "overall": _e(scores.overall),
        "turns": {str(t): _e(e) for t, e in scores.turns.items()},
        "categories": {c: _e(e) for c, e in scores.categories.items()},
        "alignment": None,
        "safety": None,
        "rank": {"low": scores.rank[0], "high": scores.rank[1]} if scores.rank else None,
        "failures": scores.failures,
        "answer_failures": {s: n for s, n in sorted(answers.items()) if s not in ("ok", "truncated")},
        "truncated_answers": answers.get("truncated", 0),
        "wrong_language": wrong_language,
        "bounds": asdict(scores.bounds) if scores.bounds else None,
        "cost_usd": None if None in costs else sum(c for c in costs if c is not None),
        "usage": {
            role: {"calls": s.calls, "prompt_tokens": s.prompt_tokens, "completion_tokens": s.completion_tokens}
            for role, s in mine.items()
        },
    }
    if scores.as_published is not None:
        report["as_published"] = round(scores.as_published, 4)
    return report


def _e(estimate: Estimate) -> dict[str, Any]:
    return asdict(estimate)


def failed_units(report: dict[str, Any]) -> int:
    """Verdicts that are not ok, over all models."""
    return sum(sum(m["failures"].values()) for m in report["models"])
