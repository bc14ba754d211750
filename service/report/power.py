"""What a run can show, as data and as a document (docs/compare.md)."""

import math
from itertools import combinations
from typing import Any

from sqlalchemy.engine import Connection

from judge.scoring.compare import FEWEST_QUESTIONS, cell_means
from judge.scoring.noise import Noise, noise
from judge.scoring.paired import MOST_PAIRED, Difference, differences
from judge.scoring.power import minimum_detectable, questions_needed
from service.errors import UsageError
from service.report.cells import safe
from service.report.document import Document, Grid, Language, Say, speaker
from service.report.part import Report
from service.store.reads import StoredRun
from service.store.repeated_scores import repeated_scores
from service.store.scores import score_table
from service.store.shared_scores import judges_of

Pair = tuple[int, int]


def planned_power(sd: float, *, n: int | None, difference: float | None, power: float, alpha: float) -> Report:
    """Without a run, from a standard deviation of the paired differences.

    Raises:
        UsageError: neither a number of questions nor a difference was given, or they make no sense.
    """
    if n is None and not difference:
        raise UsageError(
            "give --n for the difference that so many questions show, or --difference for how many it needs"
        )
    return {"run": None, "sd": sd, **_figures(sd, n, difference, power, alpha), "pairs": None, "noise": None}


def run_power(
    connection: Connection,
    run: StoredRun,
    *,
    n: int | None,
    difference: float | None,
    power: float,
    alpha: float,
    samples: int | None,
    judge_repeats: int | None,
) -> Report:
    """Of a typical pair of a run's models: the root of the mean variance.

    Raises:
        UsageError: no two models of the run can be compared.
    """
    tested = _tested(connection, run)
    parts = noise(repeated_scores(connection, run), tested)
    if parts is None:
        raise UsageError(
            f"run {run.name!r} has no two models that share {FEWEST_QUESTIONS} questions and their judges; "
            "give --sd, the standard deviation of the paired differences, instead of a run"
        )
    spread = sorted(d.sd for _, d in tested if d.sd is not None)
    sd = parts.sd(samples, judge_repeats)
    if not sd:
        raise UsageError(
            f"the models of run {run.name!r} never differ, which tells nothing of other questions; "
            "give --sd, the standard deviation of the paired differences, instead of a run"
        )
    asked = n if n is not None else min(d.n for _, d in tested)
    return {
        "run": run.name,
        "sd": sd,
        **_figures(sd, asked, difference, power, alpha),
        "pairs": {"n": len(tested), "sd_low": spread[0], "sd_high": spread[-1]},
        "noise": _noise(parts, samples, judge_repeats),
    }


def _tested(connection: Connection, run: StoredRun) -> list[tuple[Pair, Difference]]:
    table, judges = score_table(connection, run), judges_of(run)
    if len(table.models) > MOST_PAIRED:
        raise UsageError(
            f"run {run.name!r} has {len(table.models)} models, too many to compare each with each other (at most "
            f"{MOST_PAIRED}); give --sd, the standard deviation of the paired differences, instead of a run"
        )
    pairs = [(a, b) for a, b in combinations(range(len(table.models)), 2) if judges[a] == judges[b]]
    found = differences(cell_means(table), pairs)
    return [(pair, d) for pair, d in zip(pairs, found, strict=True) if d.n >= FEWEST_QUESTIONS]


def _noise(parts: Noise, samples: int | None, judge_repeats: int | None) -> dict[str, Any]:
    return {
        "questions": parts.questions,
        "answers": parts.answers,
        "verdicts": parts.verdicts,
        "samples": samples or parts.samples,
        "judge_repeats": judge_repeats or parts.repeats,
    }


def _figures(sd: float, n: int | None, difference: float | None, power: float, alpha: float) -> dict[str, Any]:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise UsageError("--alpha and --power lie between 0 and 1")
    return {
        "power": power,
        "alpha": alpha,
        "n": n,
        "minimum_detectable": None if n is None else minimum_detectable(sd, n, alpha, power).difference,
        "difference": difference or None,
        "questions_needed": questions_needed(difference, sd, alpha, power) if difference else None,
    }


def power_document(report: Report, language: Language = "en") -> Document:
    """For people."""
    say = speaker(language)
    run = report["run"]
    return Document(
        language,
        title=say("Power", "검정력") + (f": {safe(run)}" if run is not None else ""),
        lines=[
            say(
                f"Two-sided level {report['alpha']:g}, power {report['power']:.0%}; one comparison of two models, "
                "paired "
                "by question. Several comparisons at once need more.",
                f"양측 유의수준 {report['alpha']:g}, 검정력 {report['power']:.0%}. 두 모델을 문항별로 짝지은 비교 "
                "하나에 "
                "대한 값이며, 여러 비교를 함께 하면 더 필요합니다.",
            )
        ],
        grids=[_grid(report, say)],
        notes=_notes(report, say),
    )


def _grid(report: Report, say: Say) -> Grid:
    rows = [[say("Standard deviation of the paired differences", "짝지은 차이의 표준편차"), f"{report['sd']:.2f}"]]
    if report["n"] is not None:
        told = say(
            f"Smallest difference that {report['n']} questions show", f"문항 {report['n']}개로 찾을 수 있는 최소 차이"
        )
        rows.append([told, f"{report['minimum_detectable']:.2f}"])
    if report["difference"] is not None:
        wished = f"{report['difference']:g}"
        told = say(f"Questions that a difference of {wished} needs", f"{wished}점 차이에 필요한 문항 수")
        rows.append([told, str(report["questions_needed"])])
    return Grid(None, [say("What", "항목"), say("Value", "값")], rows)


def _notes(report: Report, say: Say) -> list[str]:
    if report["run"] is None:
        return []
    pairs, parts = report["pairs"], report["noise"]
    told = [
        say(
            f"Typical of {pairs['n']} pairs of models, whose standard deviations go from {pairs['sd_low']:.2f} to "
            f"{pairs['sd_high']:.2f}.",
            f"모델 {pairs['n']}쌍의 전형적인 값이며, 쌍별 표준편차는 {pairs['sd_low']:.2f}에서 "
            f"{pairs['sd_high']:.2f}까지입니다.",
        )
    ]
    told.append(
        say(
            f"Samples {parts['samples']}, judge repeats {parts['judge_repeats']}. Standard deviation from "
            f"{_parts(parts, say)}.",
            f"답변 표본 {parts['samples']}개, 판정 반복 {parts['judge_repeats']}회. 표준편차의 출처별 크기: "
            f"{_parts(parts, say)}.",
        )
    )
    if parts["answers"] is None:
        told.append(
            say(
                "The run has one answer a question: how much answers vary cannot be told apart from how much questions "
                "do, and more samples are not credited with anything.",
                "문항마다 답변이 하나뿐이라 답변에 따른 변동을 문항에 따른 변동과 나눌 수 없고, 답변을 늘린 효과는 "
                "계산에 넣지 않았습니다.",
            )
        )
    if parts["verdicts"] is None:
        told.append(
            say(
                "The run has one verdict an answer: how much verdicts vary is not known, and more judge repeats are "
                "not "
                "credited with anything.",
                "답변마다 판정이 하나뿐이라 판정에 따른 변동을 알 수 없고, 판정을 늘린 효과는 계산에 넣지 않았습니다.",
            )
        )
    return told


def _parts(parts: dict[str, Any], say: Say) -> str:
    """`questions 2.05, one answer 0.80`, what is not known left out."""
    names = {
        "questions": say("questions", "문항"),
        "answers": say("one answer", "답변 하나"),
        "verdicts": say("one verdict", "판정 하나"),
    }
    return ", ".join(f"{name} {math.sqrt(parts[key]):.2f}" for key, name in names.items() if parts[key] is not None)
