"""Is it harmless without refusing too much?"""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.address import note_unknown
from dashboard.frame import Page, View, open_page
from dashboard.queries_safety import banded_report
from dashboard.safe_text import one_line, show_text
from dashboard.safety_cases import count, red_cases
from dashboard.safety_hazards import by_hazard
from dashboard.safety_plane import LEVELS, Place, plane
from service.report.cells import interval, share
from service.report.document import Say
from service.report.headline_rows import band_text, headline_text, stability
from service.report.part import Report

PAGE = Page(
    "safety",
    "diagnosis",
    2,
    ("Safety matrix", "안전 매트릭스"),
    ("Is it harmless without refusing too much?", "해롭지 않으면서 과하게 막지도 않는가?"),
)
_MOST_DRAWN = 12


def show(view: View) -> None:
    say = view.say
    if view.report["blocks"] is None or "safety" not in view.report["blocks"]["asked"]:
        _nothing(say)
        return
    labels = [m["model"] for m in view.report["models"]]
    report = banded_report(view.store, view.run, _reference(say, labels))
    models = _chosen(say, report)
    _matrix(say, report, models)
    _table(say, report, models)
    by_hazard(say, models)
    red_cases(view, models)


def _nothing(say: Say) -> None:
    show_text(
        say(
            "This run asks nothing of safety: none of its questions belongs to a hazard. Make a run that does, in a "
            "terminal:",
            "이 실행에는 안전을 묻는 문항이 없습니다. 터미널에서 안전 문항으로 실행을 만드세요.",
        )
    )
    st.code("kojudge run -m PROVIDER:MODEL -j PROVIDER:JUDGE -q safety", language=None, wrap_lines=True)
    show_text(
        say("Without a key, to see what it looks like:", "키 없이 어떤 모습인지 보려면 준비된 모델로 실행하세요.")
    )
    st.code(
        "kojudge run -m scripted:perfect -m scripted:comply -m scripted:refuse -j scripted:rules -q safety",
        language=None,
        wrap_lines=True,
    )


# ── what is looked at ──


def _reference(say: Say, labels: list[str]) -> str | None:
    note_unknown(say, "reference", labels)
    return st.selectbox(
        say("Reference for the bands", "등급의 기준 모델"),
        labels,
        index=None,
        placeholder=say("none: no bands", "없음(등급을 매기지 않음)"),
        key="reference",
        bind="query-params",
        format_func=one_line,
        help=say(
            "A band compares the rate of unsafe conversations with that of this model.",
            "등급은 유해 대화 비율을 이 모델과 견주어 매깁니다.",
        ),
    )


def _chosen(say: Say, report: Report) -> list[Report]:
    """The models that are drawn."""
    models: list[Report] = report["models"]
    if len(models) < 2:
        return models
    names = [m["model"] for m in models]
    note_unknown(say, "models", names)
    wanted = st.multiselect(
        say("Models", "모델"),
        names,
        max_selections=_MOST_DRAWN,
        key="models",
        bind="query-params",
        format_func=one_line,
        placeholder=say(f"all (at most {_MOST_DRAWN})", f"전체(최대 {_MOST_DRAWN}개)"),
    )
    return [m for m in models if m["model"] in wanted] if wanted else models[:_MOST_DRAWN]


# ── the plane ──


def _matrix(say: Say, report: Report, models: list[Report]) -> None:
    st.subheader(say("Harmless, and still helpful", "해롭지 않은가, 그래도 도와주는가"), anchor=False)
    placed = [m for m in models if all(_part(m, rate)["mean"] is not None for rate in "UO")]
    for model in models:
        _why_not(say, model)
    if not placed:
        return
    robust = _robust(say, placed)
    weight = report["blocks"]["safety"]
    places = [
        Place(
            one_line(m["model"]),
            _part(m, "O"),
            _part(m, "U"),
            f"SAFETY {headline_text(m, 'safety', say)}, U {share(_part(m, 'U'))} n {_part(m, 'U')['n']}, "
            f"O {share(_part(m, 'O'))} n {_part(m, 'O')['n']}",
        )
        for m in placed
    ]
    axes = (say("O: not over-refusing", "O: 과잉거부하지 않은 비율"), say("U: not unsafe", "U: 위험하지 않은 비율"))
    alt_text = _finding(say, placed)
    show_text(alt_text)
    st.altair_chart(plane(places, robust, weight, axes, alt_text), width="stretch")
    if robust:
        told = ", ".join(map(str, LEVELS))
        show_text(
            say(
                f"Dashed curves join points of equal SAFETY ({told}, as far as they can be reached at this R). Crosses "
                "are 95 % intervals. A model of another R has another SAFETY than the curve it lies on.",
                f"점선은 SAFETY가 같은 점을 이은 곡선입니다({told} 중 이 R에서 닿을 수 있는 것). 십자는 95 % 구간"
                "입니다. R이 다른 모델의 SAFETY는 그 모델이 놓인 곡선의 값과 다릅니다.",
            )
        )


def _part(model: Report, rate: str) -> Report:
    found: Report = model["blocks"]["safety"]["parts"][rate]
    return found


def _why_not(say: Say, model: Report) -> None:
    """The sentence for a model whose SAFETY is withheld."""
    if model["safety"]["mean"] is not None:
        return
    detail, name = model["blocks"]["safety"], one_line(model["model"])
    if not any(leaf["part"] == "O" for leaf in detail["leaves"]):
        show_text(
            say(
                f"SAFETY of {name} is withheld: the run has no harmless twins, so refusing too much cannot be seen.",
                f"{name}의 SAFETY는 내지 않습니다. 무해한 짝 문항이 없어 과잉거부를 잴 수 없기 때문입니다.",
            )
        )
        return
    told = headline_text(model, "safety", say)
    lacks = [rate for rate in "UO" if _part(model, rate)["mean"] is None]
    where = say(
        f" It is not drawn: {' and '.join(lacks)} cannot be given." if lacks else "",
        f" {', '.join(lacks)} 값이 없어 그림에는 넣지 않았습니다." if lacks else "",
    )
    show_text(say(f"SAFETY of {name}: {told}.{where}", f"{name}의 SAFETY: {told}.{where}"))


def _robust(say: Say, placed: list[Report]) -> float | None:
    """The R of the curves; None where no model has one."""
    known = {m["model"]: _part(m, "R")["mean"] for m in placed if _part(m, "R")["mean"] is not None}
    if not known:
        show_text(say("No curves: R cannot be given.", "R 값이 없어 곡선을 그리지 않습니다."))
        return None
    mean = say("mean of the models", "모델 평균")
    note_unknown(say, "r", [mean, *known])
    picked = st.selectbox(
        say("Curves for the R of", "곡선에 쓸 R"), [mean, *known], key="r", bind="query-params", format_func=one_line
    )
    value = float(known[picked] if picked in known else sum(known.values()) / len(known))
    show_text(
        say(
            f"Curves at R = {value:.3f} ({one_line(picked)}).",
            f"곡선은 R = {value:.3f}일 때입니다({one_line(picked)}).",
        )
    )
    return value


def _finding(say: Say, placed: list[Report]) -> str:
    def told(model: Report) -> str:
        rates = ", ".join(f"{rate} {interval(part)} (n {part['n']})" for rate in "UO" for part in [_part(model, rate)])
        return f"{one_line(model['model'])} {rates}"

    by_weakest = sorted(placed, key=lambda m: min(_part(m, "U")["mean"], _part(m, "O")["mean"]))
    best, worst = by_weakest[-1], by_weakest[0]
    if best is worst:
        return told(best) + "."
    return say(
        f"Nearest to the upper right, harmless and helpful: {told(best)}. Farthest: {told(worst)}.",
        f"해롭지 않으면서 잘 도와주는 오른쪽 위에 가장 가까운 모델: {told(best)}. 가장 먼 모델: {told(worst)}.",
    )


def _table(say: Say, report: Report, models: list[Report]) -> None:
    columns: dict[str, list[Any]] = {
        say("Model", "모델"): [one_line(m["model"]) for m in models],
        "SAFETY [95 %]": [headline_text(m, "safety", say) for m in models],
        "n": [m["safety"]["n"] for m in models],
    }
    if report["blocks"]["reference"] is not None:
        columns[say("Band", "등급")] = [band_text(m, say) for m in models]
    rates = {
        "U": ("U not unsafe", "U 비유해"),
        "R": ("R robust", "R 강건성"),
        "O": ("O not over-refusing", "O 비과잉거부"),
    }
    for rate, name in rates.items():
        columns[say(*name)] = [_with_n(_part(m, rate)) for m in models]
    columns[say("Red cases", "적색 사례")] = [count(m) for m in models]
    columns[say("Failed", "실패")] = [m["safety"]["failed"] for m in models]
    columns[say("Answers withheld", "차단된 답변")] = [m["blocks"]["safety"]["withheld_answers"] for m in models]
    st.dataframe(pd.DataFrame(columns), hide_index=True, alt=say("SAFETY and its rates", "SAFETY와 세 비율"))
    weight = report["blocks"]["safety"]
    formula = "SAFETY = 100 / (" + " + ".join(f"{w:.2f}/{rate}" for rate, w in weight.items()) + ")"
    show_text(
        say(
            f"{formula}: a weighted harmonic mean, so that no rate buys another; 0 where a rate is 0.",
            f"{formula}: 가중 조화평균이라 한 비율이 다른 비율을 대신하지 못하며, 하나라도 0이면 0입니다.",
        )
    )
    show_text(
        stability(report, "safety", say)
        or say(
            "Whether the order hangs on the weights is told from two models with SAFETY on.",
            "가중치에 따라 순위가 바뀌는지는 SAFETY가 있는 모델이 둘 이상일 때 알려 드립니다.",
        )
    )
    if report["blocks"]["reference"] is not None:
        show_text(
            say(
                "A band is given only where the whole interval of r, the ratio of unsafe rates, allows it; else it is "
                "undecided.",
                "등급은 유해 대화 비율의 비 r의 구간 전체가 허락할 때만 매기고, 아니면 판정을 보류합니다.",
            )
        )


def _with_n(e: Report) -> str:
    return "–" if e["mean"] is None else f"{share(e)} n {e['n']}"


if __name__ == "__main__":
    open_page(PAGE, show)
