"""A run in which everything that others may write is an attack: all that could ask somebody, run, or hide.

Every address points at a sink, a server on this machine that remembers who asked it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from dashboard.safe_text import one_line
from service.store import Store
from service.store.labels import NewLabel, save_label
from service.store.schema import runs
from service.store.writes import TurnKey
from tests.servers.faults import Body, ErrorBody, Fault
from tests.servers.model_server import ModelServer
from tests.service.support import write_jsonl, write_plan

ESC, RLO, ZWSP = "\x1b", "\u202e", "\u200b"
QUOTED = "이 문장은 [인용](x) *그대로*\n두 줄에 걸쳐 :red[있다]"


class Sink:
    """Whatever is asked of it is an attack that worked."""

    def __enter__(self) -> "Sink":
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler: "Handler") -> None:
                self.asked.append(handler.path)
                handler.send_response(204)
                handler.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, name="sink")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def inline(url: str) -> str:
    """Every attack that fits into a line, in one."""
    return " ".join(
        [
            f"![p]({url}/md.png)",
            f'<img src="{url}/img.png" onerror="window.__pwned=1">',
            "<script>window.__pwned=1</script><svg onload=window.__pwned=1>",
            f'"><iframe src="{url}/frame"></iframe></script><style>@import url({url}/style)</style>',
            f"[l]({url}/link) [j](javascript:window.__pwned=1) <{url}/auto> {url}/bare www.evil.example a@evil.example",
            f":red[![n]({url}/red.png)] ]![o]({url}/out.png) [[![x]({url}/nest.png)]({url}/nest)",
            ":material/home: :streamlit: :smile: -> <- -- :help[x] :color[x]{foreground=red}",
            f"$\\includegraphics{{{url}/katex.png}}$ $$\\href{{javascript:window.__pwned=1}}{{x}}$$",
            f"&#33;[e]({url}/entity.png) &lt;img src={url}/entity2.png&gt; &#8238;",
            f"![s](//{url.removeprefix('http://')}/scheme.png) ![d](data:image/svg+xml,<svg/>)",
            f"{ESC}[31m빨강{ESC}[0m {ESC}]8;;{url}/osc\x07링크{ESC}]8;;\x07 {RLO}거꾸로 보이지{ZWSP}않음 \x00 a"
            + "\u0301" * 60,
            "sk-abcdefghijklmnopqrstuvwx",
        ]
    )


def blocks(url: str) -> str:
    """Attacks that need lines of their own; the last fence is never closed."""
    return "\n\n".join(
        [
            f"# 제목 ![h]({url}/heading.png)\n제목\n===",
            f"[r]: {url}/reference.png\n\n![r][r] ![][r] [r]\n\n[^1] [^2]",
            f"[^1]: ![f]({url}/footnote.png)\n\n[^2]: {url}/f",
            f"| a ![c]({url}/cell.png) | b |\n|---|---|\n| <img src={url}/cell2.png> | `x|y` ![d]({url}/cell3.png) |",
            f"- ![i]({url}/item.png)\n  - ```html\n    <img src={url}/code.png>\n    ```\n1. > ![q]({url}/quote.png)",
            f":::note\n![d]({url}/directive.png)\n:::\n\n::leaf[![l]({url}/leaf.png)]",
            f'```mermaid\ngraph TD; A["<img src={url}/mermaid.png>"]; click A "{url}/click"\n```',
            f"<div>\n<img src={url}/block.png>\n</div>\n\n<!-- -->",
            f"    <img src={url}/indented.png>\n\n\t![t]({url}/tab.png)",
            f"$$\n\\includegraphics{{{url}/display.png}}\n$$",
            QUOTED,
            f"~~~\n```\n![u]({url}/unclosed.png)",
        ]
    )


def name(url: str, what: str) -> str:
    """A short one, for names; without spaces, which ids do not have."""
    return f"![{what}]({url}/{what}.png)<img/src={url}/{what}>{RLO}"


@dataclass(frozen=True)
class HostileRun:
    """`run` is its name, `questions` their ids, `models` their names."""

    database: Path
    run: str
    questions: list[str]
    models: list[str]


def write_rubric(path: Path, url: str) -> Path:
    """A checklist whose points are attacks."""
    items = [{"id": f"p{n}", "text": text} for n, text in enumerate((inline(url), f'=HYPERLINK("{url}/csv")'))]
    words = {"id": "mine", "version": 1, "kind": "checklist", "title": name(url, "title"), "language_rule": "report"}
    path.write_text(json.dumps(words | {"instructions": inline(url), "items": items}, ensure_ascii=False), "utf-8")
    return path


def make_run(run_process: Any, server: ModelServer, url: str, folder: Path) -> HostileRun:
    """The run, made through the command line; its judges and one of its models are asked over HTTP."""
    texts = [inline(url), blocks(url), f"{inline(url)}\n\n{blocks(url)}", f"=1+1\n@SUM(1)\n{blocks(url)}"]
    rubric = write_rubric(folder / "rubric.yaml", url)
    # The scheme of an address may not hold what ids may not.
    questions = [
        {
            "id": f"{n}{name(url, f'q{n}')[:110]}",
            "category": f"=수학{n % 2} {name(url, 'category')} :red[c]",
            "system": text,
            "turns": [{"prompt": text, "reference": text}, {"prompt": f"둘째 {text}"}],
        }
        | ({"rubric": str(rubric)} if n == 2 else {})
        for n, text in enumerate(texts)
    ]
    (folder / "q.yaml").write_text(json.dumps({"set": "hostile", "questions": questions}, ensure_ascii=False), "utf-8")
    recordings = [
        {
            "model": model,
            "question": q,
            "turns": [{"prompt": t["prompt"], "answer": f"{t['prompt']} 답"} for t in q["turns"]],
        }
        for q in questions
        for model in (name(url, "model"), f"=cmd {inline(url)}"[:180])
    ]
    write_jsonl(folder / "r.jsonl", recordings)
    good, broken, candidate = (
        name(url.removeprefix("http:"), what).rstrip(RLO) for what in ("judge", "broken", "candidate")
    )

    here = url.replace("127.0.0.1", "localhost")  # what a server repeats of the prompt is not stored

    def judge(body: Body) -> str:
        if "p1: " not in str(body):
            return f"평가: {inline(url)}\n점수: 7"
        quotes = [QUOTED, "인용", f"없는 {inline(url)}"]
        verdict = {"evaluation": inline(url), "evidence": quotes, "items": {"p0": True, "p1": False}}
        return json.dumps(verdict, ensure_ascii=False)

    server.behave(good, judge, served_as=inline(url))
    server.behave(broken, lambda body: f"판정이 아닌 {inline(url)}" if "md.png" not in str(body) else judge(body))
    server.behave(candidate, "답")
    server.inject(candidate, then=Fault("no", status=400, error=ErrorBody(name(here, "error"))))
    plan = write_plan(
        folder / "plan.yaml",
        name=f"=run{name(url, 'run')}"[:100],
        models=[f"replay:{folder / 'r.jsonl'}", f"compatible:{candidate}@{server.openai_url}"],
        judges=[f"compatible:{judge_name}@{server.openai_url}" for judge_name in (good, broken)],
        questions=["q.yaml"],
        reask=False,
    )
    done = run_process("run", plan, "--yes")
    assert done.code == 1, done
    database = folder / "kojudge.db"
    _label(database, url)
    with closing(sqlite3.connect(database)) as connection:
        run = connection.execute("SELECT name FROM runs").fetchone()[0]
    report = json.loads(run_process("report", run, "--format", "json").out)
    return HostileRun(database, run, [str(q["id"]) for q in questions], [m["model"] for m in report["models"]])


def _label(database: Path, url: str) -> None:
    """What two reviewers with hostile names said."""
    store = Store.open(f"sqlite:///{database}")
    with store.transaction() as connection:
        run = connection.scalars(sa.select(runs.c.id)).one()
        for reviewer in ("r1", "r2"):
            save_label(
                connection,
                NewLabel(
                    TurnKey(run, 0, 0, 0, 1),
                    "turn-0-10",
                    name(url, reviewer),
                    "random",
                    0.5,
                    "given",
                    {"score": 3 if reviewer == "r1" else 8},
                    True,
                    reviewer,
                    note=inline(url),
                ),
            )
    store.close()


def addresses(root: str, page: str, run: HostileRun, url: str, *, every: bool) -> Iterator[str]:
    """Where a page is looked at; with `every` also in English with attacks in the parameters, and each conversation."""
    at = f"{root}/{page}?run={quote(run.run)}"
    yield at
    if page == "conversation":
        # An address holds options as they are shown.
        models = "".join(f"&models={quote(one_line(model))}" for model in run.models)
        yield from (f"{at}&question={quote(question)}{models}" for question in run.questions[: None if every else 1])
    if every:
        attack = quote(inline(url))
        names = ["question", "models", "category", "id", "said", "view", "order", "model", "baseline", "turn", "judge"]
        yield f"{root}/{page}?lang=en&run={attack}&" + "&".join(f"{parameter}={attack}" for parameter in names)
