"""What a candidate is asked, and what its completion is worth."""

from collections.abc import Sequence
from typing import Literal

from providers.scripted import SCRIPT_TAG
from providers.types import ChatCompletion, ChatMessage, ChatRequest, SamplingParams
from questions.types import Question
from service.scripted_answers import scripted_answer

AnswerStatus = Literal["ok", "truncated", "filtered", "empty", "provider_error", "skipped"]


def candidate_request(
    question: Question, answers: Sequence[str], params: SamplingParams, deadline_s: float, behaviour: str | None = None
) -> ChatRequest:
    """The next turn's request: earlier turns with the candidate's own visible answers, never its reasoning.

    A candidate of known `behaviour` is told what to say.
    """
    messages = [ChatMessage("system", question.system)] if question.system else []
    for turn, answer in zip(question.turns, answers, strict=False):
        messages += [ChatMessage("user", turn.prompt), ChatMessage("assistant", answer)]
    messages.append(ChatMessage("user", question.turns[len(answers)].prompt))
    tags = {"question": question.id, "turn": str(len(answers) + 1)}
    if behaviour is not None:
        tags[SCRIPT_TAG] = scripted_answer(behaviour, question, len(answers) + 1)
    # Verdicts and later turns wait for an answer, and nothing waits for a verdict.
    return ChatRequest(tuple(messages), params, deadline_s=deadline_s, tags=tags, urgent=True)


def answer_of(completion: ChatCompletion) -> tuple[AnswerStatus, str]:
    """(status, visible text).

    A text that was cut at the token limit is still graded; no text at all is a failure, not a bad answer.
    """
    text = visible_text(completion.text, completion.refusal)
    if completion.finish_reason == "content_filter":
        return "filtered", text
    if completion.finish_reason == "length":
        return "truncated", text
    return ("ok" if text.strip() else "empty"), text


def visible_text(text: str, refusal: str | None) -> str:
    """What the model said: its text, else the refusal in the vendor's own field."""
    return text if text.strip() else refusal or ""


def usable(status: str, text: str | None) -> bool:
    """Whether a judge can grade it and the next turn can follow it."""
    return status in ("ok", "truncated") and bool(text and text.strip())
