"""When does it end, and what is stuck?"""

import time
from collections import Counter

import pandas as pd
import streamlit as st

from dashboard.frame import Page, View, open_page
from dashboard.identity import Person, who
from dashboard.queries import local_time
from dashboard.safe_text import label, one_line, show_text
from dashboard.words import ROLES, STAGES, STATUSES
from service.report.document import Say
from service.store import reads
from service.store.monitor import Stage, Standing, last_events, standing
from service.store.reads import StoredRun
from service.store.requests import Action, Request, ask, latest_requests

PAGE = Page(
    "monitor",
    "operation",
    1,
    ("Run monitor", "실행 현황"),
    ("When does it end, and what is stuck?", "언제 끝나고 무엇이 막혔나?"),
)
_POLL_S = 2
_SILENT_S = 60
_EVENTS = 50
_MOST_BARS = 12


def show(view: View) -> None:
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        now = standing(connection, run)
        moving = _moves(now, latest_requests(connection, run.id))
    _controls(view, run, now)
    st.fragment(lambda: _body(view, now.is_at_work), run_every=_POLL_S if moving else None)()


def _moves(now: Standing, asked: list[Request]) -> bool:
    """Whether something will change by itself: only then is it worth looking again and again."""
    return now.is_at_work or any(request.outcome is None for request in asked)


def _body(view: View, was_at_work: bool) -> None:
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        now = standing(connection, run)
        events = last_events(connection, run.id, _EVENTS)
        asked = latest_requests(connection, run.id)
        failed = any(stage.failed for stage in now.stages)
        reasons = reads.failure_reasons(connection, run.id, 10) if failed else []
    if now.is_at_work != was_at_work:
        st.rerun()  # other buttons, and the polling begins or ends
    say = view.say
    show_text(_state(view, run, now))
    figures = st.columns(4)
    figures[0].metric(say("Done", "진행"), f"{now.ended:d} / {now.planned:d}")
    figures[1].metric(say("Deliveries a second, last minute", "최근 1분 초당 처리"), _rate(now))
    figures[2].metric(say("Time left", "남은 시간"), _left(now, say) if now.is_at_work else "–")
    figures[3].metric(say("Failures", "실패"), f"{sum(stage.failed for stage in now.stages):d}")
    _progress(now.stages, say)
    _failures(now.stages, reasons, say)
    _requests(asked, say)
    st.subheader(say(f"Last {_EVENTS} deliveries", f"최근 전달 {_EVENTS}건"), anchor=False)
    if not events:
        show_text(say("Nothing was delivered by a model.", "모델이 전달한 것이 아직 없습니다."))
        return
    rows = [
        [
            local_time(e.at),
            say(*ROLES.get(e.role, (e.role, e.role))),
            one_line(e.asked),
            f"{e.latency_s:.2f}",
            e.finish_reason or "–",
            "–" if e.tokens is None else f"{e.tokens:,}",
        ]
        for e in events
    ]
    head = [say("Time", "시각"), say("For", "용도"), say("Model", "모델"), say("Seconds", "초")]
    head += [say("Ended", "끝난 까닭"), say("Tokens written", "쓴 토큰")]
    st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=say("Last deliveries", "최근 전달"))


def _state(view: View, run: StoredRun, now: Standing) -> str:
    say = view.say
    if now.is_at_work:
        if _silent_s(run.name, now.beats) > _SILENT_S:
            return say(
                f"No sign of life from {now.holder} for over {_SILENT_S} seconds.",
                f"{now.holder}에서 {_SILENT_S}초 넘게 응답이 없습니다.",
            )
        return say(f"At work: {now.holder}.", f"실행 중입니다: {now.holder}.")
    if now.ended >= now.planned:
        return say("Ended.", "끝났습니다.")
    if now.holder_is_gone:
        return say(
            f"{now.holder} is gone without ending the run; everything delivered is kept, and it can be resumed.",
            f"{now.holder}이(가) 실행을 끝내지 못하고 사라졌습니다. 받은 것은 모두 남아 있고, 이어 갈 수 있습니다.",
        )
    why = run.stopped_because or say("not started again", "다시 시작하지 않음")
    return say(f"Stands still: {why}.", f"멈춰 있습니다: {why}.")


def _silent_s(run: str, beats: int) -> float:
    """How long this page has seen the same number of beats; no two clocks are compared."""
    now = time.monotonic()
    seen: tuple[int, float] = st.session_state.get("beats", {}).get(run, (-1, now))
    if seen[0] != beats:
        seen = (beats, now)
        st.session_state["beats"] = {run: seen}
    return now - seen[1]


def _rate(now: Standing) -> str:
    return f"{now.rates[0].per_s:.1f}" if now.rates else "–"


def _left(now: Standing, say: Say) -> str:
    if now.ended >= now.planned:
        return "0"
    remaining = now.remaining_s()
    if remaining is None:
        return "–"
    low, high = (_duration(seconds, say) for seconds in remaining)
    return low if low == high else f"{low} – {high}"


def _duration(seconds: float, say: Say) -> str:
    if seconds < 90:
        return say(f"{seconds:.0f} s", f"{seconds:.0f}초")
    if seconds < 5400:
        return say(f"{seconds / 60:.0f} min", f"{seconds / 60:.0f}분")
    return say(f"{seconds / 3600:.1f} h", f"{seconds / 3600:.1f}시간")


def _progress(stages: tuple[Stage, ...], say: Say) -> None:
    st.subheader(say("By model", "모델별"), anchor=False)
    if len(stages) > 2 * _MOST_BARS:
        head = [
            say("Model", "모델"),
            say("What", "단계"),
            say("Ended", "끝남"),
            say("Planned", "계획"),
            say("Failed", "실패"),
        ]
        rows = [[one_line(s.model), say(*STAGES[s.name]), s.ended, s.planned, s.failed] for s in stages]
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=say("Progress by model", "모델별 진행"))
        return
    for stage in stages:
        name = f"{label(stage.model)} · " if stage.model else ""
        failed = say(f", {stage.failed:d} failed", f", 실패 {stage.failed:d}") if stage.failed else ""
        text = f"{name}{say(*STAGES[stage.name])} {stage.ended:d}/{stage.planned:d}{failed}"
        st.progress(min(1.0, stage.ended / stage.planned) if stage.planned else 0.0, text=text)


def _failures(stages: tuple[Stage, ...], reasons: list[tuple[str, int]], say: Say) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for stage in stages:
        for status, n in stage.by_status.items():
            if status not in ("ok", "truncated" if stage.name == "answers" else "ok"):
                counted[stage.name, status] += n
    if not counted:
        return
    st.subheader(say("Failures by kind", "실패 종류"), anchor=False)
    rows = [
        [say(*STAGES[name]), say(*STATUSES.get(status, (status, status))), n]
        for (name, status), n in counted.most_common()
    ]
    head = [say("What", "단계"), say("Kind", "종류"), say("Number", "건수")]
    st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=say("Failures by kind", "실패 종류별 건수"))
    for reason, n in reasons:
        show_text(f"{n} × {reason}")


def _controls(view: View, run: StoredRun, now: Standing) -> None:
    say = view.say
    person = who()
    if run.kind == "import" or person is None or not person.may("operator"):
        return
    if now.is_at_work:
        if st.button(say("Pause", "일시 중지"), help=say("What is in flight is finished.", "보낸 요청은 마칩니다.")):
            _ask(view, run, "pause", person)
        return
    missing = now.ended < now.planned or any(stage.failed for stage in now.stages)
    text = say("Resume, and try failures again", "이어서 실행(실패한 것도 다시)")
    if missing and st.button(
        text, help=say("A worker does it: kojudge dashboard has one.", "작업 프로세스가 실행합니다.")
    ):
        _ask(view, run, "resume", person)


def _ask(view: View, run: StoredRun, action: Action, person: Person) -> None:
    with view.store.transaction() as connection:
        ask(connection, run.id, action, person.name)
    st.rerun()


def _requests(asked: list[Request], say: Say) -> None:
    if not asked:
        return
    st.subheader(say("Requests", "요청"), anchor=False)
    actions = {"pause": say("pause", "일시 중지"), "resume": say("resume", "이어서 실행")}
    rows = [
        [
            local_time(r.asked_at),
            actions[r.action],
            one_line(r.asked_by),
            one_line(r.outcome or (say("at work on it", "처리 중") if r.taken_at else say("waiting", "대기 중"))),
        ]
        for r in asked
    ]
    head = [say("Time", "시각"), say("What", "내용"), say("By", "요청한 곳"), say("Outcome", "결과")]
    st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=say("Requests", "요청"))


if __name__ == "__main__":
    open_page(PAGE, show)
