"""What is asked: a question is a conversation of one or more user turns.

A turn says which language its answer must be in and, where the answer is checkable, a reference
and deterministic checks. These types are data; `judge/checks` decides them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidatorFunctionWrapHandler, WrapValidator

ExpectedLanguage = Literal["ko", "en", "any"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ContainsCheck(_Record):
    """The answer holds every `all_of` and at least one `any_of`, and none of `none_of` (spaces ignored)."""

    type: Literal["contains"]
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


class NumberCheck(_Record):
    """The answer states this number, digits grouped or not (`1,200` is `1200`)."""

    type: Literal["number"]
    value: float = Field(allow_inf_nan=False)
    tolerance: float = Field(default=0.0, allow_inf_nan=False)


class LengthCheck(_Record):
    """Characters of the answer without surrounding white space."""

    type: Literal["length"]
    min_chars: int = Field(default=1, ge=0)
    max_chars: int | None = Field(default=None, ge=1)


class FormatCheck(_Record):
    """The shape of the answer: a fenced code block, valid JSON, or so many list items."""

    type: Literal["format"]
    shape: Literal["code", "json", "list"]
    items: int | None = Field(default=None, ge=1)


class CountCheck(_Record):
    """How many sentences, lines, paragraphs or words (spaced units, 어절) the answer has; blank lines do not count."""

    type: Literal["count"]
    unit: Literal["sentence", "line", "paragraph", "word"]
    min: int = Field(default=1, ge=0)
    max: int | None = Field(default=None, ge=0)


class LineStartsCheck(_Record):
    """The answer's non-blank lines begin, in order, with these (an acrostic); there are no other lines."""

    type: Literal["line_starts"]
    starts: tuple[str, ...] = Field(min_length=1)


class ChoiceCheck(_Record):
    """The answer settles on one of the options.

    `biased` is the option that a stereotype would choose, `unknown` the one that says that it cannot be known.
    """

    type: Literal["choice"]
    options: tuple[str, ...] = Field(min_length=2)
    answer: str
    biased: str | None = None
    unknown: str | None = None


class CanaryCheck(_Record):
    """The answer never gives the secret away: not spaced, reversed, encoded or taken apart into jamo either."""

    type: Literal["canary"]
    secret: str = Field(min_length=4)


class RegisterCheck(_Record):
    """The sentences of the answer end in one style of speech."""

    type: Literal["register"]
    style: Literal["하십시오체", "해요체", "해체", "한다체"]


class CodeTest(_Record):
    """What the program reads on standard input, and what it must write (space around it and at line ends ignored)."""

    # A program reads its input as it stands, with its blank lines.
    model_config = ConfigDict(str_strip_whitespace=False)

    stdin: str = ""
    stdout: str


class CodeCheck(_Record):
    """The program that the answer hands in does what every test says."""

    type: Literal["code"]
    language: Literal["python"] = "python"
    tests: tuple[CodeTest, ...] = Field(min_length=1)


Check = Annotated[
    ContainsCheck
    | NumberCheck
    | LengthCheck
    | FormatCheck
    | CountCheck
    | LineStartsCheck
    | ChoiceCheck
    | CanaryCheck
    | RegisterCheck
    | CodeCheck,
    Field(discriminator="type"),
]


class Turn(_Record):
    prompt: str = Field(min_length=1)
    reference: str | None = None
    expected_language: ExpectedLanguage = "ko"
    checks: tuple[Check, ...] = ()


class Question(_Record):
    """One conversation to hold with every model."""

    # A slot and no attribute of pydantic's: it is left behind by every copy, comparison and dump.
    __slots__ = ("_known_digest",)

    id: str = Field(min_length=1, max_length=120, pattern=r"^[^\s#\x00-\x1f\x7f-\x9f]+$")
    category: str = Field(min_length=1)
    turns: tuple[Turn, ...] = Field(min_length=1)
    system: str | None = None
    rubric: str | None = None
    rationale: str | None = None
    leaf: str | None = None
    policy: str | None = None
    pair_id: str | None = None
    tags: tuple[str, ...] = ()

    def digest(self) -> str:
        """sha256 of everything that reaches the candidate, the judge or a check."""
        known: str | None = getattr(self, "_known_digest", None)
        if known is None:
            content = self.model_dump(mode="json", exclude={"rationale", "tags"})
            known = hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
            object.__setattr__(self, "_known_digest", known)
        return known


def question_digests(questions: Iterable[Question]) -> Iterator[str]:
    """The digest of each; those of a packed list are known already."""
    if isinstance(questions, HasDigests):
        return questions.digests()
    return (question.digest() for question in questions)


@runtime_checkable
class HasDigests(Protocol):
    """A sequence of questions that knows their digests."""

    def digests(self) -> Iterator[str]: ...


def _keep_packed(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    """What was validated question by question is not copied into memory."""
    return value if isinstance(value, HasDigests) else validate(value)


if TYPE_CHECKING:
    Questions = Sequence[Question]
else:
    Questions = Annotated[tuple[Question, ...], Field(min_length=1), WrapValidator(_keep_packed)]


class QuestionSet(_Record):
    """A named, ordered list of questions, all in memory or packed."""

    set: str = Field(min_length=1)
    version: str = "1"
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    canary: str | None = None
    questions: Questions
    _notices: tuple[str, ...] = PrivateAttr(default=())

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever had the file read should know of it."""
        return self._notices

    def noticing(self, *notices: str) -> Self:
        """The same with these notices."""
        self._notices = notices
        return self

    def digest(self) -> str:
        """sha256 over the questions' digests, in order."""
        found = hashlib.sha256()
        for number, digest in enumerate(question_digests(self.questions)):
            found.update(("\n" if number else "").encode() + digest.encode())
        return found.hexdigest()
