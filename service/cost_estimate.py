"""What a run will ask and about what it will cost, before anything is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from judge.grading.llm import ModelJudge
from judge.grading.pairwise import PairwiseJudge
from judge.pairwise import ComparedTurn
from judge.types import GradedTurn
from providers.pricing import Price, cost_usd
from providers.types import ChatMessage, SamplingParams, SchemaMode, Usage
from questions.types import Question
from service.conversation import candidate_request
from service.endpoint_plan import EndpointPlan
from service.plan import FrozenRun

TOKENS_PER_CHARACTER = 0.7  # of Korean text in current tokenizers: 0.4 to 1.2
EXPECTED_ANSWER_TOKENS = 450
EXPECTED_VERDICT_TOKENS = 200
ASKED_AGAIN_TOKENS = 500  # the reason and the form once more, generously
_SAMPLED_QUESTIONS = 50


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls to one endpoint in one role, with expected tokens and USD;`most_usd` is with every answer at its cap
    and every judge asked again where the plan lets it.

    USD are None where the price is unknown.
    """

    role: str
    endpoint: EndpointPlan
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    most_usd: float | None


def estimate(run: FrozenRun) -> list[Estimate]:
    """One line per candidate and judge. Nothing that is already bought is taken off."""
    plan = run.plan
    turns = plan.questions.turns * plan.samples
    sampled = list(_sample(run.questions))
    answer = min(EXPECTED_ANSWER_TOKENS, plan.generation.max_output_tokens or EXPECTED_ANSWER_TOKENS)
    asked = _mean([_tokens(messages) for q in sampled for messages in _candidate_prompts(q, answer)])
    lines = [
        _line("candidate", m, turns, asked, answer, plan.generation.max_output_tokens)
        for m in plan.models
        if m.provider not in ("replay", "scripted")
    ]
    verdict = min(EXPECTED_VERDICT_TOKENS, plan.judging.max_output_tokens or EXPECTED_VERDICT_TOKENS)
    for place, judge in enumerate(plan.judges):
        if not judge.is_rule_judge:
            shown = _mean([_tokens(messages) for q in sampled for messages in _judge_prompts(run, q, answer)])
            verdicts = plan.verdicts_by(place)
            cap = plan.judging.max_output_tokens
            lines.append(_line("judge", judge, verdicts, shown, verdict, cap, again=plan.reask))
    if plan.pairs:
        shown = _mean([_tokens(messages) for q in sampled for messages in _comparison_prompts(run, q, answer)])
        cap = plan.judging.max_output_tokens
        lines += [
            _line("pairwise", judge, calls, shown, verdict, cap)
            for place, judge in enumerate(plan.judges)
            if (calls := plan.comparisons_by(place))
        ]
    return lines


def _line(
    role: str,
    endpoint: EndpointPlan,
    calls: int,
    prompt: float,
    completion: int,
    cap: int | None,
    *,
    again: bool = False,
) -> Estimate:
    price = endpoint.price()
    tier = endpoint.extra.get("service_tier")
    return Estimate(
        role,
        endpoint,
        calls,
        round(calls * prompt),
        calls * completion,
        _usd(price, calls, prompt, completion, tier),
        None if cap is None else _most(price, calls, prompt / TOKENS_PER_CHARACTER * 1.2, cap, tier, again=again),
    )


def _most(price: Price | None, calls: int, prompt: float, cap: int, tier: object, *, again: bool) -> float | None:
    first = _usd(price, calls, prompt, cap, tier)
    second = _usd(price, calls, prompt + cap + ASKED_AGAIN_TOKENS, cap, tier) if again else 0.0
    return None if first is None or second is None else first + second


def _usd(price: Price | None, calls: int, prompt: float, completion: int, tier: object) -> float | None:
    one = cost_usd(price, Usage(round(prompt), completion), tier if isinstance(tier, str) else None)
    return None if one is None else one * calls


def _sample(questions: Sequence[Question]) -> Sequence[Question]:
    step = max(1, len(questions) // _SAMPLED_QUESTIONS)
    return questions[::step]


def _candidate_prompts(question: Question, answer_tokens: int) -> list[Sequence[ChatMessage]]:
    answers = [_filler(answer_tokens)] * len(question.turns)
    return [candidate_request(question, answers[:n], SamplingParams(), 1.0).messages for n in range(len(answers))]


def _judge_prompts(run: FrozenRun, question: Question, answer_tokens: int) -> list[Sequence[ChatMessage]]:
    mode: SchemaMode = "json_schema"
    grader = ModelJudge("estimate", mode, run.plan.judging.params(), 1.0, run.plan.wording)
    answers = tuple([_filler(answer_tokens)] * len(question.turns))
    return [
        grader.prepare(GradedTurn(question, n, answers[:n]), run.plan.rubric_for(question), 0).request.messages
        for n in range(1, len(answers) + 1)
    ]


def _comparison_prompts(run: FrozenRun, question: Question, answer_tokens: int) -> list[Sequence[ChatMessage]]:
    judge = PairwiseJudge("estimate", "json_schema", run.plan.judging.params(), 1.0)
    rubric = run.plan.rubric_for(question)
    said = tuple([_filler(answer_tokens)] * len(question.turns))
    compared = [ComparedTurn(question, n, said[:n], said[:n], swapped=False) for n in range(1, len(said) + 1)]
    return [judge.prepare(turn, rubric, 0).request.messages for turn in compared]


def _filler(tokens: int) -> str:
    return "가" * round(tokens / TOKENS_PER_CHARACTER)


def _tokens(messages: Sequence[ChatMessage]) -> float:
    return sum(len(m.content) * TOKENS_PER_CHARACTER + 4 for m in messages)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
