"""The figures of a report: means with their intervals, and categories by model; never a radar, never a bare bar."""

from collections.abc import Sequence

from service.report.cells import interval, safe
from service.report.document import Say
from service.report.figure import Cell, Dot, Dots, Heatmap
from service.report.part import Report

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_GROUPS = 8
"""More lanes would leave no room for the names."""


def overall(report: Report, say: Say) -> Dots | None:
    """The overall mean of every model; None where nothing has a score."""
    models = report["models"]
    if not any(m["overall"]["mean"] is not None for m in models):
        return None
    groups = tied(report)
    rows = [
        Dot(
            safe(m["model"]),
            e["mean"],
            e["low"],
            e["high"],
            f"{interval(e)} n {e['n']}",
            "".join(letter for letter, group in zip(_LETTERS, groups, strict=False) if m["model"] in group),
        )
        for m in models
        for e in [m["overall"]]
    ]
    scale = report["scale"]
    axis = say("Overall score, with its 95 % interval", "전체 점수와 95 % 구간")
    return Dots(_overall_alt(report, groups, say), axis, scale["min"], scale["max"], rows)


def tied(report: Report) -> list[list[str]]:
    """Groups of models that cannot be told apart, of several models each; [] where there are too many to draw."""
    compared = report.get("differences")
    groups = [g for g in (compared["groups"] or [] if compared else []) if len(g) > 1]
    return groups if len(groups) <= _MOST_GROUPS else []


def _overall_alt(report: Report, groups: Sequence[Sequence[str]], say: Say) -> str:
    scored = [m for m in report["models"] if m["overall"]["mean"] is not None]
    first, last = scored[0], scored[-1]
    best = f"{safe(first['model'])} {interval(first['overall'])} (n {first['overall']['n']})"
    if first is last:
        return say(f"Overall score of {best}.", f"전체 점수: {best}.")
    if first["overall"]["mean"] == last["overall"]["mean"]:
        mean = f"{first['overall']['mean']:.2f}"
        return say(f"All models have the same mean, {mean}.", f"모든 모델의 평균이 {mean}점으로 같습니다.")
    worst = f"{safe(last['model'])} {interval(last['overall'])} (n {last['overall']['n']})"
    told = say(f"Highest mean: {best}; lowest: {worst}.", f"평균이 가장 높은 모델: {best}. 가장 낮은 모델: {worst}.")
    if groups:
        told += say(
            " Models that share a letter cannot be told apart.", " 같은 글자가 붙은 모델끼리는 우열을 가릴 수 없습니다."
        )
    return told


def by_category(report: Report, say: Say, *, across: bool) -> Heatmap | None:
    """The mean of every category; models down, or across where `across` is False."""
    models = report["models"]
    names = list(models[0]["categories"]) if models else []
    found = [
        (m["categories"][name]["mean"], name, m["model"])
        for m in models
        for name in names
        if m["categories"][name]["mean"] is not None
    ]
    if len(found) < 2:
        return None
    by_name = [(safe(name), [_score(m["categories"][name]) for m in models]) for name in names]
    labels = [safe(m["model"]) for m in models]
    scale = report["scale"]
    if across:
        by_model = [(label, [cells[i] for _, cells in by_name]) for i, label in enumerate(labels)]
        corner, columns, rows = say("Model", "모델"), [name for name, _ in by_name], by_model
    else:
        corner, columns, rows = say("Category", "범주"), labels, by_name
    alt = _category_alt(min(found), max(found), say)
    return Heatmap(alt, corner, columns, scale["min"], scale["max"], rows)


def _score(e: Report) -> Cell:
    if e["mean"] is None:
        return Cell(None, "–", f"n {e['n']}")
    return Cell(e["mean"], f"{e['mean']:.2f}", f"{interval(e)} n {e['n']}")


def _category_alt(lowest: tuple[float, str, str], highest: tuple[float, str, str], say: Say) -> str:
    (low, low_in, low_of), (high, high_in, high_of) = lowest, highest
    if low == high:
        told = say(f"The mean is {low:.2f} everywhere.", f"평균이 모두 {low:.2f}점으로 같습니다.")
    else:
        told = say(
            f"Lowest mean: {low:.2f}, {safe(low_of)} in {safe(low_in)}; highest: {high:.2f}, {safe(high_of)} in "
            f"{safe(high_in)}.",
            f"평균이 가장 낮은 칸은 {safe(low_of)}의 {safe(low_in)} {low:.2f}점, 가장 높은 칸은 {safe(high_of)}의 "
            f"{safe(high_in)} {high:.2f}점입니다.",
        )
    return told + say(" Intervals and n are in the table.", " 구간과 표본 수(n)는 표에 있습니다.")


def distribution(report: Report, say: Say) -> Heatmap | None:
    """The share of each model's verdicts at every step of the scale; None where there is none."""
    models = [m for m in report["models"] if m["distribution"]["at_max"]["n"]]
    if not models:
        return None
    rows = [
        (safe(m["model"]), [_share_cell(c["n"], m["distribution"]["at_max"]["n"]) for c in m["distribution"]["counts"]])
        for m in models
    ]
    columns = [f"{c['score']:g}" for c in models[0]["distribution"]["counts"]]
    best = max(models, key=lambda m: m["distribution"]["at_max"]["mean"])
    e = best["distribution"]["at_max"]
    of_best = f"{safe(best['model'])} {e['mean']:.0%} [{e['low']:.0%}, {e['high']:.0%}] (n {e['n']})"
    alt = say(
        "Per cent of verdicts by score, rounded down. ", "점수별 판정 비율(%)이며, 점수의 소수점 아래는 버렸습니다. "
    )
    if e["mean"]:
        alt += say(f"Most at the maximum: {of_best}.", f"최고점이 가장 많은 모델: {of_best}.")
    else:
        alt += say("No verdict is at the maximum.", "최고점인 판정은 없습니다.")
    return Heatmap(alt, say("Model", "모델"), columns, 0.0, 1.0, rows)


def _share_cell(n: int, of: int) -> Cell:
    return Cell(n / of, f"{100 * n / of:.0f}", f"{n} / {of}") if n else Cell(None, "·")
