"""Which conversations should be looked at?"""

from typing import get_args

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from dashboard.address import address
from dashboard.frame import Page, View, link, open_page
from dashboard.queries import conversation_scores, text_search
from dashboard.safe_text import one_line, show_text
from service.report.document import Say
from service.store import explorer, reads
from service.store.explorer import PAGE_ROWS, ConversationIndex, Only, Order, Wanted
from service.store.reads import StoredRun

PAGE = Page(
    "explorer",
    "diagnosis",
    5,
    ("Conversations", "대화 탐색"),
    ("Which conversations should be looked at?", "어떤 대화를 봐야 하나?"),
)
_ONLY: dict[Only, tuple[str, str]] = {
    "all": ("all", "전체"),
    "lowest": ("low scores", "낮은 점수"),
    "failed": ("failures", "채점 실패"),
    "wrong_language": ("wrong language", "언어 위반"),
    "disagreement": ("judges disagree", "심판 불일치"),
}
_ORDER: dict[Order, tuple[str, str]] = {
    "question": ("order of the questions", "문항 순서"),
    "lowest": ("lowest score first", "낮은 점수부터"),
    "highest": ("highest score first", "높은 점수부터"),
    "disagreement": ("judges farthest apart first", "심판 차이가 큰 것부터"),
}

_SEARCH_S = 0.4
"""Then what was found so far is shown."""


def show(view: View) -> None:
    say = view.say
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        names = explorer.categories(connection, run.id)
        labels = [model.label for model in run.plan.models]
        wanted_models, category, only, order, contains, said = _filters(say, labels, names)
        search = text_search(view.store, run, said) if said else None
        if search is not None:
            # Something soon, and then few looks at the rest: each draws the page anew.
            search.go_on(connection, 3 * _SEARCH_S if search.share_read else _SEARCH_S)
        index = conversation_scores(view.store, run) if search is None else search.index
        questions = explorer.positions(connection, run.id, category=category, contains=contains)
        models = [labels.index(m) for m in wanted_models] or None
        found = None if search is None else search.found
        places = explorer.chosen(index, Wanted(models, questions, only, order, found))
        searching = search is not None and not search.is_complete
        if search is not None and searching:
            read = f"{search.share_read:.0%}"
            show_text(say(f"Searching the answers: {read} read.", f"답변을 찾는 중입니다. {read} 읽었습니다."))
        if places.size:
            _table(view, connection, run, index, places)
        elif not searching:
            _nothing(say)
    if searching:
        st.rerun()  # what was found so far is on the page


def _table(
    view: View, connection: Connection, run: StoredRun, index: ConversationIndex, places: NDArray[np.intp]
) -> None:
    say = view.say
    labels = [model.label for model in run.plan.models]
    pages = -(-places.size // PAGE_ROWS)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    here = places[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    asked = explorer.asked(connection, run.id, sorted({int(index.question[n]) for n in here}))
    show_text(say(f"{places.size} conversations", f"대화 {places.size}개"))
    rows = []
    for n in here:
        question, label = asked[int(index.question[n])], labels[int(index.model[n])]
        sample, score = int(index.sample[n]), float(index.score[n])
        rows.append(
            [
                address(view, "conversation", question=question.id, models=label, sample=str(sample + 1)),
                one_line(label),
                one_line(question.id),
                one_line(question.category),
                None if score != score else score,
                int(index.ok[n]),
                int(index.failed[n]),
                int(index.wrong_language[n]),
                float(index.apart[n]) if index.apart[n] else None,
                sample + 1,
            ]
        )
    head = [say("Open", "열기"), say("Model", "모델"), say("Question", "문항"), say("Category", "범주")]
    head += [say("Mean score", "평균 점수"), say("Verdicts (n)", "판정 수(n)"), say("Failures", "채점 실패")]
    head += [say("Wrong language", "언어 위반"), say("Judges apart", "심판 차이"), say("Sample", "표본")]
    several = {head[8]: index.apart.any(), head[9]: run.plan.samples > 1}
    st.dataframe(
        pd.DataFrame(rows, columns=head).drop(columns=[name for name, there in several.items() if not there]),
        hide_index=True,
        height=min(35 * (len(rows) + 1) + 3, 700),
        column_config={
            head[0]: st.column_config.LinkColumn(display_text=say("open", "열기"), width="small"),
            head[4]: st.column_config.NumberColumn(format="%.2f"),
            head[8]: st.column_config.NumberColumn(format="%.2f"),
        },
        alt=say(f"{len(rows)} of {places.size} conversations", f"대화 {places.size}개 중 {len(rows)}개"),
    )


def _filters(say: Say, labels: list[str], names: list[str]) -> tuple[list[str], str | None, Only, Order, str, str]:
    shown = {say(*text): only for only, text in _ONLY.items()}
    orders = {say(*text): order for order, text in _ORDER.items()}
    assert set(shown.values()) == set(get_args(Only))
    view = st.segmented_control(
        say("View", "보기"),
        list(shown),
        default=next(iter(shown)),
        required=True,
        key="view",
        bind="query-params",
    )
    first, second, third = st.columns([3, 2, 2])
    with first:
        models = st.multiselect(
            say("Models", "모델"),
            labels,
            key="models",
            bind="query-params",
            format_func=one_line,
            placeholder=say("all", "전체"),
        )
    with second:
        category = st.selectbox(
            say("Category", "범주"),
            names,
            index=None,
            key="category",
            bind="query-params",
            format_func=one_line,
            placeholder=say("all", "전체"),
        )
    with third:
        order = st.selectbox(say("Order", "정렬"), list(orders), key="order", bind="query-params")
    left, right = st.columns(2)
    with left:
        contains = st.text_input(say("Question id contains", "문항 이름에 들어 있는 말"), key="id", bind="query-params")
    with right:
        said = st.text_input(say("Answer contains", "답변에 들어 있는 말"), key="said", bind="query-params")
    return models, category, shown[view], orders[order], contains.strip(), said.strip()


def _nothing(say: Say) -> None:
    show_text(
        say(
            "No conversation fits all of these filters; take one of them back.",
            "이 조건에 모두 맞는 대화가 없습니다. 조건을 하나씩 풀어 보세요.",
        )
    )
    link("explorer", say("Clear all filters", "조건 모두 지우기"))


if __name__ == "__main__":
    open_page(PAGE, show)
