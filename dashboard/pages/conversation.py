"""Why this score?"""

import json
import logging
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy.engine import Connection, Row

from dashboard.frame import Page, View, link, open_page
from dashboard.identity import who
from dashboard.queries import local_time
from dashboard.safe_text import label, one_line, show_formatted, show_marked, show_text
from dashboard.words import AVATARS, KINDS, STATUSES
from judge.checks.observations import observe
from judge.checks.personal import without_personal_data
from judge.rubric import Rubric
from questions.types import Question
from service.report.document import Say
from service.store import explorer, reads
from service.store.provenance import Delivery, deliveries
from service.store.reads import StoredConversation, StoredRun

PAGE = Page("conversation", "diagnosis", 6, ("Conversation", "대화 상세"), ("Why this score?", "왜 이 점수인가?"))
_SIDE_BY_SIDE = 3
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How texts are to be read: `formatted` as their Markdown means them, `personal` with what is masked otherwise."""

    formatted: bool
    personal: bool
    maths: bool

    def of(self, text: str) -> str:
        return text if self.personal else without_personal_data(text)

    def show(self, text: str, quotes: list[str]) -> None:
        if self.formatted:
            show_formatted(self.of(text), maths=self.maths)
        else:
            show_marked(self.of(text), list(map(self.of, quotes)))


def show(view: View) -> None:
    say = view.say
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        position = _question(view, connection, run)
        if position is None:
            return
        labels = [model.label for model in run.plan.models]
        best = [m["model"] for m in view.report["models"]][:1]
        chosen, sample = _who(say, labels, best, run.plan.samples)
        found = [
            c
            for c in reads.conversations(connection, run.id, len(labels), position)
            if labels[c.model] in chosen and c.sample == sample
        ]
        ids = {r.completion_id for c in found for r in (*c.verdicts, *(a for a, _ in c.answers)) if r.completion_id}
        delivered = deliveries(connection, ids)
    if not found:
        show_text(say("No answer to this question yet.", "이 문항에는 아직 답변이 없습니다."))
        return
    found.sort(key=lambda c: chosen.index(labels[c.model]))
    question = found[0].question
    reading = _how(say, view.run, question)
    if question.system:
        with st.expander(say("System prompt", "시스템 프롬프트")):
            show_text(question.system)
    for number, turn in enumerate(question.turns, 1):
        st.subheader(say(f"Turn {number:d}", f"{number:d}턴"), anchor=False)
        with st.chat_message("user", avatar=AVATARS["user"]):
            show_text(turn.prompt)
        if turn.reference:
            with st.expander(say("Reference answer", "참고 답안")):
                show_text(turn.reference)
        for column, conversation in zip(st.columns(len(found)), found, strict=True):
            with column:
                _turn(say, run, labels[conversation.model], conversation, number, delivered, reading)


def _how(say: Say, run: str, question: Question) -> _Reading:
    left, right = st.columns(2)
    with left:
        formatted = st.toggle(
            say("Formatted", "서식 보기"),
            key="formatted",
            bind="query-params",
            help=say(
                "Markdown as it is meant; pictures and links stay text, quotations are not marked.",
                "마크다운을 서식으로 보여 줍니다. 그림과 링크는 글자로 남고 인용은 표시하지 않습니다.",
            ),
        )
    person, personal = who(), False
    if person is not None and person.may("operator"):
        with right:
            personal = st.toggle(
                say("Show personal data", "개인정보 보기"),
                help=say(
                    "Numbers and addresses of persons are masked otherwise. That you looked is logged.",
                    "끄면 주민등록번호, 전화번호, 이메일 같은 정보를 가립니다. 열람한 사실은 로그에 남습니다.",
                ),
            )
        if personal:
            _LOG.warning("personal data shown to %s: run %r, question %r", person.name, run, question.id)
    category = question.category.casefold()
    return _Reading(formatted, personal, "수학" in category or "math" in category)


def _question(view: View, connection: Connection, run: StoredRun) -> int | None:
    """The position of the question that is looked at; None, with a sentence, if there is no such question."""
    say, n = view.say, run.plan.questions.n
    # Not bound: what the buttons set would reach the address one step late.
    if "question" not in st.session_state:
        st.session_state["question"] = st.query_params.get("question") or explorer.asked(connection, run.id, [0])[0].id
    back, field, forth = st.columns([1, 4, 1], vertical_alignment="bottom")
    with field:
        wanted = st.text_input(say("Question", "문항"), key="question")
    st.query_params["question"] = wanted
    position = reads.question_position(connection, run.id, wanted)
    beside = [] if position is None else [p for p in (position - 1, position + 1) if 0 <= p < n]
    ids = {p: asked.id for p, asked in explorer.asked(connection, run.id, beside).items()}
    for column, text, key, there in (
        (back, say("Previous", "이전"), "K", (position or 0) - 1),
        (forth, say("Next", "다음"), "J", (position or 0) + 1),
    ):
        with column:
            st.button(text, shortcut=key, on_click=_go, args=(ids.get(there),), disabled=there not in ids)
    if position is None:
        show_text(
            say(
                f"Run {view.run} has no question {one_line(wanted)}. The list of conversations has all of them.",
                f"실행 {view.run}에는 {one_line(wanted)}(이)라는 문항이 없습니다. 대화 탐색에서 찾아보세요.",
            )
        )
        link("explorer", say("To the conversations", "대화 탐색으로"))
        return None
    asked = explorer.asked(connection, run.id, [position])[position]
    where = f"{position + 1} / {n} · {one_line(asked.category)}"
    show_text(where)
    return position


def _go(question: str | None) -> None:
    st.session_state["question"] = question


def _who(say: Say, labels: list[str], best: list[str], samples: int) -> tuple[list[str], int]:
    chosen = st.multiselect(
        say("Models, side by side", "나란히 볼 모델"),
        labels,
        default=best,
        max_selections=_SIDE_BY_SIDE,
        key="models",
        bind="query-params",
        format_func=one_line,
    )
    if samples == 1:
        return chosen or best, 0
    sample = st.selectbox(say("Sample", "표본"), range(1, samples + 1), key="sample", bind="query-params")
    return chosen or best, sample - 1


def _turn(
    say: Say,
    run: StoredRun,
    name: str,
    c: StoredConversation,
    number: int,
    delivered: dict[int, Delivery],
    reading: _Reading,
) -> None:
    rubric = run.plan.rubric_for(c.question)
    answer, text = next(((row, said) for row, said in c.answers if row.turn == number), (None, None))
    judged = [v for v in c.verdicts if v.turn == number]
    st.markdown(f"**{label(name)}**")
    with st.chat_message("assistant", avatar=AVATARS["assistant"]):
        if answer is None:
            show_text(say("No answer yet.", "아직 답변이 없습니다."))
        elif text:
            quotes = [q for v in judged for q in json.loads(v.evidence or "[]")]
            reading.show(text, quotes)
        else:
            status = say(*STATUSES.get(answer.status, (answer.status, answer.status)))
            show_text(f"({status}{': ' + answer.error if answer.error else ''})")
    if answer is not None and text:
        _checks(say, c.question, number, text)
        _delivery(say, say("How the answer was made", "답변이 만들어진 과정"), delivered.get(answer.completion_id))
    for verdict in judged:
        _verdict(say, run, rubric, verdict, delivered.get(verdict.completion_id), reading)


def _checks(say: Say, question: Question, number: int, text: str) -> None:
    found = observe(question, number, text).found()
    for kind, note in found.items():
        show_text(f"▲ {say(*KINDS[kind])}: {note}")


def _verdict(
    say: Say, run: StoredRun, rubric: Rubric, v: Row[Any], delivery: Delivery | None, reading: _Reading
) -> None:
    judge = run.plan.judges[v.judge].label
    repeat = say(f" · repeat {v.repeat + 1}", f" · {v.repeat + 1}번째") if run.plan.judge_repeats > 1 else ""
    with st.container(border=True):
        if v.status == "ok":
            ends = f"{rubric.scale.min:g}–{rubric.scale.max:g}"
            show_text(say(f"Score {v.score:g} ({ends})", f"점수 {v.score:g} ({ends})"))
            if v.judge_score is not None and v.judge_score != v.score:
                show_text(
                    say(
                        f"The judge said {v.judge_score:g}; the language rule decided.",
                        f"심판은 {v.judge_score:g}점을 주었지만 언어 규칙이 정했습니다.",
                    )
                )
        else:
            show_text(say("No score: ", "점수 없음: ") + say(*STATUSES.get(v.status, (v.status, v.status))))
        show_text(f"{say('Judge', '심판')} {judge}{repeat}")
        if v.rationale:
            show_text(reading.of(v.rationale))
        if v.error:
            show_text(v.error)
        criteria = json.loads(v.criteria or "{}")
        _criteria(say, rubric, criteria)
        unfound = criteria.get("unfound_quotes", [])
        for quote in unfound:
            show_text(f"{say('Quotation that is not in the answer', '인용 불일치')}: “{reading.of(quote)}”")
        _provenance(say, run, rubric, delivery, reading)


def _criteria(say: Say, rubric: Rubric, criteria: dict[str, Any]) -> None:
    """What the judge said of each point, with its weight."""
    rows: list[list[str]] = []
    if rubric.kind == "checklist" and (items := criteria.get("items")):
        for item in rubric.items:
            met = items.get(item.id)
            weight = f"{item.weight:g}" + (say(", critical", ", 필수") if item.critical else "")
            rows.append([one_line(item.text), _met(say, met), weight])
    elif rubric.kind == "labels" and (labels := criteria.get("labels")):
        for asked in rubric.labels:
            names = {value.id: value.name for value in asked.values}
            value = labels.get(asked.id)
            rows.append([one_line(asked.name), one_line(names.get(value, str(value))), "–"])
    elif rubric.kind == "likert":
        for criterion in rubric.criteria:
            if criterion.id in criteria:
                rows.append([one_line(criterion.name), one_line(str(criteria[criterion.id])), "–"])
    if rows:
        head = [say("Point", "기준"), say("Verdict", "판정"), say("Weight", "가중치")]
        alt = say("What the judge said of each point", "기준별 판정")
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=alt)


def _met(say: Say, met: bool | None) -> str:
    if met is None:
        return say("not said", "말하지 않음")
    return say("● met", "● 충족") if met else say("✕ missed", "✕ 미충족")


def _provenance(say: Say, run: StoredRun, rubric: Rubric, delivery: Delivery | None, reading: _Reading) -> None:
    with st.expander(say("What this verdict rests on", "이 판정의 근거 자료")):
        # A rubric from a file is named by its path in the plan.
        prompt = next(h for name, h in run.plan.prompt_hashes.items() if run.plan.rubrics[name] is rubric)[:16]
        show_text(f"{say('Rubric', '채점 기준')} {rubric.id} v{rubric.version} · {rubric.digest()[:16]}")
        show_text(f"{say('Prompt hash', '프롬프트 해시')} {prompt}")
        if delivery is None:
            show_text(say("No model was asked.", "모델에 물어보지 않은 판정입니다."))
            return
        _facts(say, delivery)
        show_text(say("Reply of the judge as it came", "심판이 쓴 원문") + ":")
        show_text(reading.of(delivery.text))


def _delivery(say: Say, title: str, delivery: Delivery | None) -> None:
    if delivery is not None:
        with st.expander(title):
            _facts(say, delivery)


def _facts(say: Say, d: Delivery) -> None:
    unknown = say("unknown", "미상")
    tokens = f"{d.prompt_tokens if d.prompt_tokens is not None else unknown} + {d.completion_tokens or unknown}"
    cost = unknown if d.cost_usd is None else f"${d.cost_usd:.6f}"
    facts = {
        say("Endpoint", "엔드포인트"): d.endpoint,
        say("Model asked for", "요청한 모델"): d.requested_model,
        say("Model that answered", "응답한 모델"): d.served_model or unknown,
        say("Ended because", "끝난 까닭"): d.finish_reason,
        say("Tokens in + out", "입력 + 출력 토큰"): tokens,
        say("Cost", "비용"): cost,
        say("Seconds", "걸린 시간(초)"): f"{d.latency_s:.2f}",
        say("Time", "시각"): local_time(d.created_at),
        say("Parameters sent", "보낸 설정"): json.dumps(d.sent_params, ensure_ascii=False, sort_keys=True)[:500],
        say("Request id", "요청 번호"): d.request_id or "–",
        say("Work key", "작업 키"): d.work_key,
    }
    for name, value in facts.items():
        show_text(f"{name}: {value}")


if __name__ == "__main__":
    open_page(PAGE, show)
