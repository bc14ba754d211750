"""Scripted models: answers given back without asking anyone.

The demonstration models have theirs written beforehand. A model of known behaviour (always right, always the
stereotype, ...) can be asked anything: whoever knows the question puts its answer into the request's tag `script`.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from providers.errors import InvalidRequestError, SpecError
from providers.types import Capabilities, ChatCompletion, ChatRequest, ModelIdentity

SCRIPTED_MODELS: tuple[str, ...] = ("good", "drifting", "weak")
BEHAVIOURS: tuple[str, ...] = ("perfect", "unknown", "stereotype", "refuse", "comply")
SCRIPT_TAG = "script"
_KNOWN_SET = "starter"


@cache
def _script(model: str) -> Mapping[tuple[str, str], str]:
    """The model's answers by the tags `question` and `turn`."""
    text = (files("providers") / "scripted_models" / f"{model}.yaml").read_text(encoding="utf-8")
    return {
        (question, str(turn)): answer
        for question, answers in yaml.safe_load(text)["answers"].items()
        for turn, answer in enumerate(answers, 1)
    }


class ScriptedProvider:
    """One scripted model. A demonstration model finds its answer by the request's tags `question` and `turn` (1-based).

    Raises:
        SpecError: no scripted model has this name.
    """

    def __init__(self, model: str) -> None:
        if model not in (*SCRIPTED_MODELS, *BEHAVIOURS):
            known = ", ".join(f"scripted:{name}" for name in (*SCRIPTED_MODELS, *BEHAVIOURS))
            raise SpecError(f"scripted: there is no model {model!r}; use one of {known}")
        self._model = model

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The written answer. Usage stays unknown: nothing was generated and nothing was paid.

        Raises:
            InvalidRequestError: there is no answer to this request.
        """
        tags = request.tags
        known = self._model in SCRIPTED_MODELS
        return ChatCompletion(
            text=self._answer(tags.get("question", ""), tags.get("turn", "")) if known else self._scripted(tags),
            requested_model=self._model,
            served_model=self._model,
            finish_reason="stop",
        )

    def _answer(self, question: str, turn: str) -> str:
        answer = _script(self._model).get((question, turn))
        if answer is not None:
            return answer
        asked = f"question {question!r}, turn {turn!r}" if question else "a request without a question id"
        raise InvalidRequestError(
            f"scripted:{self._model} has no answer to {asked}: the demo models only know the set "
            f"{_KNOWN_SET!r}; run that set, or ask a real model, such as -m ollama:MODEL"
        )

    def _scripted(self, tags: Mapping[str, str]) -> str:
        answer = tags.get(SCRIPT_TAG)
        if answer is None:
            raise InvalidRequestError(
                f"scripted:{self._model} answers the questions of a run, as a candidate: "
                f"kojudge run -m scripted:{self._model} -j scripted:rules"
            )
        return answer

    async def describe(self) -> ModelIdentity:
        """Always there: it lives in this package."""
        return ModelIdentity(
            provider=self.name, model=self._model, details={"note": "scripted answers, not a language model"}
        )

    async def aclose(self) -> None:
        """Nothing to release."""
