"""The judge inside LangChain: one verdict, many, in any loop, from any kind of model; a failure is never a score."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langsmith.evaluation.evaluator import EvaluationResult, run_evaluator
from pydantic import SecretStr, ValidationError

from judge.rubric import Scale, load_rubric
from judge.runnable import DEFAULT_PARAMS, judge_evaluator, judge_runnable
from providers.errors import SpecError
from providers.registry import open_provider, parse_spec
from providers.retry import RetryPolicy
from service.sampling import Judging
from tests.providers.asking import openai_spec
from tests.servers.model_server import ModelServer

VERDICT = "평가: 맞는 답입니다.\n점수: 8"
ASKED = {"prompt": "대한민국의 수도는 어디인가요?", "answer": "대한민국의 수도는 서울입니다."}
ENGLISH = "The capital of the Republic of Korea is Seoul, and it has been so for a very long time."
QUICK = RetryPolicy(max_attempts=3, initial_wait_s=0.01, max_wait_s=0.05)


@pytest.fixture
def spec(model_server: ModelServer) -> str:
    """The spec of a judge that always says 8."""
    model_server.behave("judge", VERDICT)
    return openai_spec(model_server, "judge")


def chat_openai(server: ModelServer, **settings: Any) -> ChatOpenAI:
    """A judge as a LangChain user configures it."""
    return ChatOpenAI(model="judge", base_url=server.openai_url, api_key=SecretStr("k"), **settings)


def test_a_verdict_says_everything(spec: str, model_server: ModelServer) -> None:
    verdict = judge_runnable(spec).invoke(ASKED)
    assert (verdict["status"], verdict["score"], verdict["judge_score"]) == ("ok", 8.0, 8.0)
    assert "맞는 답" in verdict["rationale"]
    assert verdict["language"]["passed"] is not False
    assert (verdict["judge"], verdict["served_model"]) == ("compatible:judge", "judge")
    assert verdict["rubric"].startswith("turn-0-10@")
    assert verdict["scale"] == {"min": 0, "max": 10}
    assert verdict["usage"]["completion_tokens"] > 0
    body = model_server.chats[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.0, 1024)


def test_the_defaults_are_those_of_a_plan() -> None:
    assert Judging().params() == DEFAULT_PARAMS


def test_history_and_reference_are_shown(spec: str, model_server: ModelServer) -> None:
    history = [{"prompt": "앞선 질문", "answer": "앞선 답변"}]
    judge_runnable(spec).invoke({**ASKED, "history": history, "reference": "서울", "system": "높임말로 답하세요."})
    shown = model_server.chats[0].prompt
    for words in ("앞선 질문", "앞선 답변", "서울", "높임말로 답하세요.", "2번째 답변을 채점"):
        assert words in shown


def test_the_language_rule_holds(spec: str) -> None:
    judge = judge_runnable(spec)
    verdict = judge.invoke({**ASKED, "answer": ENGLISH})
    assert (verdict["score"], verdict["judge_score"], verdict["language"]["passed"]) == (0.0, 8.0, False)
    assert judge.invoke({**ASKED, "answer": ENGLISH, "expected_language": "en"})["score"] == 8.0


def test_it_works_inside_a_running_loop_and_beside_one(spec: str) -> None:
    judge = judge_runnable(spec)

    async def notebook() -> list[float]:
        return [judge.invoke(ASKED)["score"], (await judge.ainvoke(ASKED))["score"], judge.batch([ASKED])[0]["score"]]

    assert asyncio.run(notebook()) == [8.0, 8.0, 8.0]
    assert judge.invoke(ASKED)["score"] == 8.0
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(judge.invoke(ASKED)["score"]))
    thread.start()
    thread.join()
    assert found == [8.0]


def test_it_composes(spec: str) -> None:
    chain = RunnableLambda(lambda text: {"prompt": "수도는?", "answer": text}) | judge_runnable(spec)
    assert chain.invoke("서울입니다.")["score"] == 8.0
    assert asyncio.run(chain.ainvoke("서울입니다."))["score"] == 8.0


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("kind", ["spec", "model"])
def test_a_batch_is_bounded(model_server: ModelServer, kind: str, asynchronous: bool) -> None:
    model_server.behave("judge", VERDICT, latency_s=0.1)
    source = openai_spec(model_server, "judge") if kind == "spec" else chat_openai(model_server)
    judge = judge_runnable(source)
    inputs = [{**ASKED, "answer": f"{n}번째로 서울입니다."} for n in range(9)]
    config: Any = {"max_concurrency": 3}
    found = asyncio.run(judge.abatch(inputs, config)) if asynchronous else judge.batch(inputs, config)
    assert [v["score"] for v in found] == [8.0] * 9
    assert 1 < model_server.peak_in_flight <= 3


def test_a_wrong_input_does_not_spoil_a_batch(spec: str) -> None:
    good, bad = judge_runnable(spec).batch([ASKED, {"prompt": "답이 없다"}], return_exceptions=True)
    assert good["score"] == 8.0
    assert isinstance(bad, ValidationError)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("unauthorized", "provider_error"),
        ("html", "provider_error"),
        ("unparsable", "unparsed"),
        ("length", "truncated"),
        ("content_filter", "filtered"),
        ("refusal", "refused"),
    ],
)
def test_a_failure_is_never_a_score(spec: str, model_server: ModelServer, fault: str, status: str) -> None:
    model_server.inject("judge", fault, then=fault)
    verdict = judge_runnable(spec, retry=QUICK).invoke(ASKED)
    assert (verdict["status"], verdict["score"]) == (status, None)
    assert verdict["error"]
    result = judge_evaluator(spec, retry=QUICK)(inputs="수도는?", outputs="서울입니다.")
    assert (result["score"], result["metadata"]["status"]) == (None, status)
    assert result["comment"].startswith(f"{status}: ")


def test_a_spec_is_retried_and_a_model_object_is_not(spec: str, model_server: ModelServer) -> None:
    model_server.inject("judge", "server_error", "ok", "server_error")
    assert judge_runnable(spec, retry=QUICK).invoke(ASKED)["score"] == 8.0
    assert len(model_server.chats) == 2
    verdict = judge_runnable(chat_openai(model_server, max_retries=0)).invoke(ASKED)
    assert verdict["status"] == "provider_error"
    assert len(model_server.chats) == 3


def test_any_chat_model_can_judge(model_server: ModelServer) -> None:
    assert judge_runnable(FakeListChatModel(responses=[VERDICT])).invoke(ASKED)["score"] == 8.0
    model_server.behave("judge", VERDICT)
    judge = judge_runnable(chat_openai(model_server, temperature=0.2))
    # Twice: its clients outlive the event loop of an invocation.
    assert [judge.invoke(ASKED)["score"] for _ in range(2)] == [8.0, 8.0]
    assert model_server.chats[0].body["temperature"] == 0.2
    assert judge.invoke(ASKED)["judge"] == "judge"


def test_a_model_objects_callbacks_see_nothing(model_server: ModelServer) -> None:
    seen: list[str] = []

    class Spy(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append("started")

    model_server.behave("judge", VERDICT)
    judge = judge_runnable(chat_openai(model_server, callbacks=[Spy()]))
    assert judge.invoke(ASKED, {"callbacks": [Spy()]})["score"] == 8.0
    assert seen == []


def test_an_open_provider_stays_open(spec: str) -> None:
    async def run() -> list[float]:
        provider = open_provider(parse_spec(spec), {}, 4)
        try:
            judge = judge_runnable(provider)
            return [(await judge.ainvoke(ASKED))["score"] for _ in range(2)]
        finally:
            await provider.aclose()

    assert asyncio.run(run()) == [8.0, 8.0]


def test_the_rule_judge_needs_nobody() -> None:
    verdict = judge_runnable("scripted:rules").invoke({**ASKED, "reference": "서울"})
    assert verdict["status"] == "ok"
    scale = Scale(min=1, max=5)
    polite = load_rubric("turn-0-10").model_copy(update={"scale": scale, "anchors": {}})
    mapped = judge_runnable("scripted:rules", polite).invoke({**ASKED, "reference": "서울"})
    assert mapped["score"] == pytest.approx(1 + verdict["score"] * 4 / 10)
    assert mapped["scale"] == {"min": 1, "max": 5}


@pytest.mark.parametrize("text", ["gpt-6-luna", "nosuch:model", "compatible:judge"])
def test_a_wrong_spec_shows_at_once(text: str) -> None:
    with pytest.raises(SpecError):
        judge_runnable(text)


# ── the evaluator ──


@pytest.mark.parametrize(
    ("inputs", "outputs", "reference"),
    [
        ("수도는 어디?", "서울입니다.", None),
        ({"question": "수도는 어디?"}, {"answer": "서울입니다."}, {"answer": "서울"}),
        ({"anything": "수도는 어디?"}, {"anything": "서울입니다."}, "서울"),
        ({"messages": [{"role": "user", "content": "수도는 어디?"}]}, {"output": AIMessage("서울입니다.")}, {}),
        ([HumanMessage("수도는 어디?")], {"messages": [HumanMessage("수도는?"), AIMessage("서울입니다.")]}, None),
    ],
)
def test_the_usual_shapes_are_understood(
    spec: str, model_server: ModelServer, inputs: Any, outputs: Any, reference: Any
) -> None:
    result = judge_evaluator(spec, key="quality")(inputs=inputs, outputs=outputs, reference_outputs=reference)
    assert (result["key"], result["score"]) == ("quality", 8.0)
    assert "맞는 답" in result["comment"]
    shown = model_server.chats[0].prompt
    assert "수도는 어디?" in shown
    assert "서울입니다." in shown
    assert ("참고 답안" in shown) == bool(reference)


def test_a_chat_becomes_history(spec: str, model_server: ModelServer) -> None:
    chat = [("system", "짧게."), ("user", "첫 질문"), ("assistant", "첫 답"), ("user", "둘째 질문")]
    judge_evaluator(spec)(inputs={"messages": chat}, outputs="둘째 답입니다.")
    shown = model_server.chats[0].prompt
    assert all(words in shown for words in ("짧게.", "첫 질문", "첫 답", "둘째 질문", "2번째 답변"))


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [({"a": "1", "b": "2"}, "답"), ("질문", {"score": 3}), (5, "답"), ([("user", "a"), ("user", "b")], "답")],
)
def test_no_text_is_an_error_of_the_caller(inputs: Any, outputs: Any) -> None:
    with pytest.raises(ValueError):
        judge_evaluator("scripted:rules")(inputs=inputs, outputs=outputs)


@pytest.mark.parametrize("outputs", [None, {}])
def test_a_run_without_output_is_skipped(outputs: Any) -> None:
    result = judge_evaluator("scripted:rules")(inputs="질문", outputs=outputs)
    assert (result["score"], result["metadata"]["status"]) == (None, "skipped")


def test_an_empty_answer_is_graded() -> None:
    assert judge_evaluator("scripted:rules")(inputs="질문", outputs="")["score"] == 0.0


def test_langsmith_accepts_it() -> None:
    evaluate = judge_evaluator("scripted:rules")
    run_evaluator(evaluate)
    result = EvaluationResult(**evaluate(inputs="수도는?", outputs="서울입니다."))
    assert result.score is not None


def test_a_normal_start_does_not_import_langchain() -> None:
    code = "import sys, service.cli, judge.grading.llm; print([m for m in sys.modules if m.startswith('lang')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
