"""A conversation on the terminal: prompts, answers, what the rules see, verdicts and comparisons."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from judge.checks.observations import KIND_NAMES, observe
from questions.types import Question
from service.cli.terminal import out
from service.cli.verdict_details import verdict_details
from service.report.cells import safe, safe_block

_RESULTS = {"win": "이김", "tie": "비김", "loss": "짐"}
_PLACES = {True: "먼저 보임", False: "나중에 보임", None: "순서 모름"}


def print_conversation(c: dict[str, Any]) -> None:
    """One of those that `conversations` yields."""
    console = out()
    title = safe(f"{c['model']}#{c['question_id']}#{c['sample']}  ({c['category']})")
    console.rule(Text(title, style="bold"), align="left")
    question = Question.model_validate(c["question"])
    for turn in c["turns"]:
        _block(console, f"질문 {turn['turn']}", turn["prompt"], "cyan")
        language = {True: "", False: "  [요구된 언어 아님]", None: ""}[turn["language_passed"]]
        answer = turn["answer"] if turn["answer"] else f"({turn['status']}: {turn['error'] or ''})"
        _block(console, f"답변 {turn['turn']}{language}", answer, "green")
        _print_findings(console, question, turn)
        for verdict in _of(c, "verdicts", turn):
            _print_verdict(console, c, verdict)
        for verdict in _of(c, "jury", turn):
            head = f"배심 {turn['turn']}{_repeat(c, verdict)} · {_score(verdict)}"
            _block(console, head, _why_not(verdict), "magenta")
        for compared in _of(c, "comparisons", turn):
            _print_comparison(console, c, compared)


def _of(c: dict[str, Any], kind: str, turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (found for found in c.get(kind, ()) if found["turn"] == turn["turn"])


def _repeat(c: dict[str, Any], found: dict[str, Any]) -> str:
    """Counted from 0, as in exports; nothing where nobody judged twice."""
    repeated = any(v["repeat"] for v in (*c["verdicts"], *c.get("comparisons", ())))
    return f" · 반복 {found['repeat']}" if repeated else ""


def _score(verdict: dict[str, Any]) -> str:
    return f"{verdict['score']:g}" if verdict["status"] == "ok" else str(verdict["status"])


def _print_verdict(console: Any, c: dict[str, Any], verdict: dict[str, Any]) -> None:
    score = _score(verdict)
    if verdict["status"] == "ok" and verdict["score"] != verdict["judge_score"]:
        score += f" (심판은 {verdict['judge_score']:g})"
    head = f"판정 {verdict['turn']} · {safe(verdict['judge'])}{_repeat(c, verdict)} · {score}"
    _block(console, head, verdict["rationale"] or verdict["error"] or "", "magenta")
    for line in verdict_details(verdict):
        console.print(Text(safe(line), style="dim"))
    for number, reply in enumerate(verdict["replies"], 1):
        _block(console, f"심판의 회신 {number}", reply, "dim")


def _why_not(verdict: dict[str, Any]) -> str:
    """Who lacks where a jury has no score."""
    if verdict["status"] == "ok":
        return ""
    lacking = ", ".join(f"{safe(m['judge'])} ({m['status']})" for m in verdict["lacking"])
    return f"점수가 없는 심판: {lacking}" if lacking else "모든 심판이 점수를 주었으나 과반이 없음"


def _print_comparison(console: Any, c: dict[str, Any], compared: dict[str, Any]) -> None:
    result = compared["status"] if compared["result"] is None else _RESULTS[compared["result"]]
    place = _PLACES[compared["shown_first"]]
    who = f"{safe(compared['judge'])}{_repeat(c, compared)} · 상대 {safe(compared['opponent'])}"
    head = f"비교 {compared['turn']} · {who} · {place} · {result}"
    _block(console, head, compared["rationale"] or compared["error"] or "", "blue")


def _print_findings(console: Any, question: Question, turn: dict[str, Any]) -> None:
    """What the rules see in an answer, the language apart, which its head tells."""
    found = observe(question, turn["turn"], turn["answer"]).found() if turn["answer"] else {}
    for kind, note in found.items():
        if kind != "wrong_language":
            console.print(Text(f"검사 {turn['turn']} · {KIND_NAMES[kind]}: {safe(note)}", style="yellow"))


def _block(console: Any, head: str, body: str, style: str) -> None:
    console.print(Text(head, style=f"bold {style}"))
    if body:
        console.print(Text(safe_block(body)))
