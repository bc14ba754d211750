"""The imported part of a report: what the tool that a run came from prints of the same files, beside our figures."""

from collections.abc import Iterator
from typing import Any

from service.report.cells import safe
from service.report.document import Grid, Say
from service.report.part import Part, Report, Source

_HEADLINE = "average"


def _of_run(source: Source) -> Report:
    """`imported`: the tool's own aggregates and what to know of the import; None for what was run here."""
    imported = source.run.plan.imported
    return {"imported": None if imported is None else imported.model_dump(mode="json")}


def _of_models(source: Source) -> list[Report]:
    """`as_published`, where the tool prints one score a model."""
    imported = source.run.plan.imported
    figures = imported.figures if imported is not None else ()
    known = {f.model: f.value for f in figures if f.figure == _HEADLINE and f.value is not None}
    return [{"as_published": known[m.label]} if m.label in known else {} for m in source.run.plan.models]


def _grids(report: Report, say: Say) -> Iterator[Grid]:
    imported = report["imported"]
    if imported is None or not imported["figures"]:
        return
    figures = imported["figures"]
    columns = {
        say("Model", "모델"): [safe(f["model"]) for f in figures],
        say("Figure", "지표"): [safe(f["figure"]) for f in figures],
        say("As the tool prints it", "원래 도구의 값"): [_published(f, say) for f in figures],
        say("The same, questions resampled [95 %]", "같은 값, 문항 단위 [95 % 구간]"): [_clustered(f) for f in figures],
        say("kojudge [95 % CI]", "kojudge [95 % 구간]"): [_ours(report, f) for f in figures],
        "n": [str(f["n"]) for f in figures],
        say("Left out by it", "도구가 뺀 수"): [str(f["dropped"]) for f in figures],
    }
    tool = safe(imported["tool"])
    yield Grid.of_columns(say(f"As published ({tool})", f"공표된 값({tool})"), columns)


def _published(f: Report, say: Say) -> str:
    if f["value"] is None:
        return "–"
    text = f"{f['value']:.{_digits(f)}f}"
    if f["low"] is not None:
        text += f" [{f['low']:.{_digits(f)}f}, {f['high']:.{_digits(f)}f}] ({safe(f['interval'])})"
    if f["standard_error"] is not None:
        text += say(f" (standard error {f['standard_error']:.2f})", f" (표준오차 {f['standard_error']:.2f})")
    return text


def _clustered(f: Report) -> str:
    if f["clustered_low"] is None or f["clustered_high"] is None:
        return "–"
    return f"[{f['clustered_low']:.{_digits(f)}f}, {f['clustered_high']:.{_digits(f)}f}]"


def _digits(f: Report) -> int:
    return {"points": 3, "share": 3, "percent": 2}[f["unit"]]


def _ours(report: Report, f: Report) -> str:
    """Our figure of what the tool means by its own; a dash where it has none."""
    estimate, times = _estimate(report, f), 100 if f["unit"] == "percent" else 1
    if estimate is None or estimate["mean"] is None:
        return "–"
    mean, low, high = (f"{times * estimate[name]:.{_digits(f)}f}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _estimate(report: Report, f: Report) -> dict[str, Any] | None:
    if f["unit"] == "points":
        model: Report = next(m for m in report["models"] if m["model"] == f["model"])
        found: dict[str, Any] = model["overall"]
        if f["figure"] != _HEADLINE:
            found = model["turns"].get(f["figure"].removeprefix("turn "))
        return found
    of_its_kind = [g for g in report["imported"]["figures"] if g["model"] == f["model"] and g["unit"] == "percent"]
    one_category = report["imported"]["tool"] == "arena-hard" and len(of_its_kind) == 1
    if f["figure"] in ("win_rate_adjusted", "discrete_win_rate") or one_category:
        rates = {m["model"]: m["win_rate"] for m in report["pairwise"]["models"]}
        return rates.get(f["model"])
    return None


_WHY = {
    "mtbench": (
        "FastChat drops judgments that it could not read (-1, error) without a word, grades the answer $ERROR$ as an "
        "answer, and counts rows of a second run again. Ours is the mean over questions of one verdict a turn; "
        "failures are counted, not dropped.",
        "FastChat은 읽지 못한 판정(-1, error)을 말없이 빼고, $ERROR$라는 답변도 채점하며, 다시 실행한 행을 거듭 "
        "셉니다. kojudge는 턴마다 판정 하나씩, 문항별로 평균하고 실패는 따로 셉니다.",
    ),
    "arena-hard": (
        "Arena-Hard counts a game won by far three times and resamples games as if they were independent, so its 90 % "
        "interval is too narrow; beside it stands that of the same figure at 95 % with whole questions resampled. "
        "Ours counts a win only if both orders agree, each question once.",
        "Arena-Hard는 크게 이긴 판을 세 번 세고, 판들이 서로 독립인 듯 다시 뽑아 90 % 구간이 너무 좁습니다. 옆은 같은 "
        "값을 문항 단위로 다시 뽑은 95 % 구간입니다. kojudge는 두 순서가 일치할 때만 승리로, 문항마다 한 번씩 셉니다.",
    ),
    "alpaca-eval": (
        "AlpacaEval's win rate is the mean of the judge's preference. Its length-controlled win rate is not in the "
        "files; the standard error that is published with that one leaves out the error of the fit and is about half "
        "of what it should be.",
        "AlpacaEval의 승률은 심판 선호도의 평균입니다. 길이 통제 승률은 파일에 없으며, 함께 공표되는 표준오차는 "
        "추정 오차를 빠뜨려 실제의 절반 정도입니다.",
    ),
}


def _notes(report: Report, say: Say) -> Iterator[str]:
    imported = report["imported"]
    if imported is None:
        return
    if (why := _WHY.get(imported["tool"])) is not None:
        yield say(*why)
    for notice in imported["notices"]:
        yield safe(notice)


def _methods(report: Report) -> tuple[str, ...]:
    return ("published",) if any("as_published" in m for m in report["models"]) or report["imported"] else ()


PART = Part(of_run=_of_run, of_models=_of_models, grids=_grids, notes=_notes, methods=_methods)
