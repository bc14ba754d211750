"""What was measured, and how?"""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.frame import Page, View, open_page
from dashboard.grids import show_grid
from dashboard.safe_text import label, one_line, show_text
from judge.rubric import Rubric, load_shipped_rubrics
from questions.library import load_shipped
from service.report.document import Document, Grid, Language, Say
from service.report.methods import methods_document, run_document
from service.report.rubrics import rubric_document
from service.store import reads

PAGE = Page(
    "methods",
    "operation",
    4,
    ("Methods", "방법론"),
    ("What was measured, and how?", "무엇을 어떻게 쟀나?"),
    needs_run=False,
    needs_database=False,
)


def show(view: View) -> None:
    say = view.say
    parts: dict[str, Callable[[View], None]] = {
        say("figures", "수치와 식"): _figures,
        say("weights and taxonomy", "가중치와 분류"): _weights,
        say("rubrics", "채점 기준"): _rubrics,
        say("question sets", "문항 세트"): _sets,
        say("limits", "한계"): _limits,
    }
    if view.has_run:
        parts[say("this run", "이 실행")] = _run
    chosen = st.segmented_control(
        say("Part", "내용"), list(parts), default=next(iter(parts)), required=True, key="part", bind="query-params"
    )
    parts[chosen](view)


def _figures(view: View) -> None:
    """A line for each figure; what it is in full unfolds."""
    document = methods_document(view.language)
    show_text(document.lines[0])
    figures = document.grids[0]
    for name, *cells in figures.rows:
        with st.expander(label(name)):
            for head, cell in zip(figures.head[1:], cells, strict=True):
                st.markdown(f"**{label(head)}**")
                show_text(cell)


def _weights(view: View) -> None:
    _grids(methods_document(view.language).grids[1:])


def _limits(view: View) -> None:
    for note in methods_document(view.language).notes:
        with st.container(border=True):
            show_text(note)


def _rubrics(view: View) -> None:
    say = view.say
    rubrics: Mapping[str, Rubric] = load_shipped_rubrics()
    if view.has_run:
        with view.store.read() as connection:
            own = reads.get_run(connection, view.run).plan.rubrics
        show_text(say("Those of this run come first.", "이 실행의 채점 기준이 먼저 나옵니다."))
        rubrics = {**own, **{name: rubric for name, rubric in rubrics.items() if name not in own}}
    name = st.selectbox(
        say("Rubric", "채점 기준"), list(rubrics), key="rubric", bind="query-params", format_func=one_line
    )
    _document(rubric_document(rubrics[name], view.language))


def _sets(view: View) -> None:
    say = view.say
    show_text(
        say(
            "Sets that come with kojudge. Those of a run stand under “this run”, with the hash of their content.",
            "kojudge에 들어 있는 문항 세트입니다. 실행에 쓰인 세트는 ‘이 실행’에 내용의 해시와 함께 있습니다.",
        )
    )
    _grids([_shipped_sets(view.language, say)])


@st.cache_data(show_spinner=False)
def _shipped_sets(language: Language, _say: Say) -> Grid:
    head = [_say("Set", "세트"), _say("About", "내용"), _say("Conversations", "대화")]
    head += [_say("Version", "판"), _say("Licence", "이용 허락")]
    unknown = _say("not stated", "밝히지 않음")
    rows = [
        [f"{name} · {s.title or name}", s.description or "–", str(len(s.questions)), s.version, s.licence or unknown]
        for name, s in load_shipped().items()
    ]
    return Grid(None, head, rows)


def _run(view: View) -> None:
    _document(run_document(view.report, view.language))


def _document(document: Document) -> None:
    st.subheader(label(document.title), anchor=False)
    for line in document.lines:
        show_text(line)
    _grids(document.grids)


def _grids(grids: list[Grid]) -> None:
    for grid in grids:
        if grid.title is not None:
            st.markdown(f"#### {label(grid.title)}")
        show_grid(grid)


if __name__ == "__main__":
    open_page(PAGE, show)
