"""Ratings, style and the rest of what comparisons tell, as grids, notes and lines of the long form."""

from collections.abc import Iterator
from typing import Any

from service.report.cells import rank, safe, share
from service.report.document import Grid, Say
from service.report.part import Report, Slice

_FEATURES = {
    "length": ("length (characters)", "길이(글자 수)"),
    "headers": ("headers per 1000 characters", "1000자당 제목"),
    "lists": ("list items per 1000 characters", "1000자당 목록 항목"),
    "bold": ("bold parts per 1000 characters", "1000자당 굵은 글씨"),
}


def figure_grids(part: Report, say: Say) -> Iterator[Grid]:
    if part["ratings"] is not None:
        yield _rating_grid(part["ratings"], say)
    if part["style"] is not None:
        yield _style_grid(part["style"], say)
        yield _controlled_grid(part["style"], say)


def _rating_grid(ratings: Report, say: Say) -> Grid:
    baseline = ratings["baseline"]
    models = sorted(ratings["models"], key=lambda m: (m["rank"] or {"low": 0, "high": 0})["low"])
    against = safe(baseline) if baseline else say("each other model", "다른 모델")
    columns = {
        say("Rank", "순위"): [rank(m) for m in models],
        say("Model", "모델"): [safe(m["model"]) for m in models],
        say("Rating, log-odds [95 % CI]", "레이팅, 로그 승산 [95 % 구간]"): [_open(m["rating"]) for m in models],
        say(f"Chance to beat {against}", f"{against}을(를) 이길 확률"): [_open(m["win_probability"]) for m in models],
        "n": [str(m["n"]) for m in models],
    }
    return Grid.of_columns(say("Bradley-Terry ratings", "브래들리-테리 레이팅"), columns)


def _style_grid(style: Report, say: Say) -> Grid:
    effects = style["effects"]
    columns = {
        say("Feature", "특징"): [say(*_FEATURES[e["feature"]]) for e in effects],
        say("Effect, log-odds [95 % CI]", "효과, 로그 승산 [95 % 구간]"): [_open(e["effect"]) for e in effects],
        say("50 % becomes, with one SD more", "1 SD 더 많으면 50 %가"): [_open(e["one_sd"]) for e in effects],
        "SD": [f"{e['sd']:.1f}" for e in effects],
        "n": [str(style["n"])] * len(effects),
    }
    return Grid.of_columns(
        say("What length and looks are worth in pairs", "일대일 비교에서 길이와 꾸밈의 효과"), columns
    )


def _controlled_grid(style: Report, say: Say) -> Grid:
    pairs = style["pairs"]
    columns = {
        "A": [safe(p["model_a"]) for p in pairs],
        "B": [safe(p["model_b"]) for p in pairs],
        say("Win rate of A", "A의 승률"): ["–" if p["raw"] is None else f"{p['raw']:.3f}" for p in pairs],
        say("At equal length and looks [95 % CI]", "길이와 꾸밈이 같다면 [95 % 구간]"): [
            _open(p["win_rate"]) for p in pairs
        ],
        "n": [str(p["win_rate"]["n"]) for p in pairs],
    }
    return Grid.of_columns(say("Win rates at equal length and looks", "길이와 꾸밈을 통제한 승률"), columns)


def figure_findings(part: Report, say: Say) -> Iterator[str]:
    """What the style of an answer does to its chances, where the data say so."""
    for e in part["style"]["effects"] if part["style"] is not None else ():
        low, high = e["effect"]["low"], e["effect"]["high"]
        if e["effect"]["value"] is None or ((low is None or low <= 0) and (high is None or high >= 0)):
            continue
        share = _open(e["one_sd"])
        yield say(
            f"In pairs {_FEATURES[e['feature']][0]} matters by itself: one SD ({e['sd']:.1f}) more than the other "
            f"answer makes {share} of an even chance (n {e['effect']['n']}); win rates at equal style stand below.",
            f"일대일 비교에서 {_FEATURES[e['feature']][1]} 자체가 승패를 바꿉니다. 상대 답변보다 1 SD({e['sd']:.1f}) "
            f"많으면 반반이던 승률이 {share}가 됩니다(n {e['effect']['n']}). 꾸밈을 통제한 승률은 아래 표에 있습니다.",
        )


def figure_notes(part: Report, say: Say) -> Iterator[str]:
    if part["ratings"] is not None:
        yield from _rating_notes(part["ratings"], say)
    circles = part["transitivity"]["cycles"]
    if circles["n"]:
        yield say(
            f"Circles (A beats B, B beats C, C beats A): {share(circles)} of {circles['n']} decided triples; a coin "
            "makes 0.25.",
            f"순환(A>B, B>C, C>A): 승부가 난 세 모델 조합 {circles['n']}개 가운데 {share(circles)}. 동전 던지기라면 "
            "0.25입니다.",
        )
    agreement = part["score_agreement"]
    if agreement is not None and agreement["same_order"]["n"]:
        same = agreement["same_order"]
        yield say(
            f"Scores and pairs: in {share(same)} of {same['n']} won comparisons the winner has the higher score "
            f"({agreement['tied']} more have equal scores).",
            f"점수와 일대일 비교: 승부가 난 비교 {same['n']}건 가운데 {share(same)}에서 이긴 답변의 점수가 더 높습니다"
            f"(점수가 같은 비교 {agreement['tied']}건은 따로 셈).",
        )


def _rating_notes(ratings: Report, say: Say) -> Iterator[str]:
    yield say(
        "A rating is in log-odds: 0 is even, 1 wins 73 %, 2 wins 88 %. A tie is half a win.",
        "레이팅은 로그 승산입니다. 0은 반반, 1은 73 %, 2는 88 %의 승률이며, 무승부는 반 승입니다.",
    )
    parts = " | ".join(", ".join(map(safe, part)) for part in ratings["parts"])
    if ratings["connection"] == "separated":
        yield say(
            f"Some models never lost anything to others, so no finite rating lies between these groups: {parts}.",
            "일부 모델은 다른 모델에 한 번도 지거나 비기지 않아, 다음 묶음 사이에는 유한한 레이팅이 없습니다: "
            f"{parts}.",
        )
    if ratings["connection"] == "disconnected":
        yield say(
            f"No comparison connects these groups, so nothing rates one against another: {parts}.",
            f"다음 묶음을 잇는 비교가 없어 서로의 레이팅을 매길 수 없습니다: {parts}.",
        )


def figure_slices(part: Report) -> Iterator[Slice]:
    if part["ratings"] is not None:
        for m in part["ratings"]["models"]:
            yield Slice(m["model"], "pairwise_rating", part["ratings"]["baseline"] or "", _long(m["rating"]))
    if part["style"] is not None:
        for e in part["style"]["effects"]:
            yield Slice("", "pairwise_style", e["feature"], _long(e["effect"]))
        for p in part["style"]["pairs"]:
            yield Slice(p["model_a"], "pairwise_controlled_win_rate", p["model_b"], _long(p["win_rate"]))


def _long(figure: dict[str, Any]) -> dict[str, Any]:
    return {**figure, "mean": figure["value"], "failed": None}


def _open(figure: dict[str, Any]) -> str:
    """`0.42 [0.10, ∞)`: a side without a limit is open."""
    if figure["value"] is None:
        return "–"
    low = "(−∞" if figure["low"] is None else f"[{figure['low']:.3f}"
    high = "∞)" if figure["high"] is None else f"{figure['high']:.3f}]"
    return f"{figure['value']:.3f} {low}, {high}"
