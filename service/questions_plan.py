"""Which questions a run asks: where they come from, and what the frozen plan keeps of them."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from judge.checks.choice_outcome import choice_turns
from questions.library import load_set
from questions.packed import PackedQuestions
from questions.readers import read_questions
from questions.types import Question, QuestionSet, question_digests
from service.endpoint_plan import EndpointPlan, unique
from service.errors import UsageError

DEFAULT_SET = "starter"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetPlan(_Frozen):
    name: str
    version: str
    digest: str
    licence: str | None = None


class QuestionsPlan(_Frozen):
    """The questions of a run: `n` of them with `turns` turns together, and a digest over theirs, in order.

    `choice_turns` of the turns are multiple choice, which checks alone decide. `graded` of them get verdicts: not all,
    where conversations are graded as a whole.
    """

    n: int
    turns: int
    digest: str
    choice_turns: int = Field(default=0, exclude_if=lambda v: not v)
    graded_turns: int | None = Field(default=None, exclude_if=lambda v: v is None)

    @property
    def graded(self) -> int:
        """Turns that get verdicts."""
        return self.turns if self.graded_turns is None else self.graded_turns

    @classmethod
    def of(cls, questions: Sequence[Question]) -> Self:
        turns = sum(len(q.turns) for q in questions)
        return cls.counted(questions, turns, sum(map(choice_turns, questions)), turns)

    @classmethod
    def counted(cls, questions: Sequence[Question], turns: int, choices: int, graded: int) -> Self:
        """Of questions whose turns, those of multiple choice and those that get verdicts are counted already."""
        digest = _list_digest(question_digests(questions))
        given = None if graded == turns else graded
        return cls(n=len(questions), turns=turns, digest=digest, choice_turns=choices, graded_turns=given)


def _list_digest(texts: Iterable[str]) -> str:
    """sha256 of the JSON list of these, without having it."""
    found = hashlib.sha256(b"[")
    for number, text in enumerate(texts):
        found.update(f'{", " if number else ""}"{text}"'.encode())
    found.update(b"]")
    return found.hexdigest()


def load_questions(
    sources: Sequence[str], models: Sequence[EndpointPlan], limit: int | None
) -> tuple[list[SetPlan], Sequence[Question], tuple[str, ...]]:
    """(sets, questions, notices) of what a plan names; without names those of the recordings, else the default set.

    Raises:
        UsageError, SourceError: one line that says what is wrong.
    """
    if sources:
        loaded = [load_set(source) for source in sources]
    elif all(m.provider == "replay" for m in models):
        loaded = [_recorded_questions(models)]
    else:
        loaded = [load_set(DEFAULT_SET)]
    sets = [SetPlan(name=s.set, version=s.version, digest=s.digest(), licence=s.licence) for s in loaded]
    questions = (loaded[0].questions if len(loaded) == 1 else _together(loaded))[:limit]
    return sets, questions, tuple(notice for s in loaded for notice in s.notices)


def _together(sets: Sequence[QuestionSet]) -> Sequence[Question]:
    """The questions of several sets; where ids clash, the set's name goes before each."""
    ids = [q.id for s in sets for q in s.questions]
    if len(set(ids)) == len(ids):
        return PackedQuestions(q for s in sets for q in s.questions)
    unique([f"{s.set}/{q.id}" for s in sets for q in s.questions], "question")
    return PackedQuestions(q.model_copy(update={"id": f"{s.set}/{q.id}"}) for s in sets for q in s.questions)


def _recorded_questions(models: Sequence[EndpointPlan]) -> QuestionSet:
    """Recorded answers carry their questions with them; every recording's together are the set."""
    found: dict[str, Question] = {}
    for path in dict.fromkeys(m.path for m in models if m.path):
        for question in read_questions(Path(path)).questions:
            if found.setdefault(question.id, question).digest() != question.digest():
                raise UsageError(f"{path}: question {question.id!r} differs from that of another recording; use -q")
    return QuestionSet(set="recorded", questions=tuple(found.values()))
