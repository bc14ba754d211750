"""What a visitor of the dashboard waits for: a run of 20 models x 5,000 conversations x 2 turns in a real browser.

    python -m bench.dashboard [--models 20] [--questions 5000] [--rounds 10] [--json FILE] [--quick]

Beside it stands a page of Streamlit's own with one small table and one button, opened in the same rounds: what the
dashboard adds is the rest. CPU is the server's alone. Needs a Chromium; without one nothing is measured.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.browser import Tab, chromium, free_port, started
from bench.kojudge import environment
from bench.stored_runs import ABSENT, CATEGORIES, COMMON, RARE, buy, hold, store_run
from bench.streamlit_server import StreamlitServer
from bench.tables import Cell, Table, say, write_json

_T = TypeVar("_T")
_RUN = "big"
_TABLE = "[data-testid=stDataFrame] canvas"
_CHART_OR_TABLE = f"[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas, {_TABLE}"
_SEARCHING = "[...document.querySelectorAll('[data-testid=stText]')].some(t => t.innerText.includes('찾는 중'))"
_CONTROL = """
import streamlit as st
st.button("again")
st.dataframe([{"a": 1, "b": 2}])
"""
_VIEWS = ("낮은 점수", "전체")
_ORDERS = ("낮은 점수부터", "높은 점수부터", "문항 순서")
_POLL_S = 2.0
_VISITORS = 5


@dataclass(frozen=True, slots=True)
class Waited:
    """How long a visitor waited, `n` times; `cpu_s` is what the server worked each time. `part` says beside which
    control it stands: a page that is opened, or a page that changes."""

    what: str
    part: str
    n: int
    p50_s: float
    p95_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Size:
    what: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A server and a visitor of it."""

    server: StreamlitServer
    tab: Tab

    def address(self, page: str = "", **parameters: str) -> str:
        return f"{self.server.address}/{page}?" + "&".join(f"{k}={v}" for k, v in {"run": _RUN, **parameters}.items())

    def timed(self, what: str, part: str, act: Callable[[_T], float], several: Sequence[_T]) -> Waited:
        """Do it with each of these."""
        before = self.server.cpu_s()
        waits = [act(one) for one in several]
        waited = _waited(what, part, waits, (self.server.cpu_s() - before) / len(waits))
        say(f"  {what}: {waited.p50_s:.2f} s, p95 {waited.p95_s:.2f} s")
        return waited


def _waited(what: str, part: str, waits: Sequence[float], cpu_s: float) -> Waited:
    p50, p95 = (float(np.quantile(waits, q)) for q in (0.5, 0.95))
    return Waited(what, part, len(waits), p50, p95, cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for a machine")
    parser.add_argument("--quick", action="store_true", help="tiny: does it run at all?")
    options = parser.parse_args()
    executable = chromium()
    if executable is None:
        say("skipped: there is no Chromium on PATH; tests/browser/install.sh installs it")
        return
    models, questions, rounds = (3, 60, 2) if options.quick else (options.models, options.questions, options.rounds)
    with tempfile.TemporaryDirectory() as folder, started(executable) as browser:
        figures = _measure(Path(folder), browser, models, questions, rounds)
    for table in tables(figures):
        table.say()
    write_json(options.json, figures)


def _measure(folder: Path, browser: Any, models: int, questions: int, rounds: int) -> list[dict[str, Any]]:
    database = folder / "bench.db"
    verdicts = store_run(f"sqlite:///{database}", models, questions, name=_RUN, words=266)
    buy(database)
    (folder / "control.py").write_text(_CONTROL, "utf-8")
    with _control(folder) as control, _dashboard(folder, database) as server:
        before = server.rss_mb()
        plain, scene = Scene(control, Tab(browser)), Scene(server, Tab(browser))
        waited = [*_opened(plain, scene, rounds), *_explored(scene, rounds), *_conversations(scene, questions, rounds)]
        used = server.rss_mb()
        heap = scene.tab.heap_mb()
        tabs = [Tab(browser) for _ in range(_VISITORS)]
        for tab in tabs:
            tab.open(scene.address("explorer"), _TABLE)
        visited = server.rss_mb()
        for tab in tabs:
            tab.close()
        poll_s = _polled(scene, database, rounds)
        sizes = [
            Size("verdicts", verdicts, ""),
            Size("database", database.stat().st_size / 1e6, "MB"),
            Size("start of the server", server.start_s, "s"),
            Size("server: memory at the start", before, "MB"),
            Size("after all of the above", used, "MB"),
            Size(f"with {_VISITORS} more visitors", visited, "MB"),
            Size("at most", server.rss_mb("VmHWM"), "MB"),
            Size("a tab's own memory after them", heap, "MB"),
            Size("run monitor: CPU a poll", poll_s, "s"),
        ]
    return [*map(asdict, waited), *map(asdict, sizes)]


def _control(folder: Path) -> StreamlitServer:
    port = free_port()
    words = ["-m", "streamlit", "run", "control.py", "--server.headless=true", f"--server.port={port}"]
    words += ["--server.address=127.0.0.1", "--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    return StreamlitServer([sys.executable, *words], port, folder, environment())


def _dashboard(folder: Path, database: Path) -> StreamlitServer:
    port = free_port()
    command = [sys.executable, "-m", "dashboard", "--port", str(port)]
    return StreamlitServer(command, port, folder, environment({"KOJUDGE_DATABASE_URL": f"sqlite:///{database}"}))


def _opened(plain: Scene, scene: Scene, rounds: int) -> list[Waited]:
    """First visits, then as many again in turn."""
    control = Place("control", plain, plain.server.address, _TABLE)
    overview = Place("overview", scene, scene.address(), _CHART_OR_TABLE)
    conversations = Place("conversations", scene, scene.address("explorer"), _TABLE)
    places = [control, overview, conversations]
    notes = ["", " (the report is made)", " (the index is made)"]
    first = [
        p.scene.timed(f"{p.name}, first visit{note}", "first", Place.open, [p])
        for p, note in zip(places, notes, strict=True)
    ]
    waits: dict[str, list[float]] = {p.name: [] for p in places}
    cpu = dict.fromkeys(waits, 0.0)
    for _ in range(rounds):
        for p in places:
            before = p.scene.server.cpu_s()
            waits[p.name].append(p.open())
            cpu[p.name] += p.scene.server.cpu_s() - before
    again = [_waited(f"{name}, opened", "opened", waits[name], cpu[name] / rounds) for name in waits]
    button = plain.timed("control, button", "changed", lambda _: _click(plain.tab, "again"), range(rounds))
    return [*first, *again, button]


@dataclass(frozen=True, slots=True)
class Place:
    """A page, and what is painted on it when it can be read."""

    name: str
    scene: Scene
    address: str
    shown: str

    def open(self) -> float:
        waited = self.scene.tab.open(self.address, self.shown)
        self.scene.tab.settle()
        return waited


def _click(tab: Tab, text: str, among: str = "body") -> float:
    button = tab.page.locator(among).get_by_text(text, exact=True).first
    return tab.after(lambda _: button.click())


def _explored(scene: Scene, rounds: int) -> list[Waited]:
    """Everything that can be asked of the list of conversations, in one tab."""
    tab = scene.tab
    the_list = Place("conversations", scene, scene.address("explorer"), _TABLE)
    the_list.open()

    def turn_page(_: int) -> float:
        return tab.after(lambda page: page.get_by_test_id("stPaginationNext").click())

    def choose(key: str, option: str) -> float:
        tab.page.locator(f".st-key-{key} input").click()
        return tab.after(lambda page: page.get_by_role("option", name=option, exact=True).click())

    def name(n: int) -> float:
        field = tab.page.locator(".st-key-id input")
        field.fill(str(n))
        return tab.after(lambda _: field.press("Enter"))

    def of(several: Sequence[str]) -> list[str]:
        return [several[n % len(several)] for n in range(rounds)]

    buttons = "[data-testid=stMain] [data-testid=stButtonGroup]"
    waited = [
        scene.timed("another page of the list", "changed", turn_page, range(rounds)),
        scene.timed("view", "changed", lambda view: _click(tab, view, buttons), of(_VIEWS)),
        scene.timed("category", "changed", lambda category: choose("category", category), of(CATEGORIES[:3])),
        scene.timed("order", "changed", lambda order: choose("order", order), of(_ORDERS)),
        scene.timed("question id contains", "changed", name, range(rounds)),
    ]
    the_list.open()
    return [*waited, *_searched(scene, rounds)]


def _searched(scene: Scene, rounds: int) -> list[Waited]:
    """A word in answers: until something is shown, and until all is."""
    tab = scene.tab
    field = tab.page.locator(".st-key-said input")

    def first(word: str) -> float:
        field.fill(word)
        waited = tab.until(lambda _: field.press("Enter"), _SEARCHING, ended=False)
        tab.page.wait_for_function(f"!{_SEARCHING}")
        return waited

    def everything(word: str) -> float:
        field.fill(word)
        return tab.until(lambda _: field.press("Enter"), f"!{_SEARCHING}")

    words = [(COMMON, RARE, ABSENT)[n % 3] for n in range(rounds)]
    return [
        scene.timed("a word in answers, until something is shown", "changed", first, words),
        scene.timed("a word in answers, until all are read", "changed", everything, words),
    ]


def _conversations(scene: Scene, questions: int, rounds: int) -> list[Waited]:
    tab = scene.tab

    def opened(n: int) -> float:
        address = scene.address("conversation", question=f"q-{n:05}", models="model-01")
        return Place("conversation", scene, address, "[data-testid=stChatMessage]").open()

    def following(_: int) -> float:
        return tab.after(lambda page: page.get_by_role("button", name="다음").click())

    numbers = [n * (questions - 1) // rounds for n in range(rounds)]
    return [
        scene.timed("conversation, opened", "opened", opened, numbers),
        scene.timed("the next conversation", "changed", following, range(rounds)),
    ]


def _polled(scene: Scene, database: Path, rounds: int) -> float:
    """The server's CPU for one look of the monitor page at a run at work, all of which has been delivered."""
    hold(f"sqlite:///{database}")
    scene.tab.open(scene.address("monitor"), _TABLE)
    scene.tab.settle()
    before = scene.server.cpu_s()
    scene.tab.page.wait_for_timeout(1000 * _POLL_S * rounds)
    return (scene.server.cpu_s() - before) / rounds


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """What a visitor waits for beside the control of the same kind, and what it all takes."""
    waited = [Waited(**figure) for figure in figures if "part" in figure]
    sizes = [Size(**figure) for figure in figures if "unit" in figure]
    controls = {w.part: w.p50_s for w in waited if w.what.startswith("control")}
    times: list[list[Cell]] = [
        [w.what, w.n, w.p50_s, w.p95_s, w.p50_s / controls[w.part], w.p95_s / controls[w.part], w.cpu_s] for w in waited
    ]
    held: list[list[Cell]] = [
        [s.what, f"{s.value:,.2f} {s.unit}" if s.unit == "s" else f"{s.value:,.0f} {s.unit}"] for s in sizes
    ]
    heads = ["", "n", "p50 s", "p95 s", "p50 x control", "p95 x control", "server CPU s"]
    return [Table("What a visitor waits for", heads, times), Table("What it takes", ["", ""], held)]


if __name__ == "__main__":
    main()
