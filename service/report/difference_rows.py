"""Differences between models for readers: a sentence, tables, what to know of them, and the long form."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from judge.scoring.paired import MOST_PAIRED
from service.report.cells import counted, interval, safe
from service.report.document import Grid, Say
from service.report.part import Report, Slice

_FEW_MODELS = 6
"""Up to so many every difference is told in words."""
_NAMED = 8
MOST_ROWS = 60
"""Longer tables are for the JSON and the CSV."""


def findings(report: Report, say: Say) -> Iterator[str]:
    """One sentence: which models differ, and which do not."""
    found = report["differences"]
    if found is None or not found["pairs"]:
        return
    if found["baseline"] is not None:
        parts = _beside_baseline(found, say)
    elif len(found["pairs"]) <= _FEW_MODELS * (_FEW_MODELS - 1) / 2:
        parts = _in_words(found, say)
    else:
        parts = _in_numbers(found, say)
    # A Korean clause ends as a sentence does.
    yield say("; ", ". ").join([*parts, *_not_compared(found, say)]) + "."


def _in_words(found: Report, say: Say) -> Iterator[str]:
    beaten: dict[str, list[str]] = {}
    for pair in found["pairs"]:
        if pair["differs"]:
            beaten.setdefault(_better(pair), []).append(_worse(pair))
    alike: dict[tuple[str, ...], list[str]] = {}
    for model, others in beaten.items():
        alike.setdefault(tuple(others), []).append(model)
    by_names = {frozenset((p["model_a"], p["model_b"])): p for p in found["pairs"]}
    for beaten_by_all, models in alike.items():
        others, told = list(beaten_by_all), ""
        if len(models) == len(others) == 1:
            told = f"({_difference(by_names[frozenset((models[0], others[0]))], say)})"
        several = len(models) > 1
        yield say(
            f"{_and(models)} {'are' if several else 'is'} better than {_and(others)} {told}".rstrip(),
            f"{_comma(models)}의 점수가 {_comma(others)}보다 높습니다{told}",
        )
    for group in found["groups"] or []:
        inside = [by_names[frozenset((a, b))] for i, a in enumerate(group) for b in group[i + 1 :]]
        inside = [pair for pair in inside if pair["comparable"]]
        if not inside:
            continue
        largest = max(inside, key=lambda p: abs(p["difference"]["mean"]))
        told = _difference(largest, say)
        if len(inside) > 1:
            told = say(f"largest {told}", f"가장 큰 {told}")
        names = [m for m in group if any(m in (p["model_a"], p["model_b"]) for p in inside)]
        yield say(
            f"{_and(names)} cannot be told apart with these {_questions(inside)} questions ({told})",
            f"{_comma(names)} 사이의 우열은 문항 {_questions(inside)}개로 가릴 수 없습니다({told})",
        )


def _in_numbers(found: Report, say: Say) -> Iterator[str]:
    compared = [p for p in found["pairs"] if p["comparable"]]
    if not compared:
        return
    apart = sum(p["differs"] for p in compared)
    n = _questions(compared)
    yield say(
        f"Of {len(compared)} pairs of models {apart} can be told apart with these {n} questions",
        f"모델 {len(compared)}쌍 가운데 {apart}쌍은 문항 {n}개로 우열을 가릴 수 있습니다",
    )
    best = found["pairs"][0]["model_a"]
    others = [_other(p, best) for p in compared if best in (p["model_a"], p["model_b"]) and not p["differs"]]
    if others:
        yield say(
            f"{safe(best)} has the best mean, but cannot be told apart from {_some(others, say)}",
            f"평균은 {safe(best)}의 것이 가장 높지만, 다음 모델과는 우열을 가릴 수 없습니다: {_some(others, say)}",
        )
    else:
        yield say(f"{safe(best)} is better than all others", f"{safe(best)}의 점수가 다른 모든 모델보다 높습니다")


def _beside_baseline(found: Report, say: Say) -> Iterator[str]:
    base = safe(found["baseline"])
    compared = [p for p in found["pairs"] if p["comparable"]]
    better = [p["model_a"] for p in compared if p["differs"] and p["difference"]["mean"] > 0]
    worse = [p["model_a"] for p in compared if p["differs"] and p["difference"]["mean"] < 0]
    alike = [p for p in compared if not p["differs"]]
    if better:
        yield say(f"Better than {base}: {_some(better, say)}", f"{base}보다 점수가 높은 모델: {_some(better, say)}")
    if worse:
        yield say(f"Worse than {base}: {_some(worse, say)}", f"{base}보다 점수가 낮은 모델: {_some(worse, say)}")
    if alike:
        told = [f"{safe(p['model_a'])} ({_difference(p, say)})" for p in alike[:_NAMED]]
        more = len(alike) - len(told)
        listed = ", ".join(told) + (say(f" and {more} more", f" 외 {more}개") if more else "")
        yield say(
            f"not to be told apart from {base} with these {_questions(alike)} questions: {listed}",
            f"문항 {_questions(alike)}개로는 {base}에 견주어 우열을 가릴 수 없는 모델: {listed}",
        )


def _not_compared(found: Report, say: Say) -> Iterator[str]:
    reasons = [p["reason"] for p in found["pairs"]]
    few, others = reasons.count("few_questions"), reasons.count("other_judges")
    if few:
        least = found["fewest_questions"]
        yield say(
            f"{few} of {len(reasons)} pairs are not comparable: fewer than {least} shared questions",
            f"{len(reasons)}쌍 가운데 {few}쌍은 함께 답한 문항이 {least}개가 안 되어 비교할 수 없습니다",
        )
    if others:
        yield say(
            f"{others} of {len(reasons)} pairs are not comparable: other judges graded them",
            f"{len(reasons)}쌍 가운데 {others}쌍은 심판이 서로 달라 비교할 수 없습니다",
        )


def pair_grid(found: Report, say: Say) -> Grid:
    """A row a pair; of very many only those of neighbours, by their mean."""
    pairs, title = found["pairs"], say("Differences, paired by question", "문항별로 짝지은 차이")
    if len(pairs) > MOST_ROWS and found["baseline"] is None:
        pairs, title = _neighbours(pairs), say("Differences between neighbours", "이웃한 모델 사이의 차이")
    head = ["A", "B", say("Difference A − B [95 % CI]", "차이 A − B [95 % 구간]"), "n", "p"]
    head += [
        say("Adjusted p", "보정한 p"),
        say("Wins/ties/losses", "승/무/패"),
        say("Reading", "판독"),
    ]
    body = [
        [
            safe(p["model_a"]),
            safe(p["model_b"]),
            interval(p["difference"]),
            counted(p["difference"], say),
            p_value(p["p"]),
            p_value(p["p_adjusted"]),
            "/".join(str(p[name]) for name in ("wins", "ties", "losses")),
            _reading(p, say),
        ]
        for p in pairs
    ]
    return Grid(title, head, body)


def _neighbours(pairs: Sequence[Report]) -> list[Report]:
    """Pairs stand in order: those of the first model with all others, those of the second with all after it, ..."""
    return list({p["model_a"]: p for p in reversed(pairs)}.values())[::-1]


def category_grid(found: Report, say: Say) -> Grid | None:
    """A row a pair and category; None where there are too many to read, or no categories."""
    head = [say("Category", "범주"), "A", "B", say("Difference A − B [95 % CI]", "차이 A − B [95 % 구간]"), "n"]
    head += ["p", say("Adjusted p", "보정한 p")]
    body = [
        [
            safe(name),
            *(safe(p["model_a"]), safe(p["model_b"])),
            *(interval(c["difference"]), counted(c["difference"], say)),
            *(p_value(c["p"]), p_value(c["p_adjusted"])),
        ]
        for p in found["pairs"]
        for name, c in p["categories"].items()
    ]
    if not body or len(body) > MOST_ROWS:
        return None
    return Grid(say("By category", "범주별"), head, sorted(body, key=lambda row: row[0]))


def notes(report: Report, say: Say) -> Iterator[str]:
    """How the differences were tested, and what could have been found."""
    found = report["differences"]
    if found is not None and found.get("not_compared"):
        yield _too_many(len(report["models"]), say)
    elif found is not None and len(report.get("models", ())) > MOST_PAIRED:
        yield say(
            f"Ranks need each model compared with each other, which is done for at most {MOST_PAIRED} models.",
            f"순위는 모든 모델을 서로 비교해야 알 수 있으며, 모델이 {MOST_PAIRED}개를 넘으면 매기지 않습니다.",
        )
    if found is None or not found["pairs"]:
        return
    tested = sum(p["p"] is not None for p in found["pairs"])
    name = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[found["correction"]]
    yield say(
        f"Differences: paired by question, sign-flip permutation test, {name} over {tested} comparisons, level "
        f"{found['alpha']:g}. Intervals are of one comparison each. Not told apart does not mean equal.",
        f"차이: 문항별로 짝지어 부호 순열 검정을 하고, 비교 {tested}건에 걸쳐 {name} 방법으로 보정했습니다(유의수준 "
        f"{found['alpha']:g}). 구간은 비교 하나하나의 구간입니다. 우열을 가릴 수 없다는 것이 같다는 뜻은 아닙니다.",
    )
    if detectable := found["detectable"]:
        yield detectable_line(detectable, say)


def _too_many(models: int, say: Say) -> str:
    """Why there are neither pairs nor ranks, and what to do."""
    return say(
        f"{models} models are too many to compare each with each other (at most {MOST_PAIRED}): there are no "
        "differences and no ranks. `kojudge compare RUN --baseline MODEL` compares every model with one.",
        f"모델이 {models}개로 너무 많아 서로 하나하나 비교하지 않았습니다(최대 {MOST_PAIRED}개). 그래서 차이와 순위가 "
        "없습니다. `kojudge compare 실행 --baseline 모델`을 쓰면 모든 모델을 한 모델과 비교합니다.",
    )


def detectable_line(d: dict[str, Any], say: Say) -> str:
    """What so many questions show, and how many a wished difference needs."""
    return say(
        f"{d['n']} questions show a difference of {d['difference']:.2f} with {d['power']:.0%} power (standard "
        "deviation "
        f"of the paired differences {d['sd']:.2f}, before correction for several comparisons); a difference of "
        f"{d['wished']:g} needs {d['questions_needed']} questions.",
        f"문항 {d['n']}개로는 {d['difference']:.2f}점 차이를 {d['power']:.0%} 검정력으로 찾을 수 있습니다(짝지은 "
        "차이의 "
        f"표준편차 {d['sd']:.2f}, 다중 비교 보정 전). {d['wished']:g}점 차이를 찾으려면 문항 "
        f"{d['questions_needed']}개가 "
        "필요합니다.",
    )


def slices(report: Report) -> Iterator[Slice]:
    """Each difference, for the long form; `value` is the other model."""
    found = report["differences"]
    for p in found["pairs"] if found else ():
        yield Slice(p["model_a"], "difference", p["model_b"], p["difference"])


def _better(pair: Report) -> str:
    return str(pair["model_a"] if pair["difference"]["mean"] > 0 else pair["model_b"])


def _worse(pair: Report) -> str:
    return _other(pair, _better(pair))


def _other(pair: Report, model: str) -> str:
    return str(pair["model_b"] if pair["model_a"] == model else pair["model_a"])


def _reading(pair: Report, say: Say) -> str:
    if pair["reason"] is not None:
        return say("not comparable", "비교 불가")
    if not pair["differs"]:
        return say("not told apart", "우열 불명")
    return say("A better", "A 우세") if pair["difference"]["mean"] > 0 else say("B better", "B 우세")


def _difference(pair: Report, say: Say) -> str:
    return say("difference ", "차이 ") + interval(pair["difference"])


def _questions(pairs: Iterable[Report]) -> str:
    n = [p["difference"]["n"] for p in pairs]
    return str(n[0]) if min(n) == max(n) else f"{min(n)}–{max(n)}"


def p_value(value: float | None) -> str:
    """Four decimals; a dash where nothing was tested."""
    if value is None:
        return "–"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _and(names: Sequence[str]) -> str:
    shown = [safe(n) for n in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _comma(names: Sequence[str]) -> str:
    return ", ".join(map(safe, names))


def _some(names: Sequence[str], say: Say) -> str:
    more = len(names) - _NAMED
    shown = _comma(names[:_NAMED])
    return shown if more <= 0 else shown + say(f" and {more} more", f" 외 {more}개")
