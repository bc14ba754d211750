"""A judge that is a model, asked which of two answers is better: render, ask, read, apply the language rule."""

from dataclasses import dataclass
from typing import Any

from judge.checks.language import check_turn_language
from judge.contracts import OutputContract, Parsed, read_reply
from judge.contracts.evidence import unfound
from judge.grading.llm import failure
from judge.pairwise import WINNER, ComparedTurn, Comparison, PairwisePrompt, Winner
from judge.rubric import Rubric
from providers.errors import ProviderError
from providers.http_errors import storable
from providers.types import ChatCompletion, ChatRequest, SamplingParams, SchemaMode


@dataclass(frozen=True, slots=True)
class ComparisonTask:
    """A rendered question to a judge, and how to read what comes back."""

    compared: ComparedTurn
    rubric: Rubric
    contract: OutputContract
    request: ChatRequest

    def read(self, completion: ChatCompletion) -> Comparison:
        """The comparison in a judge's completion; anything unusable becomes a typed status."""
        shown = "\n".join(text for answers in self.compared.shown for text in answers)
        parsed = read_reply(self.contract, completion.text, shown)
        whole = completion.finish_reason not in ("length", "content_filter")
        if whole and isinstance(parsed, Parsed):
            said = self.compared.winner(parsed.criteria["labels"][WINNER])
            return Comparison(
                "ok",
                winner=self._ruled() or said,
                judge_winner=said,
                rationale=storable(parsed.rationale),
                evidence=tuple(storable(quote) for quote in parsed.evidence),
                criteria=self._criteria(parsed),
                completion=completion,
            )
        status, reason = failure(completion, "the winner may be cut" if isinstance(parsed, Parsed) else parsed.reason)
        return Comparison(status, error=reason, completion=completion)

    def _ruled(self) -> Winner | None:
        """Who wins by the language rule, whatever the judge says; None where it decides nothing."""
        if self.rubric.language_rule != "min_score":
            return None
        turn, question = self.compared.turn, self.compared.question
        a_out, b_out = (
            check_turn_language(question, turn, answers[turn - 1]).passed is False
            for answers in (self.compared.a, self.compared.b)
        )
        if a_out and b_out:
            return "tie"
        return "b" if a_out else "a" if b_out else None

    def _criteria(self, parsed: Parsed) -> dict[str, Any]:
        first = 0 if self.rubric.grades == "conversation" else self.compared.turn - 1
        both = "\n".join(text for answers in self.compared.shown for text in answers[first : self.compared.turn])
        missing = [storable(quote) for quote in unfound(parsed.evidence, both)]
        return {**parsed.criteria, **({"unfound_quotes": missing} if missing else {})}


class PairwiseJudge:
    """Compares through a model. `prepare` and `ComparisonTask.read` are separate: a stored reply is read anew."""

    def __init__(self, name: str, mode: SchemaMode, params: SamplingParams, deadline_s: float) -> None:
        self.name = name
        self._mode: SchemaMode = mode
        self._params = params
        self._deadline_s = deadline_s
        self._prompts: dict[str, PairwisePrompt] = {}

    def prepare(self, compared: ComparedTurn, rubric: Rubric, repeat: int) -> ComparisonTask:
        static = self._prompts.get(rubric.id)
        if static is None or static.rubric != rubric:
            static = self._prompts[rubric.id] = PairwisePrompt.of(rubric, self._mode)
        tags = {"question": compared.question.id, "turn": str(compared.turn), "repeat": str(repeat)}
        request = ChatRequest(
            messages=static.render(compared, repeat, self.name).messages,
            params=self._params,
            response_schema=static.response_schema,
            deadline_s=self._deadline_s,
            tags=tags,
        )
        return ComparisonTask(compared, rubric, static.contract, request)


def failed_comparison(error: ProviderError) -> Comparison:
    """A comparison that the judge's server never gave."""
    return Comparison("provider_error", error=f"judge: {error.kind}: {error}")
