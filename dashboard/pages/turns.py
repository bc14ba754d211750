"""Does a model fall apart as a conversation goes on?"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import plots
from dashboard.address import note_unknown
from dashboard.frame import Page, View, open_page
from dashboard.safe_text import one_line, show_text
from dashboard.shown import MOST_DRAWN, as_table, page_of
from service.report import turn_rows
from service.report.cells import interval
from service.report.document import Say
from service.report.part import Report

PAGE = Page(
    "turns",
    "diagnosis",
    3,
    ("Over the turns", "멀티턴"),
    ("Does a model fall apart as a conversation goes on?", "대화가 이어지면 무너지는가?"),
)


def show(view: View) -> None:
    say, every = view.say, view.report["models"]
    names = [m["model"] for m in every]
    note_unknown(say, "models", names)
    chosen = st.multiselect(
        say("Models", "모델"),
        names,
        key="models",
        bind="query-params",
        format_func=one_line,
        placeholder=say("all", "전체"),
    )
    models = page_of([m for m in every if not chosen or m["model"] in chosen], MOST_DRAWN, "page", say)
    shown = [
        _scores(view, [m for m in models if _falls(m)]),
        _drops(say, [m for m in models if _falls(m)]),
        _stands(say, [m for m in models if _stance(m)]),
        _survival(say, models),
    ]
    if not any(shown):
        show_text(
            say(
                "No question of this set has a second turn with a score, so there is nothing to say about turns.",
                "이 문항 세트에는 둘째 턴까지 채점된 문항이 없어 턴에 대해 말할 수 있는 것이 없습니다.",
            )
        )
        return
    for line in turn_rows.notes({"models": list(models)}, say):
        show_text(line)


def _falls(model: Report) -> bool:
    return any(d["raw"]["mean"] is not None for d in model["turns_analysis"]["drops"])


def _stance(model: Report) -> Report | None:
    found: Report | None = model["turns_analysis"]["stance"]
    return found


def _turn(number: int | str, say: Say) -> str:
    return say(f"Turn {number}", f"{number}턴")


def _scores(view: View, models: Sequence[Report]) -> bool:
    """Every turn's mean, joined."""
    if not models:
        return False
    say = view.say
    st.subheader(say("Score by turn", "턴별 점수"), anchor=False)
    rows = [
        {"name": one_line(m["model"]), "turn": _turn(t, say), **e, "text": f"{interval(e)} n {e['n']}"}
        for m in models
        for t, e in m["turns"].items()
        if e["mean"] is not None
    ]
    names = [one_line(m["model"]) for m in models]
    down = sum(_first_drop(m)["raw"]["mean"] > 0 for m in models)
    alt = say(
        f"{down} of {len(models)} models score lower in the second turn than in the first.",
        f"모델 {len(models)}개 중 {down}개는 둘째 턴 점수가 첫 턴보다 낮습니다.",
    )
    show_text(alt)
    if as_table(say, "scores_table"):
        turns = list(models[0]["turns"])
        head = [say("Model", "모델"), *(f"{_turn(t, say)} {say('[95 % CI] n', '[95 % 구간] n')}" for t in turns)]
        cells = [[one_line(m["model"]), *(_told(m["turns"][t]) for t in turns)] for m in models]
        st.dataframe(pd.DataFrame(cells, columns=head), hide_index=True, alt=alt)
        return True
    scale = view.report["scale"]
    title = say("Score, 95 % interval", "점수, 95 % 구간")
    chart = plots.turns(pd.DataFrame(rows), names, (scale["min"], scale["max"]), title)
    st.altair_chart(chart, width="stretch", alt=alt)
    return True


def _first_drop(model: Report) -> Report:
    found: Report = next(d for d in model["turns_analysis"]["drops"] if d["raw"]["mean"] is not None)
    return found


def _told(e: Report) -> str:
    return "–" if e["mean"] is None else f"{interval(e)} n {e['n']}"


def _drops(say: Say, models: Sequence[Report]) -> bool:
    """The raw drop, and beside it the one less that of the other models."""
    if not models:
        return False
    st.subheader(say("Drop from the first turn", "첫 턴 대비 하락"), anchor=False)
    raw, adjusted = say("raw drop", "하락"), say("less that of the other models", "다른 모델의 하락을 뺀 값")
    several = len(models[0]["turns_analysis"]["drops"]) > 1
    rows = []
    for m in models:
        for d in m["turns_analysis"]["drops"]:
            name = one_line(m["model"]) + (f" · {_turn(d['turn'], say)}" if several else "")
            rows += [
                {"name": name, "kind": kind, **d[key], "text": _told(d[key])}
                for kind, key in ((raw, "raw"), (adjusted, "adjusted"))
            ]
    real = [m for m in models if _first_drop(m)["adjusted"]["mean"] is not None]
    apart = [m for m in real if _first_drop(m)["adjusted"]["low"] > 0]
    listed = ", ".join(one_line(m["model"]) for m in apart) or say("none", "없음")
    alt = say(
        f"Models that drop more than the others, interval above 0: {listed}.",
        f"다른 모델보다 더 떨어진(구간이 0보다 위) 모델: {listed}.",
    )
    show_text(alt)
    if as_table(say, "drops_table"):
        head = [say("Model", "모델"), f"{raw} [95 %]", f"{adjusted} [95 %]"]
        names = list(dict.fromkeys(r["name"] for r in rows))
        text = {(r["name"], r["kind"]): r["text"] for r in rows}
        cells = [[n, text[n, raw], text[n, adjusted]] for n in names]
        st.dataframe(pd.DataFrame(cells, columns=head), hide_index=True, alt=alt)
        return True
    frame = pd.DataFrame([r for r in rows if r["mean"] is not None])
    kinds = [(raw, "circle", plots.BLUE), (adjusted, "diamond", plots.ORANGE)]
    title = say("Points lost, 95 % interval", "떨어진 점수, 95 % 구간")
    chart = plots.marked(frame, list(dict.fromkeys(frame["name"])), kinds, title, zero=True)
    st.altair_chart(chart, width="stretch", alt=alt)
    return True


def _stands(say: Say, models: Sequence[Report]) -> bool:
    """Giving in to a wrong user, and to one who is right."""
    known = [m for m in models if _rates(m)]
    if not models:
        return False
    st.subheader(say("Under pressure", "압박을 받을 때"), anchor=False)
    if not known:
        return True  # the note below says why
    wrong = say("gave in though it was right (less is better)", "맞는데도 굽힘(낮을수록 좋음)")
    right = say("took a right correction (more is better)", "옳은 정정을 받아들임(높을수록 좋음)")
    kinds = [(wrong, "triangle-left", plots.ORANGE), (right, "triangle-right", plots.BLUE)]
    rows = [
        {"name": one_line(m["model"]), "kind": kind, **e, "text": _told(e)}
        for m in known
        for (kind, _, _), e in zip(kinds, _both(m), strict=True)
    ]
    most = max(known, key=lambda m: _both(m)[0]["mean"] if _both(m)[0]["mean"] is not None else -1.0)
    alt = say(
        f"Gives in most to wrong pressure: {one_line(most['model'])} {_told(_both(most)[0])}.",
        f"틀린 압박에 가장 많이 굽힌 모델: {one_line(most['model'])} {_told(_both(most)[0])}.",
    )
    show_text(alt)
    if not as_table(say, "stands_table"):
        frame = pd.DataFrame([r for r in rows if r["mean"] is not None])
        title = say("Share of conversations, 95 % interval", "대화 비율, 95 % 구간")
        chart = plots.marked(frame, list(dict.fromkeys(frame["name"])), kinds, title, zero=True)
        st.altair_chart(chart, width="stretch", alt=alt)
    columns = {
        say("Model", "모델"): [one_line(m["model"]) for m in known],
        wrong: [_told(_both(m)[0]) for m in known],
        say("Eligible of pressed", "대상/압박"): [_eligible(m, say) for m in known],
        right: [_told(_both(m)[1]) for m in known],
        say("Corrected", "정정받은 대화"): [s["corrected"] for m in known if (s := _stance(m))],
    }
    st.dataframe(pd.DataFrame(columns), hide_index=True, alt=alt)
    return True


def _both(model: Report) -> tuple[Report, Report]:
    stance = _stance(model) or {}
    return stance["flip_rate_wrong"], stance["accept_rate_right"]


def _rates(model: Report) -> bool:
    return any(e["mean"] is not None for e in _both(model))


def _eligible(model: Report, say: Say) -> str:
    s = _stance(model) or {}
    unknown = say(f" ({s['not_known']} not known)", f" ({s['not_known']}건은 알 수 없음)") if s["not_known"] else ""
    return f"{s['eligible']} / {s['pressed']}{unknown}"


def _curves(models: Sequence[Report], say: Say) -> Iterator[tuple[str, str, list[tuple[str, list[Any]]]]]:
    """(title, key of its toggle, {model: turns}) of each kind of first failure."""
    stands = [(m["model"], ((_stance(m) or {}).get("by_turn") or {}).get("turns", [])) for m in models]
    yield say("Not given in yet, by turn", "이 턴까지 굽히지 않은 비율"), "held_table", stands
    secrets = [(m["model"], (m["turns_analysis"]["escalation"] or {}).get("turns", [])) for m in models]
    yield say("Secret still kept, by turn", "이 턴까지 비밀을 지킨 비율"), "kept_table", secrets


def _survival(say: Say, models: Sequence[Report]) -> bool:
    """The share of conversations in which nothing has failed by the end of a turn."""
    shown = False
    for title, key, found in _curves(models, say):
        rows = [
            {"name": one_line(name), "turn": t["turn"], **t["held"], "text": f"{interval(t['held'])} ({t['at_risk']})"}
            for name, turns in found
            for t in turns
            if t["held"]["mean"] is not None
        ]
        if not rows:
            continue
        shown = True
        st.subheader(title, anchor=False)
        frame = pd.DataFrame(rows)
        last = frame[frame["turn"] == frame["turn"].max()]
        worst = last.loc[last["mean"].idxmin()]
        alt = say(
            f"Lowest by turn {worst['turn']}: {worst['name']} {worst['text']}.",
            f"{worst['turn']}턴까지 가장 낮은 모델: {worst['name']} {worst['text']}.",
        )
        show_text(alt)
        if not as_table(say, key):
            axes = (say("Turn", "턴"), say("Share, 95 % interval", "비율, 95 % 구간"))
            st.altair_chart(plots.survival(frame, axes), width="stretch", alt=alt)
        cells = frame.pivot(index="name", columns="turn", values="text").reindex(dict.fromkeys(frame["name"]))
        cells.columns = [say(f"Turn {t} (n at risk)", f"{t}턴(남은 대화 수)") for t in cells.columns]
        table = cells.fillna("–").rename_axis(say("Model", "모델")).reset_index()
        st.dataframe(table, hide_index=True, alt=alt)
    return shown


if __name__ == "__main__":
    open_page(PAGE, show)
