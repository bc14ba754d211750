"""Is one model really better than another?"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import plots, queries
from dashboard.address import note_unknown
from dashboard.frame import Page, View, open_page
from dashboard.queries_compare import beside, comparison
from dashboard.safe_text import one_line, show_text
from dashboard.shown import MOST_DRAWN, page_of, table_height
from judge.scoring.compare import FEWEST_QUESTIONS
from service.comparability import Differing, differing_parts
from service.errors import UsageError
from service.report import difference_rows
from service.report.cells import interval
from service.report.document import Say
from service.report.part import Report
from service.store import reads
from service.store.reads import StoredRun
from service.store.shared_scores import model_names

PAGE = Page(
    "compare",
    "summary",
    2,
    ("Compare models", "모델 비교"),
    ("Is one model really better than another?", "한 모델이 다른 모델보다 정말 나은가?"),
)
# Models: each is tested in every category.
_MOST_BY_CATEGORY = 60
_PARTS = {
    "questions": ("questions", "문항"),
    "rubric": ("rubric", "채점 기준"),
    "judge": ("judge", "심판"),
    "judge_prompt": ("judge prompt", "심판 프롬프트"),
    "judging": ("settings of the judge", "심판 설정"),
    "generation": ("settings of the models", "모델 생성 설정"),
}


def show(view: View) -> None:
    runs = _runs(view)
    if len(runs) > 1 and (differing := differing_parts(runs)):
        _blocked(view.say, differing)
        return
    names = list(model_names([(run.name, model.label) for run in runs for model in run.plan.models]))
    if len(names) < 2:
        show_text(
            view.say(
                "This run has one model, so there is nothing to compare it with. Choose a second run above, or "
                "evaluate several models with `kojudge run -m MODEL -m MODEL`.",
                "이 실행에는 모델이 하나뿐이라 비교할 상대가 없습니다. 위에서 두 번째 실행을 고르거나 `kojudge run -m "
                "모델 -m 모델`로 여러 모델을 평가하세요.",
            )
        )
        return
    order = {m["model"]: place for place, m in enumerate(view.report["models"])}
    names.sort(key=lambda name: order.get(name, len(order)))
    baseline, others, least = _filters(view.say, names)
    try:
        found = _found(view, runs, names, baseline)
    except UsageError as error:
        show_text(view.say(f"Not comparable: {error}", f"비교 불가: {error}"))
        return
    _overall(view, found, baseline, others, least)


def _runs(view: View) -> list[StoredRun]:
    """The run, and the one that the reader puts beside it."""
    say = view.say
    others = [name for name in queries.run_names(view.store) if name != view.run]
    with view.store.read() as connection:
        runs = [reads.get_run(connection, view.run)]
        if not others:
            return runs
        note_unknown(say, "with", others)
        chosen = st.selectbox(
            say("Compare with another run", "다른 실행과 비교"),
            others,
            index=None,
            key="with",
            bind="query-params",
            format_func=one_line,
            placeholder=say("this run only", "이 실행 안에서만"),
        )
        return runs if chosen is None else [*runs, reads.get_run(connection, chosen)]


def _blocked(say: Say, differing: Sequence[Differing]) -> None:
    st.error(
        say(
            "These runs cannot be compared: what follows is not the same in both, so a difference of scores would "
            "not be one of the models.",
            "두 실행은 비교할 수 없습니다. 아래 항목이 서로 달라서, 점수가 달라도 모델이 달라서라고 말할 수 없습니다.",
        )
    )
    head = [say("What differs", "다른 항목"), say("This run", "이 실행"), say("The other", "다른 실행")]
    rows = [[say(*_PARTS.get(d.part, (d.part, d.part))), one_line(d.first), one_line(d.other)] for d in differing]
    st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=say("What differs", "서로 다른 항목"))


def _filters(say: Say, names: list[str]) -> tuple[str, list[str], float]:
    for key in ("base", "models"):
        note_unknown(say, key, names)
    first, second, third = st.columns([3, 4, 2])
    with first:
        baseline = st.selectbox(
            say("Baseline", "기준 모델"), names, key="base", bind="query-params", format_func=one_line
        )
    with second:
        others = st.multiselect(
            say("Compared with it", "비교할 모델"),
            names,
            key="models",
            bind="query-params",
            format_func=one_line,
            placeholder=say("all", "전체"),
        )
    with third:
        least = st.number_input(
            say("Differences from", "최소 차이"),
            min_value=0.0,
            value=0.0,
            step=0.1,
            key="least",
            bind="query-params",
            help=say("Smaller differences are not listed.", "이보다 작은 차이는 목록에서 뺍니다."),
        )
    if baseline in others:
        show_text(
            say(
                "A model compared with itself: the difference is 0 by definition.",
                "자기 자신과 비교하면 차이는 정의상 0입니다.",
            )
        )
    if len(others) == 1 and others[0] != baseline:
        st.button(say("Swap the two", "기준과 상대 바꾸기"), on_click=_swap, args=(baseline, others[0]))
    return baseline, [n for n in (others or names) if n != baseline], float(least or 0.0)


def _swap(baseline: str, other: str) -> None:
    st.session_state["base"], st.session_state["models"] = other, [baseline]


def _found(view: View, runs: list[StoredRun], names: list[str], baseline: str) -> Report:
    """What `kojudge compare` finds; of very many models the pairs that the report holds, without categories.

    Where they are so many that the report holds no pairs, each is compared with the baseline here.
    """
    if len(names) <= _MOST_BY_CATEGORY or (len(runs) == 1 and view.report["differences"]["not_compared"]):
        compared: Report = comparison(view.store, runs, baseline)["differences"]
        return compared
    if len(runs) > 1:
        most = _MOST_BY_CATEGORY
        raise UsageError(f"{len(names)} models in two runs; use `kojudge compare` for more than {most}")
    held: Report = view.report["differences"]
    return held | {"baseline": baseline, "pairs": list(beside(held["pairs"], baseline).values()), "groups": None}


def _overall(view: View, found: Report, baseline: str, others: Sequence[str], least: float) -> None:
    say = view.say
    by_other = beside(found["pairs"], baseline)
    pairs = [by_other[name] for name in others if name in by_other]
    if not pairs:
        return
    for line in difference_rows.findings({"differences": found | {"pairs": pairs, "baseline": baseline}}, say):
        show_text(line)
    listed = [p for p in pairs if p["difference"]["mean"] is None or abs(p["difference"]["mean"]) >= least]
    if len(listed) < len(pairs):
        hidden = len(pairs) - len(listed)
        show_text(say(f"{hidden} smaller differences are not listed.", f"더 작은 차이 {hidden}건은 뺐습니다."))
    if not listed:
        return
    st.subheader(say("Over all questions", "모든 문항"), anchor=False)
    here = page_of(listed, MOST_DRAWN, "page", say)
    names = [one_line(p["model_a"]) for p in here]
    _forest(say, here, names)
    table = _table(say, here, names, say("Model", "모델"))
    st.dataframe(table, hide_index=True, height=table_height(len(here)), alt=_alt(say, here, names))
    _categories(say, listed)
    for line in difference_rows.notes({"differences": found}, say):
        show_text(line)


def _categories(say: Say, pairs: Sequence[Report]) -> None:
    st.subheader(say("By category", "범주별"), anchor=False)
    names = {one_line(p["model_a"]): p for p in pairs if p.get("categories")}
    if not names:
        show_text(
            say(
                "With so many models categories are not tested here; `kojudge compare RUN --baseline MODEL` does.",
                "모델이 아주 많아 여기서는 범주별로 검정하지 않습니다. `kojudge compare 실행 --baseline 모델`로 "
                "볼 수 있습니다.",
            )
        )
        return
    other = st.selectbox(say("Model", "모델"), list(names), key="pair", bind="query-params")
    parts = names[other]["categories"]
    found = [c | {"model_a": name, "reason": None if c["p"] is not None else "few"} for name, c in parts.items()]
    shown = [one_line(name) for name in parts]
    _forest(say, found, shown)
    st.dataframe(_table(say, found, shown, say("Category", "범주")), hide_index=True, alt=_alt(say, found, shown))


def _kinds(say: Say) -> list[tuple[str, str, str]]:
    return [
        (say("higher than the baseline", "기준보다 높음"), "triangle-right", plots.BLUE),
        (say("lower than the baseline", "기준보다 낮음"), "triangle-left", plots.ORANGE),
        (say("not told apart", "구분되지 않음"), "circle", plots.GREY),
        (say("not comparable", "비교 불가"), "cross", plots.GREY),
    ]


def _kind(pair: Report, say: Say) -> str:
    higher, lower, alike, never = (kind for kind, _, _ in _kinds(say))
    if pair["reason"] is not None or pair["difference"]["mean"] is None:
        return never
    if not pair["differs"]:
        return alike
    return higher if pair["difference"]["mean"] > 0 else lower


def _forest(say: Say, pairs: Sequence[Report], names: Sequence[str]) -> None:
    rows = [
        {"name": name, **{k: p["difference"][k] for k in ("mean", "low", "high")}, "kind": _kind(p, say)}
        | {"text": f"{interval(p['difference'])} n {p['difference']['n']}"}
        for name, p in zip(names, pairs, strict=True)
        if p["reason"] is None and p["difference"]["mean"] is not None
    ]
    if not rows:
        least = _most_shared(pairs)
        show_text(
            say(
                f"Not comparable: at most {least} shared questions, and at least {FEWEST_QUESTIONS} are needed.",
                f"비교 불가: 함께 답한 문항이 많아야 {least}개입니다. {FEWEST_QUESTIONS}개부터 비교합니다.",
            )
        )
        return
    title = say("Difference to the baseline, 95 % interval", "기준 모델과의 점수 차이, 95 % 구간")
    chart = plots.marked(pd.DataFrame(rows), names, _kinds(say), title, zero=True)
    st.altair_chart(chart, width="stretch", alt=_alt(say, pairs, names))


def _most_shared(pairs: Sequence[Report]) -> int:
    return max(int(p["difference"]["n"]) for p in pairs)


def _alt(say: Say, pairs: Sequence[Report], names: Sequence[str]) -> str:
    kinds = [_kind(p, say) for p in pairs]
    told = {kind: [n for n, k in zip(names, kinds, strict=True) if k == kind] for kind, _, _ in _kinds(say)}
    return "; ".join(f"{kind}: {', '.join(who)}" for kind, who in told.items() if who) + "."


def _table(say: Say, pairs: Sequence[Report], names: Sequence[str], first: str) -> pd.DataFrame:
    columns = {
        first: list(names),
        say("Difference [95 % CI]", "차이 [95 % 구간]"): [
            "–" if p["reason"] is not None else interval(p["difference"]) for p in pairs
        ],
        say("Reading", "판독"): [_kind(p, say) for p in pairs],
        say("Shared questions (n)", "함께 답한 문항(n)"): [p["difference"]["n"] for p in pairs],
        say("Adjusted p", "보정한 p"): [difference_rows.p_value(p["p_adjusted"]) for p in pairs],
    }
    if all("wins" in p for p in pairs):
        won = [f"{p['wins']} · {p['ties']} · {p['losses']}" for p in pairs]
        columns[say("Won · tied · lost questions", "문항 승 · 무 · 패")] = won
    return pd.DataFrame(columns)


if __name__ == "__main__":
    open_page(PAGE, show)
