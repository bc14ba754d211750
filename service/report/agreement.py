"""What people's labels say of a run's judges, as a document (docs/people.md)."""

from collections.abc import Iterator
from typing import Any

from service.report.cells import safe
from service.report.document import Document, Grid, Language, Say, speaker
from service.report.part import Report
from service.report.people_rows import labels_line, means_grid, unsafe_grid

_COEFFICIENTS = {
    "weighted_kappa": ("Weighted κ", "가중 κ"),
    "alpha": ("Krippendorff α", "크리펜도르프 α"),
    "ac1": ("Gwet AC1", "그웻 AC1"),
    "spearman": ("Spearman", "스피어먼"),
}


def agreement_document(report: Report, language: Language = "en") -> Document:
    """For people, of what `people_report` gives."""
    say = speaker(language)
    run = safe(report["run"])
    return Document(
        language,
        title=say(f"Judges and people: {run}", f"심판과 사람: {run}"),
        lines=[labels_line(report["labels"], len(report["reviewers"]), say)],
        grids=list(_grids(report, say)),
        notes=list(_notes(report, say)),
    )


def _grids(report: Report, say: Say) -> Iterator[Grid]:
    for judge in report["judges"]:
        yield from _of_judge(judge, say)
    if report["people"]:
        title = say(
            "People among themselves: no judge can be asked for more", "사람끼리의 일치: 심판에게 바랄 수 있는 상한"
        )
        yield _agreement(title, report["people"], say)
    yield means_grid(report["models"], say)


def _of_judge(judge: Report, say: Say) -> Iterator[Grid]:
    name = safe(judge["judge"])
    if judge["agreement"]:
        title = say(f"{name} and people [95 % CI]", f"{name}와(과) 사람 [95 % 구간]")
        yield _agreement(title, judge["agreement"], say)
    if found := [row for row in judge["agreement"] if row["detection"]]:
        yield _detection(name, found, say)
    for row in judge["agreement"]:
        if row["confusion"]:
            of = _of(row, say)
            title = say(f"{of}: people (rows) and {name} (columns)", f"{of}: 사람(행)과 {name}(열)")
            yield _confusion(title, row["confusion"])
    if judge["unsafe"]:
        yield unsafe_grid(judge["unsafe"], judge["judge"], say)


def _of(row: Report, say: Say) -> str:
    rubric = say("all rubrics", "모든 채점 기준") if row["rubric"] is None else safe(row["rubric"])
    return f"{rubric} / {safe(row['measure'])}"


def _agreement(title: str, rows: list[Report], say: Say) -> Grid:
    head = [say("Rubric / measure", "채점 기준 / 항목"), "n", *(say(*name) for name in _COEFFICIENTS.values())]
    body = [[_of(row, say), str(row["n"]), *_coefficients(row, say), _share(row["exact"])] for row in rows]
    return Grid(title, [*head, say("Equal", "같은 비율")], body)


def _coefficients(row: Report, say: Say) -> list[str]:
    if row["coefficients"] is None:
        return [say("too few", "라벨 부족")] * len(_COEFFICIENTS)
    return [_share(row["coefficients"][name], "value") for name in _COEFFICIENTS]


def _share(e: dict[str, Any], key: str = "mean") -> str:
    """`0.75 [0.60, 0.86]`, as much of it as there is."""
    if e[key] is None:
        return "–"
    return f"{e[key]:.2f} " + ("[–]" if e["low"] is None else f"[{e['low']:.2f}, {e['high']:.2f}]")


def _detection(name: str, rows: list[Report], say: Say) -> Grid:
    head = [
        say("Rubric / measure", "채점 기준 / 항목"),
        say("Found when", "찾는 것"),
        say("Sensitivity", "민감도"),
        "n",
    ]
    body = []
    for row in rows:
        d = row["detection"]
        parts = (x for kind in (d["sensitivity"], d["specificity"]) for x in (_share(kind), str(kind["n"])))
        body.append([_of(row, say), d["positive"], *parts])
    title = say(f"What {name} finds of what people find", f"사람이 찾은 것을 {name}이(가) 찾는 비율")
    return Grid(title, [*head, say("Specificity", "특이도"), "n"], body)


def _confusion(title: str, found: Report) -> Grid:
    names = [f"{value:g}" for value in found["values"]]
    return Grid(title, ["", *names], [[n, *map(str, c)] for n, c in zip(names, found["counts"], strict=True)])


def _notes(report: Report, say: Say) -> Iterator[str]:
    few = report["fewest_labels"]
    rows = [row for judge in report["judges"] for row in judge["agreement"]] + report["people"]
    if any(row["coefficients"] is None for row in rows):
        yield say(
            f"Coefficients are given from {few['coefficients']} labels on; corrected scores from {few['corrected']}.",
            f"일치 계수는 라벨이 {few['coefficients']}개, 보정한 점수는 {few['corrected']}개 있어야 냅니다.",
        )
    for judge in report["judges"]:
        yield _alternative(safe(judge["judge"]), judge["alt_test"], say)
    if not report["people"]:
        yield say(
            "No answer has labels of two people: how far people agree among themselves is not known.",
            "두 사람이 함께 라벨을 붙인 답변이 없어, 사람끼리 얼마나 일치하는지 알 수 없습니다.",
        )
    yield say(
        "κ and α: above 0.8 reliable, from 0.67 for tentative conclusions (Krippendorff); compare with people's own.",
        "κ와 α: 0.8이 넘으면 믿을 만하고, 0.67부터는 잠정적인 결론에 쓸 수 있습니다(크리펜도르프). 사람끼리의 값과 "
        "견주어 보세요.",
    )


def _alternative(name: str, test: Report | None, say: Say) -> str:
    if test is None:
        return say(
            f"{name}: the alternative annotator test needs three people with 30 answers in common with others.",
            f"{name}: 대체 평가자 검정에는 다른 사람과 답변 30개를 함께 평가한 사람이 세 명 필요합니다.",
        )
    rate, people = f"{test['winning_rate']:.0%}", test["annotators"]
    english = "may stand in for a person" if test["passed"] else "may not stand in for a person"
    korean = "사람을 대신할 수 있습니다" if test["passed"] else "사람을 대신할 수 없습니다"
    return say(
        f"{name} {english}: it does as well as {rate} of {people} people (alternative annotator test, ε 0.2, half of "
        "them are needed).",
        f"{name}은(는) {korean}. 평가자 {people}명 가운데 {rate}에게 뒤지지 않습니다(대체 평가자 검정, ε 0.2, 절반 "
        "이상 필요).",
    )
