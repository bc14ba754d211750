"""People's labels for readers: what counts, the corrected figures beside the judges' own, the long form."""

from collections.abc import Iterable, Iterator
from typing import Any

from service.report.cells import interval, safe, share
from service.report.document import Grid, Say
from service.report.part import Report, Slice

_LEFT_OUT = {
    "targeted": ("of targeted answers", "골라낸 답변의 라벨"),
    "not_blind": ("given with the verdict in sight", "판정을 보고 붙인 라벨"),
    "skipped": ("skipped", "건너뜀"),
    "unsure": ("unsure", "모르겠음"),
}


def labels_line(counts: Report, reviewers: int, say: Say) -> str:
    """How many labels of which answers, and which of them count for nothing."""
    left = [f"{say(*_LEFT_OUT[why])} {n}" for why, n in counts["left_out"].items() if n]
    listed = ", ".join(left) or say("none", "없음")
    who = "person" if reviewers == 1 else "people"
    n, answers = counts["random"], counts["turns"]
    return say(
        f"{n} labels of {answers} answers drawn at random, by {reviewers} {who}; left out: {listed}",
        f"무작위로 뽑은 답변 {answers}개의 라벨 {n}개, 평가자 {reviewers}명; 제외: {listed}",
    )


def means_grid(models: Iterable[Report], say: Say) -> Grid:
    """Each model's mean as its judges give it, and as people would have."""
    rows = [
        [
            safe(m["model"]),
            interval(m["judged"]),
            str(m["judged"]["n"]),
            say("too few labels", "라벨 부족") if m["corrected"] is None else interval(m["corrected"]),
            f"{m['labels']}/{m['turns']}",
            "–" if m["corrected"] is None else f"{m['corrected']['weight']:.2f}",
        ]
        for m in models
    ]
    title = say("Scores, as judged and corrected by people [95 % CI]", "심판의 점수와 사람이 보정한 점수 [95 % 구간]")
    head = [say("Model", "모델"), say("Judged", "심판"), "n", say("Corrected", "보정")]
    head += [say("Labelled answers", "라벨을 붙인 답변"), say("Weight of the judge", "심판의 가중치")]
    return Grid(title, head, rows)


def unsafe_grid(rows: Iterable[Report], judge: str, say: Say) -> Grid:
    """Each model's share of unsafe answers, as a judge counts them and corrected."""
    body = [
        [
            safe(r["model"]),
            share(r["judged"]),
            str(r["n"]),
            "–" if r["corrected"] is None else share(r["corrected"]),
            str(r["labels"]),
        ]
        for r in rows
    ]
    name = safe(judge)
    title = say(
        f"Unsafe answers, as {name} counts them and corrected by people, share [95 % CI]",
        f"유해한 답변: {name}의 집계와 사람이 보정한 값, 비율 [95 % 구간]",
    )
    head = [say("Model", "모델"), say("Judged", "심판"), "n", say("Corrected", "보정")]
    return Grid(title, [*head, say("Labels of all models", "전체 모델의 라벨")], body)


def grids(report: Report, say: Say) -> Iterator[Grid]:
    people = report["people"]
    if people is None:
        return
    yield means_grid(people["models"], say)
    by_judge: dict[str, list[Report]] = {}
    for row in people["unsafe"]:
        by_judge.setdefault(row["judge"], []).append(row)
    for judge, rows in by_judge.items():
        yield unsafe_grid(rows, judge, say)


def notes(report: Report, say: Say) -> Iterator[str]:
    """Which labels these are, and what is corrected."""
    people = report["people"]
    if people is None:
        return
    run = safe(report["run"])
    yield say("People: ", "사람: ") + labels_line(people["labels"], people["reviewers"], say) + "."
    least = people["fewest_labels"]
    yield say(
        f"Corrected scores (PPI++) are what people would have given over all answers; a model needs {least} labels. "
        f"Agreement with people: kojudge judge agree {run}.",
        f"보정한 점수(PPI++)는 사람이 모든 답변을 채점했을 때의 추정값이며, 모델마다 라벨이 {least}개 있어야 합니다. "
        f"사람과의 일치도: kojudge judge agree {run}.",
    )


def slices(report: Report) -> Iterator[Slice]:
    """`n` of a corrected figure counts the labels behind it."""
    people = report["people"]
    if people is None:
        return
    for m in people["models"]:
        if m["corrected"] is not None:
            yield Slice(m["model"], "corrected", "", _long(m["corrected"], m["labels"]))
    for row in people["unsafe"]:
        yield Slice(row["model"], "unsafe", row["judge"], _long(row["judged"], row["n"]))
        if row["corrected"] is not None:
            yield Slice(row["model"], "unsafe_corrected", row["judge"], _long(row["corrected"], row["labels"]))


def _long(figure: dict[str, Any], n: int) -> dict[str, Any]:
    return {**figure, "n": n, "failed": None}
