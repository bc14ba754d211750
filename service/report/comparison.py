"""A comparison of the models of one run or several, as data and as a document (docs/compare.md)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.engine import Connection

from judge.scoring.estimate import estimate
from judge.scoring.multiplicity import Method
from judge.scoring.rank import rank_ranges
from judge.scoring.table import OK, ScoreTable
from service.comparability import check_comparable, differing_parts
from service.errors import UsageError
from service.report import difference_rows as rows
from service.report.cells import counted, csv_cell, interval, rank, safe
from service.report.differences import differences
from service.report.document import Document, Grid, Language, Say, speaker
from service.report.part import Report
from service.store.reads import StoredRun
from service.store.shared_scores import SharedScores, shared_scores

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_LETTERS = 60
"""Groups beyond this many are in the JSON only."""


def build_comparison(
    connection: Connection,
    runs: Sequence[StoredRun],
    *,
    baseline: str | None = None,
    method: Method = "holm",
    wished: float | None = None,
    mixed: bool = False,
) -> Report:
    """Every pair of models, or every model with the baseline, over the questions that all runs asked.

    Raises:
        UsageError: the runs are not comparable (and `mixed` does not allow it), share no question, have a single
            model, or none of the baseline's name.
    """
    if not mixed:
        check_comparable(runs, "Compare runs that agree, or compare them all the same with --mixed")
    shared = shared_scores(connection, runs)
    table = shared.table
    differing = [{"run": d.run, "part": d.part, "first": d.first, "other": d.other} for d in differing_parts(runs)]
    place = None if baseline is None else _place(baseline, shared)
    # Whoever mixes runs of different judges has been warned.
    judges = [()] * len(table.models) if any(d["part"] == "judge" for d in differing) else shared.judges
    found = differences(table, judges, baseline=place, method=method, wished=wished, by_category=True)
    if found is None:
        raise UsageError("there is only one model; name another run to compare it with")
    models = _models(shared, judges, planned=table.planned() if not differing else None)
    return {
        "runs": [run.name for run in runs],
        "comparable": not differing,
        "differing": differing,
        "scale": {"min": table.scale[0], "max": table.scale[1]},
        "questions": {"n": int(table.turns.size), "unshared": shared.unshared},
        "models": [models[m] for m in _order(models)],
        "differences": found,
    }


def _place(wanted: str, shared: SharedScores) -> int:
    names = shared.table.models
    if wanted in names:
        return names.index(wanted)
    listed = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    raise UsageError(f"there is no model {wanted!r} to compare with; there are: {listed}")


def _models(shared: SharedScores, judges: Sequence[tuple[str, ...]], planned: int | None) -> list[dict[str, Any]]:
    table = shared.table
    same = len(set(judges)) == 1
    ranks = rank_ranges(table) if same else [None] * len(table.models)
    return [
        {
            "model": name,
            "run": shared.models[m][0],
            "overall": _overall(table, m, planned),
            "rank": {"low": place[0], "high": place[1]} if (place := ranks[m]) is not None else None,
        }
        for m, name in enumerate(table.models)
    ]


def _overall(table: ScoreTable, model: int, planned: int | None) -> dict[str, Any]:
    mine = table.model == model
    ok = mine & (table.status == OK)
    n = int(ok.sum())
    failed = (int(mine.sum()) if planned is None else planned) - n
    return asdict(estimate(table.score[ok], table.turn[ok], table.question[ok], failed, table.scale))


def _order(models: list[dict[str, Any]]) -> list[int]:
    means = [m["overall"]["mean"] for m in models]
    return sorted(range(len(models)), key=lambda m: float("inf") if means[m] is None else -means[m])


def comparison_document(report: Report, language: Language = "en") -> Document:
    """For people."""
    say = speaker(language)
    found = report["differences"]
    pairs = rows.pair_grid(found, say) if found["pairs"] else None
    grids = [_model_grid(report, say), pairs, rows.category_grid(found, say)]
    return Document(
        language,
        title=say("Comparison of ", "비교: ") + ", ".join(map(safe, report["runs"])),
        lines=_lines(report, say),
        findings=list(rows.findings(report, say)),
        grids=[grid for grid in grids if grid is not None],
        notes=[*rows.notes(report, say), *_notes(found, say, categories=grids[2] is not None)],
    )


def _lines(report: Report, say: Say) -> list[str]:
    n, unshared = report["questions"]["n"], report["questions"]["unshared"]
    scale = report["scale"]
    lines = []
    if not report["comparable"]:
        told = "; ".join(
            f"{safe(d['run'])}: {d['part']} {safe(d['first'])} / {safe(d['other'])}" for d in report["differing"]
        )
        lines.append(
            say(
                "WARNING: these runs are not comparable, and are compared because --mixed was given. Differing: "
                f"{told}",
                f"주의: 서로 비교할 수 없는 실행이며 --mixed에 따라 비교했습니다. 다른 점: {told}",
            )
        )
    left_out = say(f"; {unshared} not in all runs are left out", f", 모든 실행에 있지는 않은 {unshared}개는 뺌") * bool(
        unshared
    )
    lines.append(
        say(
            f"{n} questions{left_out} · scores {scale['min']:g} to {scale['max']:g} · intervals are 95 %, by question",
            f"문항 {n}개{left_out} · 점수 {scale['min']:g}–{scale['max']:g} · 구간은 문항 단위 95 % 구간",
        )
    )
    return lines


def _model_grid(report: Report, say: Say) -> Grid:
    groups = report["differences"]["groups"]
    columns = {
        say("Rank", "순위"): [rank(m) for m in report["models"]],
        say("Model", "모델"): [safe(m["model"]) for m in report["models"]],
        say("Overall [95 % CI]", "전체 [95 % 구간]"): [interval(m["overall"]) for m in report["models"]],
        "n": [counted(m["overall"], say) for m in report["models"]],
    }
    if groups is not None and len(groups) <= _MOST_LETTERS:
        columns[say("Groups", "무리")] = [
            " ".join(_letter(g) for g, group in enumerate(groups) if m["model"] in group) for m in report["models"]
        ]
    return Grid.of_columns(None, columns)


def _letter(number: int) -> str:
    """a to z, aa, ab, ..."""
    before, last = divmod(number, len(_LETTERS))
    return (_letter(before - 1) if before else "") + _LETTERS[last]


def _notes(found: Report, say: Say, *, categories: bool) -> list[str]:
    told = []
    if found["groups"] is not None:
        told.append(
            say(
                "Groups: two models that share a letter cannot be told apart (or were not compared); two that share "
                "none differ. A rank is corrected for the tests of its own model only, groups for all pairs, so a rank "
                "may be narrower.",
                "무리: 같은 글자가 있는 두 모델은 우열을 가릴 수 없고(또는 비교하지 않았고), 없는 두 모델은 서로 "
                "다릅니다. 순위는 그 모델의 비교만, 무리는 모든 쌍을 함께 보정하므로 순위의 범위가 더 좁기도 합니다.",
            )
        )
    if len(found["pairs"]) > rows.MOST_ROWS and found["baseline"] is None:
        told.append(say("All pairs: --format json or csv.", "모든 쌍: --format json 또는 csv."))
    if not categories and any(p["categories"] for p in found["pairs"]):
        told.append(
            say(
                "Categories: --format json or csv, or fewer models with --baseline.",
                "범주별 차이는 --format json 또는 csv로, 또는 --baseline으로 비교를 줄이면 볼 수 있습니다.",
            )
        )
    if categories:
        least = found["fewest_questions"]
        told.append(
            say(
                f"Categories are corrected together; with fewer than {least} questions nothing is tested.",
                f"범주별 p는 모두 함께 보정했습니다. 문항이 {least}개가 안 되면 검정하지 않습니다.",
            )
        )
    return told


def comparison_csv(report: Report) -> str:
    """One line a pair, and one a pair and category."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    figures = ("mean", "low", "high", "n", "failed")
    tests = ("p", "p_adjusted", "differs")
    won = ("comparable", "wins", "ties", "losses")
    writer.writerow(["runs", "model_a", "model_b", "category", *figures, *tests, *won])
    for p in report["differences"]["pairs"]:
        for category, d in (("", p), *p["categories"].items()):
            line = [", ".join(report["runs"]), p["model_a"], p["model_b"], category]
            line += [d["difference"][f] for f in figures] + [d[t] for t in tests] + [d.get(w) for w in won]
            writer.writerow([csv_cell(cell) for cell in line])
    return out.getvalue()
