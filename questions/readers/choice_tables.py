"""Multiple-choice data sets of which a row is plainly a stem, options and a key: one profile each.

What they differ in most is the key: the number of the option from 0 or from 1, its letter, its label, or its text.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from questions.multiple_choice import Item, Language
from questions.readers.choice_rows import (
    BadRow,
    Profile,
    listed,
    numbered,
    spelled,
    structured,
    text,
    texts,
)
from questions.readers.reader import Head
from questions.readers.rows import Row, cell, first_filled
from questions.source import quote

_ID_COLUMNS = ("id", "guid", "ind", "idx", "source_id")
_SUBJECT_COLUMNS = ("Category", "category", "subject", "Subject", "activity_label")


def _plain(row: Row, stem: str, columns: tuple[str, ...], key: str, *, passage: str = "", base: int = 1) -> Item:
    """An item whose options stand in columns of their own."""
    return Item(
        id=first_filled(row, _ID_COLUMNS),
        category=first_filled(row, _SUBJECT_COLUMNS),
        passage=cell(row, passage) if passage else "",
        ask=stem,
        options=texts(row, columns),
        right=numbered(row, key, len(columns), base=base),
    )


def _columns(*needed: str, without: tuple[str, ...] = ()) -> Callable[[Head], bool]:
    return lambda head: head.has(*needed) and not any(column in head.row for column in without)


# ── KMMLU and its kin: A to D (or E), a number from 1 ──


def _kmmlu(row: Row) -> Item:
    return _plain(row, text(row, "question"), ("A", "B", "C", "D"), "answer")


def _kormedmcqa(row: Row) -> Item:
    return _plain(row, text(row, "question"), ("A", "B", "C", "D", "E"), "answer")


def _option_columns(row: Row, count: int) -> Item:
    columns = tuple(f"option#{number}" for number in range(1, count + 1))
    return _plain(row, text(row, "question"), columns, "gold", passage="context")


# ── ARC: labels ──


def _arc(row: Row, language: Language) -> Item:
    choices = structured(row, "choices")
    if not isinstance(choices, Mapping) or not {"text", "label"} <= set(choices):
        raise BadRow("choices is no mapping with text and label")
    options, labels = listed(choices, "text"), listed(choices, "label")
    key = text(row, "answerKey")
    if len(options) != len(labels) or key not in labels:
        raise BadRow(f"answerKey {quote(key)} is none of the {len(labels)} labels")
    return Item(
        id=cell(row, "id"),
        category="",
        ask=text(row, "question"),
        options=options,
        right=labels.index(key),
        language=language,
    )


# ── HellaSwag: endings, a number from 0 ──

_ENDING = {"ko": "다음에 이어질 내용으로 가장 알맞은 것은?", "en": "Which ending continues this best?"}


def _hellaswag(row: Row, language: Language) -> Item:
    endings = tuple(_unmarked(ending) for ending in listed(row, "endings"))
    context = " ".join(part for part in (cell(row, "ctx_a"), cell(row, "ctx_b")) if part) or cell(row, "ctx")
    if not context:
        raise BadRow("ctx_a is missing or empty")
    return Item(
        id=cell(row, "ind"),
        category=cell(row, "activity_label"),
        passage=_unmarked(context),
        ask=_ENDING[language],
        options=endings,
        right=numbered(row, "label", len(endings), base=0),
        language=language,
    )


def _unmarked(words: str) -> str:
    """Without the marks that stand for the layout of the web pages from which some items come."""
    return re.sub(r"\s*\[(?:header|title|step|substeps)\]\s*", " ", words).strip()


def _in(language: Language, *needed: str) -> Callable[[Head], bool]:
    """Whether a table has these columns, and its first row is in this language."""

    def detects(head: Head) -> bool:
        korean = any("가" <= char <= "힣" for column in needed for char in cell(head.row, column))
        return head.has(*needed) and korean == (language == "ko")

    return detects


# ── TruthfulQA: the first option is right ──


def _truthful(row: Row, language: Language) -> Item:
    targets = structured(row, "mc1_targets")
    if not isinstance(targets, Mapping) or not {"choices", "labels"} <= set(targets):
        raise BadRow("mc1_targets is no mapping with choices and labels")
    options, labels = listed(targets, "choices"), listed(targets, "labels")
    if len(options) != len(labels) or list(labels).count("1") != 1:
        raise BadRow("mc1_targets must label exactly one choice with 1")
    right = labels.index("1")
    return Item(
        id=first_filled(row, _ID_COLUMNS),
        category=first_filled(row, _SUBJECT_COLUMNS),
        ask=text(row, "question"),
        options=options,
        right=right,
        language=language,
    )


# ── CommonGen: which sentence makes sense of these words ──


def _commongen(row: Row, columns: tuple[str, ...], key: str, base: int) -> Item:
    words = ", ".join(word.strip() for word in text(row, "concept_set").split("#") if word.strip())
    stem = f"다음 낱말로 만든 문장 가운데 상식에 맞고 가장 자연스러운 것은?\n{words}"
    return _plain(row, stem, columns, key, base=base)


# ── CLIcK: the text of a choice ──


def _click(row: Row) -> Item:
    options = listed(row, "choices")
    return Item(
        id=cell(row, "id"),
        category=first_filled(row, _SUBJECT_COLUMNS) or re.sub(r"[_-]?\d.*", "", cell(row, "id")),
        passage=cell(row, "paragraph"),
        ask=text(row, "question"),
        options=options,
        right=spelled(row, "answer", options),
    )


_PROFILES = (
    Profile(
        "kmmlu",
        "KMMLU, KMMLU-HARD and Ko-MMLU: question, A to D, answer",
        _columns("question", "A", "B", "C", "D", "answer", without=("E",)),
        _kmmlu,
        "key: a number from 1",
        by_file=True,
    ),
    Profile(
        "kormedmcqa",
        "KorMedMCQA: question, A to E, answer, cot",
        _columns("question", "A", "B", "C", "D", "E", "answer", "cot"),
        _kormedmcqa,
        "key: a number from 1",
        by_file=True,
    ),
    Profile(
        "ko-mmlu",
        "Ko-MMLU's older preview: question, option#1 to option#4, gold",
        _columns("question", "option#1", "option#4", "gold", without=("option#5",)),
        partial(_option_columns, count=4),
        "key: a number from 1; the newer form is read as kmmlu",
    ),
    Profile(
        "csat-qa",
        "CSAT-QA: context, question, option#1 to option#5, gold",
        _columns("question", "option#1", "option#5", "gold"),
        partial(_option_columns, count=5),
        "key: a number from 1",
    ),
    Profile(
        "ko-arc",
        "Ko-ARC: question, choices with text and label, answerKey, in Korean",
        _in("ko", "question", "choices", "answerKey"),
        partial(_arc, language="ko"),
        "key: a label, a letter or a digit, looked up among the labels",
        pairs="arc",
    ),
    Profile(
        "arc",
        "ARC in English, asked and answered in English",
        _in("en", "question", "choices", "answerKey"),
        partial(_arc, language="en"),
        "key: a label, a letter or a digit, looked up among the labels",
        pairs="arc",
    ),
    Profile(
        "ko-hellaswag",
        "Ko-HellaSwag: ctx_a, ctx_b, endings, label, in Korean",
        _in("ko", "ctx_a", "ctx_b", "endings", "label"),
        partial(_hellaswag, language="ko"),
        "key: a number from 0, sometimes as text",
        pairs="hellaswag",
    ),
    Profile(
        "hellaswag",
        "HellaSwag in English, asked and answered in English",
        _in("en", "ctx_a", "ctx_b", "endings", "label"),
        partial(_hellaswag, language="en"),
        "key: a number from 0, as text; the test split has none",
        pairs="hellaswag",
    ),
    Profile(
        "ko-truthfulqa",
        "Ko-TruthfulQA: question, mc1_targets, in Korean",
        _in("ko", "question", "mc1_targets"),
        partial(_truthful, language="ko"),
        "the right choice always stands first, so options are shuffled",
        telling=True,
        pairs="truthfulqa",
    ),
    Profile(
        "truthfulqa",
        "TruthfulQA's multiple choice in English, asked and answered in English",
        _in("en", "question", "mc1_targets"),
        partial(_truthful, language="en"),
        "the right choice always stands first, so options are shuffled",
        telling=True,
        pairs="truthfulqa",
    ),
    Profile(
        "ko-commongen",
        "KoCommonGEN v2: concept_set, 1 to 4, gold",
        _columns("concept_set", "1", "2", "3", "4", "gold"),
        partial(_commongen, columns=("1", "2", "3", "4"), key="gold", base=1),
        "columns named by digits; key: a number from 1",
    ),
    Profile(
        "ko-commongen-endings",
        "KoCommonGEN with concept_set, ending0 to ending3, label",
        _columns("concept_set", "ending0", "ending3", "label"),
        partial(_commongen, columns=("ending0", "ending1", "ending2", "ending3"), key="label", base=0),
        "key: a number from 0",
    ),
    Profile(
        "click",
        "CLIcK: paragraph, question, choices, answer",
        _columns("paragraph", "question", "choices", "answer", without=("biased_answer",)),
        _click,
        "key: the text of a choice; four or five choices",
    ),
)

READERS = tuple(profile.reader() for profile in _PROFILES)
