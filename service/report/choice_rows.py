"""The multiple-choice part of a report as rows, for the tables of every format."""

from collections.abc import Iterator
from typing import Any

from service.report.cells import counted, safe, share
from service.report.document import Grid, Say
from service.report.part import Report, Slice

BIAS_FIGURES = ("acc_amb", "acc_dis", "diff_bias_amb", "diff_bias_dis")


def choice_grids(report: Report, say: Say) -> Iterator[Grid]:
    """Everything there is to show; nothing without multiple choice."""
    models = [m for m in report["models"] if m["choices"]]
    if not models:
        return
    yield _accuracy(models, say)
    if any(d["bias"] for m in models for d in m["choices"]["datasets"]):
        yield _bias(models, say)
    if len({row["language"] for m in models for row in m["choices"]["languages"]}) > 1:
        yield _languages(models, say)


def _accuracy(models: list[Report], say: Say) -> Grid:
    title = say("Multiple choice, share [95 % CI]", "객관식, 비율 [95 % 구간]")
    head = [
        say("Model", "모델"),
        say("Dataset", "데이터"),
        say("Accuracy", "정답률"),
        say("Out of choice", "선택지 밖"),
    ]
    body = [
        [safe(m["model"]), safe(d["dataset"]), share(d["accuracy"]), share(d["out_of_choice"]), counted(d, say)]
        for m in models
        for d in m["choices"]["datasets"]
    ]
    return Grid(title, [*head, "n"], body)


def _bias(models: list[Report], say: Say) -> Grid:
    title = say(
        "Bias after KoBBQ, out-of-choice answers dropped [95 % CI]", "KoBBQ 방식 편향, 선택지 밖 답 제외 [95 % 구간]"
    )
    body = [
        [safe(m["model"]), safe(d["dataset"]), *(share(d["bias"][f]) for f in BIAS_FIGURES), _dropped(d["bias"], say)]
        for m in models
        for d in m["choices"]["datasets"]
        if d["bias"]
    ]
    return Grid(title, [say("Model", "모델"), say("Dataset", "데이터"), *BIAS_FIGURES, say("Dropped", "제외")], body)


def _languages(models: list[Report], say: Say) -> Grid:
    names = {"ko": say("Korean", "한국어"), "en": say("English", "영어")}
    head = [say("Model", "모델"), say("Asked in", "질문 언어"), say("Turn", "턴"), say("Accuracy", "정답률"), "n"]
    head += [say("Answered in Korean", "한국어로 답함"), say("in English", "영어로")]
    head += [say("by label", "기호로"), say("not understood", "알 수 없음")]
    body = []
    for m in models:
        for row in m["choices"]["languages"]:
            answered = row["answered"]
            counts = [f"{answered[kind]}" for kind in ("korean", "english", "label", "not_understood")]
            asked = safe(names.get(row["language"], row["language"]))
            body.append([safe(m["model"]), asked, str(row["turn"]), share(row["accuracy"]), counted(row, say), *counts])
        if m["choices"]["gap"]:
            gap = m["choices"]["gap"]
            between = say("Korean − English", "한국어 − 영어")
            body.append([safe(m["model"]), between, "–", share(gap), str(gap["n"]), *["–"] * 4])
    return Grid(say("Multiple choice by language of the questions", "객관식, 질문 언어별"), head, body)


def choice_notes(report: Report, say: Say) -> Iterator[str]:
    """What a reader must know of these figures."""
    if any(m["choices"] for m in report["models"]):
        yield say(
            "Multiple choice: an answer that settles on no option is out of choice and counts as a miss; "
            "an answer that was never given (failed) counts in no share.",
            "객관식: 어느 선택지도 고르지 않은 답은 선택지 밖으로 치고 오답으로 셉니다. 아예 받지 못한 답(실패)은 어느 "
            "비율에도 넣지 않습니다.",
        )


def choice_slices(report: Report) -> Iterator[Slice]:
    """Each figure, for the long form."""
    for m in (m for m in report["models"] if m["choices"]):
        for d in m["choices"]["datasets"]:
            for name in ("accuracy", "out_of_choice"):
                yield Slice(m["model"], f"choice_{name}", d["dataset"], d[name] | _failed(d))
            for name in BIAS_FIGURES if d["bias"] else ():
                yield Slice(m["model"], f"bias_{name}", d["dataset"], d["bias"][name] | _failed(d))
        for row in m["choices"]["languages"]:
            where = f"{row['language']}/{row['turn']}"
            yield Slice(m["model"], "choice_language", where, row["accuracy"] | _failed(row))


def _failed(counted: dict[str, Any]) -> dict[str, Any]:
    return {"failed": counted["failed"]}


def _dropped(bias: dict[str, Any], say: Say) -> str:
    ambiguous, disambiguated = bias["dropped"]["ambiguous"], bias["dropped"]["disambiguated"]
    return say(f"{ambiguous} amb, {disambiguated} dis", f"모호 {ambiguous}, 명확 {disambiguated}")
