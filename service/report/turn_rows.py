"""The turns in the report for readers: tables, what to know of them, and the long form."""

from collections.abc import Iterator
from typing import Any

from service.report.cells import counted, interval, safe, share
from service.report.document import Grid, Say
from service.report.part import Report, Slice


def grids(report: Report, say: Say) -> Iterator[Grid]:
    """Drops, stands under pressure, secrets under escalation; what a run does not have is left out."""
    models = report["models"]
    if any(d["raw"]["n"] for m in models for d in m["turns_analysis"]["drops"]):
        yield _drops(models, say)
    if any(_labelled(m["turns_analysis"]["stance"]) for m in models):
        yield _stance(models, say)
        if any(m["turns_analysis"]["stance"]["by_turn"] for m in models):
            yield _flips(models, say)
    if any(m["turns_analysis"]["escalation"] for m in models):
        yield _escalation(models, say)


def _labelled(stance: Report | None) -> bool:
    return stance is not None and stance["pressed"] + stance["corrected"] > 0


def _drops(models: list[Report], say: Say) -> Grid:
    head = [say("Model", "모델"), say("Turns", "턴"), say("Drop [95 % CI]", "하락 [95 % 구간]"), "n"]
    head += [say("Less the other models' drop [95 % CI]", "다른 모델의 하락을 뺀 값 [95 % 구간]")]
    head += [say("n with others", "다른 모델과 겹치는 n")]
    body = [
        [
            safe(m["model"]),
            f"1 → {d['turn']}",
            *(interval(d["raw"]), counted(d["raw"], say)),
            *(interval(d["adjusted"]), counted(d["adjusted"], say)),
        ]
        for m in models
        for d in m["turns_analysis"]["drops"]
    ]
    return Grid(say("Drop after the first turn", "첫 턴 뒤의 점수 하락"), head, body)


def _stance(models: list[Report], say: Say) -> Grid:
    head = [say("Model", "모델"), say("Gives in to wrong pressure", "틀린 압박에 굽힘"), say("Eligible", "대상")]
    head += [say("Accepts a right correction", "옳은 정정을 받아들임"), "n", say("Score", "점수")]
    body = []
    for m in models:
        s = m["turns_analysis"]["stance"]
        eligible = f"{s['eligible']}/{s['pressed']}"
        if s["not_known"]:
            eligible += say(f" ({s['not_known']} not known)", f" ({s['not_known']}건 알 수 없음)")
        row = [safe(m["model"]), share(s["flip_rate_wrong"]), eligible]
        body.append([*row, share(s["accept_rate_right"]), str(s["accept_rate_right"]["n"]), share(s["score"])])
    return Grid(say("Stand under pressure, share [95 % CI]", "압박 앞의 입장, 비율 [95 % 구간]"), head, body)


def _flips(models: list[Report], say: Say) -> Grid:
    title = say("Not given in after turn (n at risk)", "이 턴까지 굽히지 않음(남은 대화 수)")
    by_turn = {m["model"]: (m["turns_analysis"]["stance"]["by_turn"] or {"turns": []})["turns"] for m in models}
    return _survival(title, by_turn, say)


def _escalation(models: list[Report], say: Say) -> Grid:
    title = say("Secret kept after turn (n at risk)", "이 턴까지 비밀을 지킴(남은 대화 수)")
    return _survival(title, {m["model"]: m["turns_analysis"]["escalation"]["turns"] for m in models}, say)


def _survival(title: str, by_model: dict[str, list[dict[str, Any]]], say: Say) -> Grid:
    turns = sorted({t["turn"] for found in by_model.values() for t in found})
    body = []
    for model, found in by_model.items():
        cells = {t["turn"]: f"{share(t['held'])} ({t['at_risk']})" for t in found}
        body.append([safe(model), *(cells.get(turn, "–") for turn in turns)])
    return Grid(title, [say("Model", "모델"), *(say(f"Turn {t}", f"{t}턴") for t in turns)], body)


def notes(report: Report, say: Say) -> Iterator[str]:
    """How to read the drops and the rates."""
    analysed = [m["turns_analysis"] for m in report["models"]]
    if any(d["raw"]["n"] for a in analysed for d in a["drops"]):
        yield say(
            "Drop: first turn less a later one, on questions with both. Later turns may be harder: read the drop "
            "less that "
            "of the other models on the same questions.",
            "하락: 두 턴이 모두 채점된 문항에서 첫 턴 점수 빼기 뒤 턴 점수. 뒤 턴이 더 어려울 수 있으므로 같은 "
            "문항에서 다른 모델이 떨어진 만큼을 뺀 값을 "
            "보십시오.",
        )
        if len(analysed) < 2:
            yield say(
                "With one model the drop cannot be told apart from the difficulty of the turns.",
                "모델이 하나뿐이면 하락과 턴의 난이도를 나눌 수 없습니다.",
            )
    if any(a["stance"] for a in analysed) and not any(_labelled(a["stance"]) for a in analysed):
        yield say(
            "Stand under pressure: no verdict says what became of it (scripted:rules gives points, no labels).",
            "압박 앞의 입장: 입장을 적은 판정이 없습니다(scripted:rules는 점수만 매기고 표지를 붙이지 않습니다).",
        )
    elif any(a["stance"] for a in analysed):
        yield say(
            "Stand: only conversations whose first answer was right (by its checks, else by the judge) can give in; "
            "where "
            "neither decides, it is not known and not counted.",
            "입장: 첫 답이 (검사, 없으면 심판에 따라) 옳았던 대화만 셉니다. 어느 쪽으로도 알 수 없으면 세지 않습니다.",
        )
    unruled = max((a["escalation"]["unruled"] for a in analysed if a["escalation"]), default=0)
    if any(a["escalation"] for a in analysed):
        yield say(
            "Secret: by rules, turn by turn; the judge grades the conversation as a whole. A conversation without an "
            "answer "
            "counts up to the turn before.",
            "비밀: 규칙으로 턴마다 확인합니다. 심판은 대화 전체를 한 번 봅니다. 답이 없는 턴이 있으면 그 앞 턴까지만 "
            "셉니다.",
        )
    if unruled:
        yield say(
            f"{unruled} questions under escalation have no rule for single turns and are not in that table.",
            f"유도 문항 가운데 {unruled}개는 턴마다 확인할 규칙이 없어 이 표에 넣지 않았습니다.",
        )


def slices(report: Report) -> Iterator[Slice]:
    """Each figure, for the long form."""
    for m in report["models"]:
        found, model = m["turns_analysis"], m["model"]
        for d in found["drops"]:
            yield Slice(model, "turn_drop", str(d["turn"]), d["raw"])
            yield Slice(model, "turn_drop_adjusted", str(d["turn"]), d["adjusted"])
        if stance := found["stance"]:
            lost = {"failed": stance["pressed"] - stance["eligible"]}
            yield Slice(model, "flip_rate_wrong", "", stance["flip_rate_wrong"] | lost)
            yield Slice(model, "accept_rate_right", "", stance["accept_rate_right"] | {"failed": 0})
        for turn in (found["escalation"] or {"turns": []})["turns"]:
            yield Slice(model, "secret_kept", str(turn["turn"]), turn["held"] | {"failed": 0})
