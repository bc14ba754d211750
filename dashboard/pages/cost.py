"""What does it cost, and how slow is it?"""

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame import Page, View, open_page
from dashboard.safe_text import one_line, show_text
from dashboard.words import ROLES
from service.report.document import Say
from service.store import ledger, reads
from service.store.costs import EndpointUse, endpoint_use, reused
from service.store.reads import StoredRun

PAGE = Page(
    "cost",
    "operation",
    2,
    ("Cost and latency", "비용·지연"),
    ("What does it cost, and how slow is it?", "얼마 들고 얼마나 느린가?"),
)


def show(view: View) -> None:
    say = view.say
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        used = endpoint_use(connection, run.id)
        spent = ledger.spending(connection, run.id)
        again = reused(connection, run.id)
    if not used:
        show_text(
            say(
                "Nothing was bought for this run: it was imported, or others had bought all of it.",
                "이 실행으로 산 것이 없습니다. 가져온 결과이거나 다른 실행이 이미 산 것만 썼습니다.",
            )
        )
        return
    total, unpriced = sum(u.cost_usd for u in used), sum(u.unpriced for u in used)
    figures = st.columns(3)
    figures[0].metric(say("Cost, as far as prices are known", "비용(단가를 아는 것만)"), f"${total:.4f}")
    figures[1].metric(say("Calls without a known price", "단가를 모르는 호출"), f"{unpriced:d}")
    figures[2].metric(say("Taken from earlier runs, free", "앞선 실행에서 그대로 쓴 것"), f"{again:d}")
    if any(s.cost_usd for s in spent.values()):
        _by_model(say, run, spent)
    _latency(say, used)
    st.subheader(say("By endpoint", "엔드포인트별"), anchor=False)
    st.dataframe(_table(say, used), hide_index=True, alt=say("Use by endpoint", "엔드포인트별 사용량"))
    show_text(
        say(
            "Prices are those of the price table when a reply came; a server of one's own costs $0 here, its hardware "
            "is not counted. Seconds are measured from request to reply, the last try only.",
            "단가는 응답을 받은 때의 단가표를 따릅니다. 직접 띄운 서버는 $0으로 두며 장비 값은 넣지 않았습니다. 시간은 "
            "요청부터 응답까지이고, 다시 시도했을 때는 마지막 시도만 잽니다.",
        )
    )


def _by_model(say: Say, run: StoredRun, spent: dict[tuple[int, str], ledger.Spending]) -> None:
    """Stacked: what the answers of a model cost, and what judging them."""
    st.subheader(say("Cost by model", "모델별 비용"), anchor=False)
    model, role, cost = say("Model", "모델"), say("For", "용도"), say("Cost in USD", "비용(USD)")
    frame = pd.DataFrame(
        [
            {model: one_line(run.plan.models[m].label), role: say(*ROLES[r]), cost: s.cost_usd, "n": s.calls}
            for (m, r), s in spent.items()
            if s.cost_usd is not None
        ]
    )
    unknown = sorted({one_line(run.plan.models[m].label) for (m, _), s in spent.items() if s.cost_usd is None})
    dearest = frame.groupby(model)[cost].sum().idxmax()
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            y=alt.Y(f"{model}:N", sort="-x", title=None),
            x=alt.X(f"{cost}:Q"),
            color=alt.Color(f"{role}:N", scale=alt.Scale(range=["#0072B2", "#E69F00", "#009E73"])),
            tooltip=[model, role, cost, "n"],
        )
    )
    alt_text = say(f"{dearest} costs most", f"{dearest}의 비용이 가장 큽니다")
    if st.toggle(say("As a table", "표로 보기"), key="cost_table", bind="query-params"):
        st.dataframe(frame, hide_index=True, alt=alt_text)
    else:
        st.altair_chart(chart, width="stretch", alt=alt_text)
    if unknown:
        names = ", ".join(unknown)
        show_text(say(f"Price unknown: {names}.", f"단가 미상: {names}."))


def _latency(say: Say, used: list[EndpointUse]) -> None:
    """Median and 95th percentile of each endpoint: a dot and a line."""
    st.subheader(say("Seconds to a reply", "응답까지 걸린 시간(초)"), anchor=False)
    name, p50, p95 = say("Endpoint", "엔드포인트"), say("median", "중앙값"), say("95th percentile", "95번째 백분위수")
    frame = pd.DataFrame(
        [
            {name: f"{one_line(u.endpoint)} · {say(*ROLES.get(u.role, (u.role, u.role)))}", p50: u.p50_s, p95: u.p95_s}
            | {"n": u.calls}
            for u in used
        ]
    )
    slowest = frame.loc[frame[p95].idxmax(), name]
    base = alt.Chart(frame).encode(y=alt.Y(f"{name}:N", title=None, axis=alt.Axis(labelLimit=400)))
    scale = alt.Scale(domain=[0, max(0.1, float(frame[p95].max()))])
    line = base.mark_rule(strokeWidth=2).encode(x=alt.X(f"{p50}:Q", title=f"{p50} — {p95}", scale=scale), x2=f"{p95}:Q")
    dot = base.mark_point(filled=True, size=90).encode(x=f"{p50}:Q", tooltip=[name, p50, p95, "n"])
    end = base.mark_tick(thickness=2, size=14).encode(x=f"{p95}:Q")
    alt_text = say(f"{slowest} is slowest at the 95th percentile", f"95번째 백분위수는 {slowest}이(가) 가장 느립니다")
    if st.toggle(say("As a table", "표로 보기"), key="latency_table", bind="query-params"):
        st.dataframe(frame, hide_index=True, alt=alt_text)
    else:
        st.altair_chart(line + dot + end, width="stretch", alt=alt_text)


def _table(say: Say, used: list[EndpointUse]) -> pd.DataFrame:
    unknown = say("unknown", "미상")
    return pd.DataFrame(
        {
            say("Endpoint", "엔드포인트"): [one_line(u.endpoint) for u in used],
            say("For", "용도"): [say(*ROLES.get(u.role, (u.role, u.role))) for u in used],
            say("Calls (n)", "호출(n)"): [u.calls for u in used],
            say("Tokens in", "입력 토큰"): [u.prompt_tokens for u in used],
            say("of them cached", "그중 캐시"): [u.cached_tokens for u in used],
            say("Tokens out", "출력 토큰"): [u.completion_tokens for u in used],
            say("of them reasoning", "그중 추론"): [u.reasoning_tokens for u in used],
            say("Cost", "비용"): [unknown if u.unpriced == u.calls else f"${u.cost_usd:.4f}" for u in used],
            say("Median seconds", "중앙값(초)"): [round(u.p50_s, 2) for u in used],
            say("95th percentile", "95번째 백분위수(초)"): [round(u.p95_s, 2) for u in used],
        }
    )


if __name__ == "__main__":
    open_page(PAGE, show)
