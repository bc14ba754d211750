"""What every page stands in: who it is, which run and language it shows, and what it says where there is nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from dashboard import queries
from dashboard.safe_text import label, show_text
from service.errors import StoreError
from service.plan import RunPlan
from service.report.document import Language, Say, speaker
from service.report.part import Report
from service.store import Store, reads
from service.store.monitor import coverage

_PAGES = Path(__file__).parent / "pages"
SECTIONS: dict[str, tuple[str, str]] = {
    "summary": ("Summary", "요약"),
    "diagnosis": ("Diagnosis", "진단"),
    "trust": ("Trust", "신뢰"),
    "review": ("Review", "검토"),
    "operation": ("Operation", "운영"),
}
"""In the order of the navigation: (English, Korean)."""


@dataclass(frozen=True, slots=True)
class Page:
    """`name` is its address, `question` what it answers; both texts are (English, Korean).

    A page with `needs_database=False` is shown, without a run, also where no database can be opened.
    A `blind` page is for people who are not to know the run, its models or its judge: nothing around it names them.
    """

    name: str
    section: str
    order: int
    title: tuple[str, str]
    question: tuple[str, str]
    needs_run: bool = True
    needs_database: bool = True
    blind: bool = False


class View:
    """What a page is given: the open database, the run that is looked at, and how to say things."""

    def __init__(self, store: Store | None, language: Language, run: str | None) -> None:
        self._store = store
        self.language: Language = language
        self.say: Say = speaker(language)
        self._run = run

    @property
    def store(self) -> Store:
        """The open database."""
        assert self._store is not None
        return self._store

    @property
    def has_run(self) -> bool:
        """Whether there is one; a page that needs one is never shown without."""
        return self._run is not None

    @property
    def run(self) -> str:
        """The name of the run; only for pages that need one."""
        assert self._run is not None
        return self._run

    @cached_property
    def report(self) -> Report:
        """The run's report, as it stands now."""
        return queries.report(self.store, self.run)


def open_page(page: Page, show: Callable[[View], None]) -> None:
    """Show a page, or what to do where it has nothing to show."""
    language: Language = "en" if st.session_state.get("lang") == "en" else "ko"
    say = speaker(language)
    st.title(say(*page.title), anchor=False)
    st.caption(say(*page.question))
    try:
        store = queries.open_store()
        names = queries.run_names(store)
    except StoreError as error:
        show_text(say(f"The database cannot be opened: {error}", f"데이터베이스를 열 수 없습니다: {error}"))
        if page.needs_database:
            _first_steps(say)
        else:
            show(View(None, language, None))
        return
    if not names and page.needs_run:
        st.info(say("There is no run yet.", "아직 실행 기록이 없습니다."))
        _first_steps(say)
        return
    run = st.session_state.get("run")
    view = View(store, language, run or (names[0] if names else None))
    try:
        if page.needs_run and not page.blind:
            _header(view)
        show(view)
    except StoreError as error:
        show_text(say(f"This cannot be read just now: {error}", f"지금은 읽을 수 없습니다: {error}"))
        st.button(say("Try again", "다시 시도"))
    except Exception:
        # What it was stands in the terminal: its text may hold what others wrote.
        show_text(
            say(
                "This page could not be drawn. The cause stands in the terminal that the dashboard was started in.",
                "이 화면을 그리지 못했습니다. 까닭은 대시보드를 시작한 터미널에 적혀 있습니다.",
            )
        )
        raise


def link(page: str, text: str, **parameters: str) -> None:
    """A link to another page; `text` is our own, `parameters` stand in its address."""
    st.page_link(str(_PAGES / f"{page}.py"), label=text, query_params=parameters or None)


def go(page: str, **parameters: str) -> None:
    """Open another page at once; for a choice that is no link, as in a chart."""
    st.switch_page(str(_PAGES / f"{page}.py"), query_params=parameters)


def _first_steps(say: Say) -> None:
    st.markdown(
        say(
            "Three steps to a first result, without a key or a network:",
            "키나 네트워크 없이 첫 결과를 보는 세 단계:",
        )
    )
    st.code("kojudge demo\nkojudge dashboard", language=None)
    st.markdown(
        say(
            "1. Run the first line in a terminal: three scripted models are judged by rules. 2. Start this page again, "
            "or reload it. 3. Then evaluate a model of your own with `kojudge run --help`.",
            "1. 터미널에서 첫 줄을 실행하면 준비된 모델 셋을 규칙으로 채점합니다. 2. 이 화면을 다시 열거나 새로 "
            "고치세요. 3. 그다음 `kojudge run --help`를 보고 직접 모델을 평가하세요.",
        )
    )


def _header(view: View) -> None:
    """What every figure on the page rests on; without the report, which a run at work would make anew every time."""
    say = view.say
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        ok, planned, has_ended = coverage(connection, run)
    share = f"{ok / planned:.1%}" if planned else "–"
    facts = [
        say("Questions", "문항") + " " + ", ".join(s.name for s in run.plan.sets),
        say("judge", "심판") + " " + ", ".join(judge.label for judge in run.plan.judges),
        say("rubric", "채점 기준") + " " + _rubrics(run.plan, say),
        queries.local_time(run.created_at),
        say(f"{ok:,} of {planned:,} verdicts ({share})", f"판정 {planned:,}건 중 {ok:,}건({share})"),
        say("contains content generated and graded by AI", "AI가 생성·채점한 내용 포함"),
    ]
    st.caption(label(" · ".join(facts), limit=600))
    if not has_ended:
        st.warning(say("Incomplete: the run has not ended.", "미완성: 아직 끝나지 않은 실행입니다."))


def _rubrics(plan: RunPlan, say: Say) -> str:
    if len(plan.rubrics) > 2:
        return say(f"{len(plan.rubrics)} kinds", f"{len(plan.rubrics)}종")
    return ", ".join(f"{name} v{r.version}" for name, r in plan.rubrics.items())
