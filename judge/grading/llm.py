"""A judge that is a model: render, ask, read, and apply the deterministic language rule."""

from dataclasses import dataclass, replace
from typing import Any

from judge.checks.language import LanguageReport
from judge.contracts import OutputContract, Parsed, Unparsed, read_reply
from judge.contracts.evidence import unfound
from judge.grading.weighted import weighted_score
from judge.prompt import RubricPrompt, asked_again
from judge.prompt_template import DEFAULT_TEMPLATE, PromptTemplate
from judge.rubric import Rubric
from judge.types import GradedTurn, Verdict, VerdictStatus
from providers.errors import ProviderError
from providers.http_errors import storable
from providers.types import ChatCompletion, ChatRequest, SamplingParams, SchemaMode

# A JSON grammar allows any number of blanks between tokens, and some models never leave off.
_BLANK_TAIL = 100


@dataclass(frozen=True, slots=True)
class GradingTask:
    """A rendered question to a judge, and how to read what comes back."""

    turn: GradedTurn
    rubric: Rubric
    contract: OutputContract
    request: ChatRequest

    def read(self, completion: ChatCompletion) -> Verdict:
        """The verdict in a judge's completion; anything unusable becomes a typed status."""
        language = self.turn.language_report()
        parsed = self._parsed(completion)
        # A reply that was cut may end inside its number: "점수: 1" of "점수: 10".
        whole = completion.finish_reason not in ("length", "content_filter")
        if whole and isinstance(parsed, Parsed):
            ruled_out = language.passed is False and self.rubric.language_rule == "min_score"
            score, weighing = self._weighed(parsed, completion)
            return Verdict(
                "ok",
                score=self.rubric.scale.min if ruled_out else score,
                judge_score=score,
                # Decoded only here: an escape inside the judge's JSON may be half a character.
                rationale=storable(parsed.rationale),
                evidence=tuple(storable(quote) for quote in parsed.evidence),
                criteria=self._criteria(parsed) | weighing,
                language=language,
                completion=completion,
            )
        status, reason = failure(completion, "the score may be cut" if isinstance(parsed, Parsed) else parsed.reason)
        return Verdict(status, error=reason, language=language, completion=completion)

    def is_verdict(self, completion: ChatCompletion) -> bool:
        return self.read(completion).status == "ok"

    def again(self, completion: ChatCompletion) -> "Reask | None":
        """How to ask once more after a reply that is no verdict; None where asking again is no use.

        A refusal stays one, and a reply that was cut would be cut again.
        """
        parsed = self._parsed(completion)
        if not isinstance(parsed, Unparsed) or self.read(completion).status != "unparsed":
            return None
        messages = (*self.request.messages, *asked_again(completion.text, parsed.reason, self.contract))
        return Reask(replace(self, request=replace(self.request, messages=messages)), parsed.reason)

    def _parsed(self, completion: ChatCompletion) -> Parsed | Unparsed:
        return read_reply(self.contract, completion.text, "\n".join(self.turn.answers))

    def _weighed(self, parsed: Parsed, completion: ChatCompletion) -> tuple[float, dict[str, Any]]:
        """The score that counts, and for the criteria how it came of the probabilities, if they were asked for."""
        if self.request.params.logprobs is None or self.rubric.kind != "likert":
            return parsed.score, {}
        weighted = weighted_score(completion.logprobs, self.rubric.scale, parsed.score)
        score = parsed.score if weighted.score is None else weighted.score
        return score, {"logprobs": weighted.told(parsed.score)}

    def _criteria(self, parsed: Parsed) -> dict[str, Any]:
        whole = self.rubric.grades == "conversation"
        graded = "\n".join(self.turn.answers) if whole else self.turn.answer
        missing = [storable(quote) for quote in unfound(parsed.evidence, graded)]
        return {**parsed.criteria, **({"unfound_quotes": missing} if missing else {})}


@dataclass(frozen=True, slots=True)
class Reask:
    """The same question again, with the reply that was no verdict and the reason why."""

    task: GradingTask
    reason: str


def failure(completion: ChatCompletion, reason: str) -> tuple[VerdictStatus, str]:
    """The typed status of a reply that holds no result, and why."""
    if completion.refusal:
        return "refused", "the judge refused"
    if completion.finish_reason == "content_filter":
        return "filtered", "the judge's reply was filtered"
    if completion.finish_reason == "length":
        blanks = len(completion.text) - len(completion.text.rstrip())
        if blanks >= _BLANK_TAIL:
            return "truncated", "the judge's server filled the reply with blanks up to its token limit"
        return "truncated", f"the judge's reply was cut at its token limit ({reason})"
    return "unparsed", f"judge: {reason}"


class ModelJudge:
    """Grades through a model. `prepare` and `GradingTask.read` are separate so that a stored reply is read anew."""

    def __init__(
        self,
        name: str,
        mode: SchemaMode,
        params: SamplingParams,
        deadline_s: float,
        wording: PromptTemplate = DEFAULT_TEMPLATE,
    ) -> None:
        self.name = name
        self._wording = wording
        self._mode: SchemaMode = mode
        self._params = params
        self._deadline_s = deadline_s
        self._prompts: dict[str, RubricPrompt] = {}

    def prepare(self, turn: GradedTurn, rubric: Rubric, repeat: int) -> GradingTask:
        static = self._prompt(rubric)
        request = ChatRequest(
            messages=static.render(turn, repeat, self.name).messages,
            params=self._params,
            response_schema=static.response_schema,
            deadline_s=self._deadline_s,
            tags={"question": turn.question.id, "turn": str(turn.turn), "repeat": str(repeat)},
        )
        return GradingTask(turn, rubric, static.contract, request)

    def template_hash(self, rubric: Rubric) -> str:
        """That of the prompts under a rubric."""
        return self._prompt(rubric).template_hash

    def _prompt(self, rubric: Rubric) -> RubricPrompt:
        known = self._prompts.get(rubric.id)
        # Two rubrics may share an id: one that is being edited, say.
        if known is None or (known.rubric is not rubric and known.rubric != rubric):
            known = self._prompts[rubric.id] = RubricPrompt.of(rubric, self._mode, self._wording)
        return known


def failed_verdict(error: ProviderError, language: LanguageReport | None = None) -> Verdict:
    """A verdict that the judge's server never gave."""
    return Verdict("provider_error", error=f"judge: {error.kind}: {error}", language=language)
