"""KoBEST: five tasks, on the hub with keys from 0, in the first release's tables with other columns and other keys."""

from collections.abc import Callable, Mapping
from functools import partial

from questions.multiple_choice import Item
from questions.readers.choice_rows import BadRow, Profile, numbered, text, texts
from questions.readers.reader import Head
from questions.readers.rows import Row, first_filled
from questions.source import quote

_TRUTH: Mapping[str, int] = {"0": 0, "1": 1, "false": 0, "true": 1}
_NO_YES = ("아니다", "그렇다")
_TONES = ("부정", "긍정")
_SAME = ("다른 뜻이다", "같은 뜻이다")
_ASKS: Mapping[str, str] = {"원인": "이 일의 원인으로 더 알맞은 것은?", "결과": "이 일의 결과로 더 알맞은 것은?"}


def _truth(row: Row, column: str) -> int:
    value = text(row, column)
    if value.lower() not in _TRUTH:
        raise BadRow(f"{column} is {quote(value)}, expected 0, 1, True or False")
    return _TRUTH[value.lower()]


def _item(row: Row, ask: str, options: tuple[str, ...], right: int, passage: str = "") -> Item:
    return Item(
        id=first_filled(row, ("id", "ID", "idx")), category="", passage=passage, ask=ask, options=options, right=right
    )


def _boolq(row: Row, passage: str, question: str, key: str) -> Item:
    return _item(
        row,
        f"글에 따르면 다음 물음에 어떻게 답해야 할까?\n{text(row, question)}",
        _NO_YES,
        _truth(row, key),
        text(row, passage),
    )


def _copa(row: Row, premise: str, options: tuple[str, str], key: str, base: int) -> Item:
    kind = text(row, "question")
    if kind not in _ASKS:
        raise BadRow(f"question is {quote(kind)}, expected 원인 or 결과")
    return _item(row, _ASKS[kind], texts(row, options), numbered(row, key, 2, base=base), text(row, premise))


def _hellaswag(row: Row, ending: str) -> Item:
    endings = texts(row, tuple(f"{ending}{number}" for number in range(1, 5)))
    ask = "다음에 이어질 내용으로 가장 알맞은 것은?"
    return _item(row, ask, endings, numbered(row, "label", 4, base=0), text(row, "context"))


def _sentineg(row: Row, sentence: str, key: str) -> Item:
    return _item(row, "이 글에 담긴 평가는 긍정일까, 부정일까?", _TONES, _truth(row, key), text(row, sentence))


def _wic(row: Row, word: str, contexts: tuple[str, str], key: str) -> Item:
    first, second = texts(row, contexts)
    ask = f"두 문장에서 ‘{text(row, word)}’의 뜻은 같을까, 다를까?"
    return _item(row, ask, _SAME, _truth(row, key), f"1) {first}\n2) {second}")


def _with(*needed: str, only: bool = False) -> Callable[[Head], bool]:
    """Whether a table has these columns; `only` these, beside an id."""

    def detects(head: Head) -> bool:
        return head.has(*needed) and (not only or set(head.row) <= {*needed, "idx", "id", "ID"})

    return detects


_PROFILES = (
    Profile(
        "kobest-boolq",
        "KoBEST BoolQ: paragraph, question, label",
        _with("paragraph", "question", "label"),
        partial(_boolq, passage="paragraph", question="question", key="label"),
        "key: 0 no, 1 yes",
    ),
    Profile(
        "kobest-boolq-table",
        "KoBEST BoolQ of the first release (.tsv): Text, Question, Answer",
        _with("Text", "Question", "Answer"),
        partial(_boolq, passage="Text", question="Question", key="Answer"),
        "key: True or False",
    ),
    Profile(
        "kobest-copa",
        "KoBEST COPA: premise, question, alternative_1, alternative_2, label",
        _with("premise", "question", "alternative_1", "alternative_2", "label"),
        partial(_copa, premise="premise", options=("alternative_1", "alternative_2"), key="label", base=0),
        "key: a number from 0",
    ),
    Profile(
        "kobest-copa-table",
        "KoBEST COPA of the first release (.tsv): sentence, question, 1, 2, Answer",
        _with("sentence", "question", "1", "2", "Answer"),
        partial(_copa, premise="sentence", options=("1", "2"), key="Answer", base=1),
        "key: a number from 1",
    ),
    Profile(
        "kobest-hellaswag",
        "KoBEST HellaSwag: context, ending_1 to ending_4, label",
        _with("context", "ending_1", "ending_4", "label"),
        partial(_hellaswag, ending="ending_"),
        "key: a number from 0",
    ),
    Profile(
        "kobest-hellaswag-table",
        "KoBEST HellaSwag of the first release (.tsv): context, choice1 to choice4, label",
        _with("context", "choice1", "choice4", "label"),
        partial(_hellaswag, ending="choice"),
        "key: a number from 0",
    ),
    Profile(
        "kobest-sentineg",
        "KoBEST SentiNeg: sentence, label",
        _with("sentence", "label", only=True),
        partial(_sentineg, sentence="sentence", key="label"),
        "key: 0 negative, 1 positive",
    ),
    Profile(
        "kobest-sentineg-table",
        "KoBEST SentiNeg of the first release (.tsv): Text, Label",
        _with("Text", "Label"),
        partial(_sentineg, sentence="Text", key="Label"),
        "key: 0 negative, 1 positive",
    ),
    Profile(
        "kobest-wic",
        "KoBEST WiC: word, context_1, context_2, label",
        _with("word", "context_1", "context_2", "label"),
        partial(_wic, word="word", contexts=("context_1", "context_2"), key="label"),
        "key: 0 different, 1 the same",
    ),
    Profile(
        "kobest-wic-table",
        "KoBEST WiC of the first release (.tsv): Target, SENTENCE1, SENTENCE2, ANSWER",
        _with("Target", "SENTENCE1", "SENTENCE2", "ANSWER"),
        partial(_wic, word="Target", contexts=("SENTENCE1", "SENTENCE2"), key="ANSWER"),
        "key: True the same, False different",
    ),
)

READERS = tuple(profile.reader() for profile in _PROFILES)
