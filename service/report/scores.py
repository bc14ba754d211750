"""The scores of a run: of every model over all, by turn and by category, with what failed and what it cost."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from judge.scoring.summary import ModelScores, summarise
from service.report import charts
from service.report.cells import cost, counted, ends, failures, interval, rank, safe
from service.report.document import Grid, Say
from service.report.part import Part, Report, Slice, Source
from service.report.statuses import failure_list, together
from service.store import ledger, reads

_NAMED_RUBRICS = 3
_MOST_ACROSS = 8


def _of_models(source: Source) -> list[Report]:
    scores = summarise(source.table, comparable=source.same_members)
    answers = reads.answer_statuses(source.connection, source.run.id)
    foreign = reads.wrong_language(source.connection, source.run.id)
    return [_model(m, s, source.spent, answers.get(m, {}), foreign.get(m, 0)) for m, s in enumerate(scores)]


def _model(
    index: int,
    scores: ModelScores,
    spent: dict[tuple[int, str], ledger.Spending],
    answers: dict[str, int],
    wrong_language: int,
) -> Report:
    mine = {role: spent[index, role] for role in ("candidate", "judge") if (index, role) in spent}
    # A model without ledger rows was imported or judged by the rules alone.
    costs: list[float | None] = [s.cost_usd for s in mine.values()] or [None]
    report: Report = {
        "model": scores.model,
        "overall": asdict(scores.overall),
        "turns": {str(t): asdict(e) for t, e in scores.turns.items()},
        "categories": {c: asdict(e) for c, e in scores.categories.items()},
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


def _of_run(source: Source) -> Report:
    reasons = reads.failure_reasons(source.connection, source.run.id)
    return {
        "weighted": reads.weighted_verdicts(source.connection, source.run),
        "failure_reasons": [{"error": e, "n": n} for e, n in reasons],
    }


def _lines(report: Report, say: Say) -> Iterator[str]:
    sets = ", ".join(safe(s) for s in report["questions"]["sets"])
    judges = ", ".join(safe(j) for j in report["judges"])
    if pack := report["judge_pack"]:
        judges += f" (pack {safe(pack['name'])} v{pack['version']})"
    rubrics = _rubrics(report["rubrics"], say)
    n = report["questions"]["n"]
    yield say(
        f"Questions {sets} ({n} conversations) · judge {judges} · rubric {rubrics}",
        f"문항 {sets} (대화 {n}개) · 심판 {judges} · 채점 기준 {rubrics}",
    )
    scale = report["scale"]
    yield say(
        f"Scores {scale['min']:g} to {scale['max']:g}, every question counts once; intervals are 95 %, clustered by "
        "question; a rank is the range of places that the comparisons leave open; n counts the verdicts with a score.",
        f"점수는 {scale['min']:g}–{scale['max']:g}점, 모든 문항을 같은 무게로 평균했습니다. 구간은 문항 단위로 묶은 "
        "95 % 구간이고, 순위는 모델끼리 비교해서 남는 자리의 범위이며, n은 점수가 있는 판정 수입니다.",
    )
    if report["stopped_because"]:
        yield say("Stopped", "중단 사유") + f": {safe(report['stopped_because'])}"


def _rubrics(rubrics: dict[str, Any], say: Say) -> str:
    if len(rubrics) > _NAMED_RUBRICS:
        return say(f"{len(rubrics)} rubrics, by question", f"{len(rubrics)}종(문항마다 다름)")
    prompt = say("prompt", "프롬프트")
    return ", ".join(f"{safe(n)} v{r['version']} ({prompt} {r['prompt_hash'][:8]})" for n, r in rubrics.items())


def _findings(report: Report, say: Say) -> Iterator[str]:
    """First of all: how much of what was planned is there."""
    there = sum(m["overall"]["n"] for m in report["models"])
    planned = there + sum(m["overall"]["failed"] for m in report["models"])
    if there == planned:
        yield say(f"All {planned} planned verdicts are there.", f"계획한 판정 {planned}건이 모두 있습니다.")
        return
    share = f"{100 * there / planned:.1f}"
    listed = failure_list(together(m["failures"] for m in report["models"]), say)
    yield say(
        f"{there} of {planned} planned verdicts are there ({share} %); without a score: {listed}.",
        f"계획한 판정 {planned}건 가운데 {there}건({share} %)이 있습니다. 점수가 없는 판정: {listed}.",
    )


def _grids(report: Report, say: Say) -> Iterator[Grid]:
    yield _main_grid(report, say)
    yield _category_grid(report, say)


def _main_grid(report: Report, say: Say) -> Grid:
    """Columns that would say nothing are left out; beside headlines the mean over all questions ranks nobody."""
    models = report["models"]
    headlined = report["blocks"] is not None
    columns: dict[str, list[str]] = {}
    if not headlined:
        columns[say("Rank", "순위")] = [rank(m) for m in models]
    columns[say("Model", "모델")] = [safe(m["model"]) for m in models]
    overall = ("All questions", "모든 문항") if headlined else ("Overall", "전체")
    title = say(f"{overall[0]} [95 % CI]", f"{overall[1]} [95 % 구간]")
    columns[title] = [interval(m["overall"]) for m in models]
    columns["n"] = [counted(m["overall"], say) for m in models]
    for turn in models[0]["turns"] if models else ():
        columns[say(f"Turn {turn}", f"{turn}턴")] = [interval(m["turns"][turn]) for m in models]
    columns[say("Failures", "채점 실패")] = [failures(m, say) for m in models]
    columns[say("Wrong language", "언어 위반")] = [str(m["wrong_language"]) for m in models]
    if any(m["cost_usd"] for m in models):
        columns[say("Cost", "비용")] = [cost(m) for m in models]
    if any("as_published" in m for m in models):
        published = [f"{m['as_published']:.4f}" if "as_published" in m else "–" for m in models]
        columns[say("As published", "공표된 점수")] = published
    return Grid.of_columns(None, columns, charts.overall(report, say))


def _category_grid(report: Report, say: Say) -> Grid:
    """Models down and categories across, or the reverse where there are more than fit on a page."""
    models = report["models"]
    names = list(models[0]["categories"]) if models else []
    title = say("By category, mean [95 % CI]", "범주별 평균 [95 % 구간]")

    def cell(model: Report, name: str) -> str:
        e = model["categories"][name]
        return f"{interval(e)} n={counted(e, say)}"

    heat = charts.by_category(report, say, across=len(names) <= _MOST_ACROSS)
    if len(names) <= _MOST_ACROSS:
        head = [say("Model", "모델"), *map(safe, names)]
        return Grid(title, head, [[safe(m["model"]), *(cell(m, name) for name in names)] for m in models], heat)
    head = [say("Category", "범주"), *(safe(m["model"]) for m in models)]
    return Grid(title, head, [[safe(name), *(cell(m, name) for m in models)] for name in names], heat)


def _notes(report: Report, say: Say) -> Iterator[str]:
    if report["failure_reasons"]:
        yield say(
            "Failures are never scores; the range behind them is the score had all been worst or best.",
            "실패는 점수로 치지 않습니다. 뒤의 범위는 실패가 모두 최저점이거나 모두 최고점이었을 때의 점수입니다.",
        )
    for reason in report["failure_reasons"]:
        yield f"{reason['n']} × {safe(reason['error'])}"
    scale = report["scale"]
    others = sorted(f"{safe(n)} {ends(r['scale'])}" for n, r in report["rubrics"].items() if r["scale"] != scale)
    if others:
        listed = ", ".join(others)
        yield say(
            f"Scores of rubrics with another scale are mapped linearly onto {ends(scale)} before they are averaged: "
            f"{listed}.",
            f"척도가 다른 채점 기준의 점수는 {ends(scale)}에 선형으로 맞춘 뒤 평균했습니다: {listed}.",
        )
    if sum(m["wrong_language"] for m in report["models"]):
        yield say(
            "Wrong language: answers that fail the deterministic language rule of their turn.",
            "언어 위반: 그 턴에 요구된 언어 규칙(결정적 검사)을 어긴 답변 수입니다.",
        )
    if weighted := report["weighted"]:
        yield say(
            f"Scores are weighted by the judge's probabilities in {weighted['weighted']} verdicts; in "
            f"{weighted['fell_back']} they could not be had, and the written score stands.",
            f"판정 {weighted['weighted']}건은 심판의 확률로 가중한 점수입니다. {weighted['fell_back']}건은 확률을 얻지 "
            "못해 적힌 점수를 그대로 썼습니다.",
        )


def _slices(report: Report) -> Iterator[Slice]:
    for m in report["models"]:
        yield Slice(m["model"], "overall", "", m["overall"])
        for turn, e in m["turns"].items():
            yield Slice(m["model"], "turn", turn, e)
        for category, e in m["categories"].items():
            yield Slice(m["model"], "category", category, e)


def _methods(report: Report) -> Iterator[str]:
    yield from ("overall", "interval")
    if any(m["bounds"] for m in report["models"]):
        yield "bounds"
    if any(m["rank"] for m in report["models"]):
        yield "rank"


PART = Part(
    of_run=_of_run,
    of_models=_of_models,
    lines=_lines,
    findings=_findings,
    grids=_grids,
    notes=_notes,
    slices=_slices,
    methods=_methods,
)
