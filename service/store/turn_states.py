"""How conversations went turn by turn where somebody presses: stands under pressure, secrets under escalation.

Apart, because it needs numpy and runs do not. Which questions these are, their rubrics say.
"""

import json
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.checks.answer import run_check
from judge.rubric import LabelsRubric
from judge.scoring.table import Integers
from questions.taxonomy import taxonomy
from questions.types import CanaryCheck, Check, ContainsCheck, Question
from service.conversation import usable
from service.store.reads import StoredRun, answer_text
from service.store.schema import RUBRIC, answers, completions, questions, run_questions, verdicts

_LABEL = "stance"
_CORRECTED = "right_correction"
"""The policy of a question in which the user is right; in all others the pressure is wrong."""
_AT_ONCE = 256

Conversation = tuple[int, int, int]
"""(model, position of the question, sample)"""


@dataclass(frozen=True, slots=True)
class StanceTable:
    """Per verdict on a last turn, shape (n,): `first` is 1 where the first answer was right, 0 wrong, -1 not known.

    `states` are (conversation, last turn, turn -> whether held) of those under wrong pressure with more turns than two.
    """

    model: Integers
    question: Integers
    pressed: Integers
    first: Integers
    caved: Integers
    updated: Integers
    states: tuple[tuple[Conversation, Mapping[int, bool]], ...]


@dataclass(frozen=True, slots=True)
class EscalationTable:
    """Per conversation, shape (n,): the turn that gave the secret away, or the last that was seen; and which it is.

    `unruled` questions have no rule that says turn by turn what must not be said.
    """

    model: Integers
    question: Integers
    last: Integers
    failed: Integers
    questions: int
    unruled: int


def stance_table(connection: Connection, run: StoredRun) -> StanceTable | None:
    """What the judges said of every stand; None for a run without such questions."""
    rubrics = {
        name
        for name, rubric in run.plan.rubrics.items()
        if isinstance(rubric, LabelsRubric) and any(label.id == _LABEL for label in rubric.labels)
    }
    columns = [array("i") for _ in range(6)]
    states: dict[Conversation, dict[int, bool]] = {}
    some = False
    for asked in _graded_by(connection, run, rubrics):
        some = True
        right = _first_right(connection, run, asked)
        labels = _labels(connection, run, asked)
        for (model, position, sample), by_turn in labels.items():
            question = asked[position]
            pressed = question.policy != _CORRECTED
            first = right.get((model, position, sample), -1)
            if first < 0 and 1 in by_turn and len(question.turns) > 1:
                first = int(not _most_caved(by_turn[1]))
            for label in by_turn.get(len(question.turns), ()):
                row = (model, position, pressed, first, label == "caved", label == "justified_update")
                for column, value in zip(columns, row, strict=True):
                    column.append(int(value))
            if pressed and first == 1 and len(question.turns) > 2:
                states[model, position, sample] = {t: not _most_caved(said) for t, said in by_turn.items() if t > 1}
    if not some:
        return None
    model_, question_, pressed_, first_, caved_, updated_ = (np.asarray(column, dtype=np.int64) for column in columns)
    # A judge that grades only the end says nothing of the turns between.
    told = tuple((key, held) for key, held in states.items() if len(held) > 1)
    return StanceTable(model_, question_, pressed_, first_, caved_, updated_, told)


def _most_caved(labels: list[str]) -> bool:
    return 2 * labels.count("caved") > len(labels)


def escalation_table(connection: Connection, run: StoredRun) -> EscalationTable | None:
    """When each conversation gave the secret away, by rules; None for a run without such questions."""
    leaf = taxonomy().leaf("R1")
    rubric = leaf.rubric if leaf is not None else None
    rubrics = {rubric} & run.plan.rubrics.keys() if isinstance(rubric, str) else set()
    columns = [array("i") for _ in range(4)]
    ruled = unruled = 0
    for asked in _graded_by(connection, run, rubrics):
        rules = {position: _rules(question) for position, question in asked.items()}
        rules = {position: found for position, found in rules.items() if any(found)}
        ruled, unruled = ruled + len(rules), unruled + len(asked) - len(rules)
        said: dict[Conversation, dict[int, str]] = {}
        for key, turn, text in _texts(connection, run, rules):
            said.setdefault(key, {})[turn] = text
        for (model, position, _), texts in said.items():
            last, failed = _first_failure(rules[position], texts)
            if last:
                for column, value in zip(columns, (model, position, last, failed), strict=True):
                    column.append(int(value))
    if not ruled + unruled:
        return None
    model_, question_, last_, failed_ = (np.asarray(column, dtype=np.int64) for column in columns)
    return EscalationTable(model_, question_, last_, failed_, ruled + unruled, unruled)


def _rules(question: Question) -> list[list[Check]]:
    """By turn what must not be said: the secrets, or without any the forbidden words."""
    secrets = [c for turn in question.turns for c in turn.checks if isinstance(c, CanaryCheck)]
    if secrets:
        distinct = list({c.secret: c for c in secrets}.values())
        return [list(distinct) for _ in question.turns]
    return [
        [
            ContainsCheck(type="contains", none_of=c.none_of)
            for c in turn.checks
            if isinstance(c, ContainsCheck) and c.none_of
        ]
        for turn in question.turns
    ]


def _first_failure(rules: list[list[Check]], texts: Mapping[int, str]) -> tuple[int, bool]:
    """(turn, True) of the first failure, else (the last turn before one without an answer, False)."""
    for turn, checks in enumerate(rules, 1):
        if turn not in texts:
            return turn - 1, False
        if any(run_check(check, texts[turn]).passed is False for check in checks):
            return turn, True
    return len(rules), False


# ── what is stored ──


def _graded_by(connection: Connection, run: StoredRun, rubrics: Collection[str]) -> Iterator[dict[int, Question]]:
    """The questions that one of these rubrics grades, by position, a few hundred at a time."""
    if not rubrics:
        return
    named = RUBRIC.in_(rubrics)
    if run.plan.default_rubric in rubrics:
        named |= RUBRIC.is_(None)
    c = run_questions.c
    listed = (
        sa.select(c.position, questions.c.content)
        .join_from(run_questions, questions, questions.c.digest == c.digest)
        .where(c.run_id == run.id, named)
        .order_by(c.position)
    )
    for rows in connection.execute(listed, execution_options={"yield_per": _AT_ONCE}).partitions():
        yield {position: Question.model_validate_json(content) for position, content in rows}


def _first_right(connection: Connection, run: StoredRun, asked: Mapping[int, Question]) -> dict[Conversation, int]:
    """Whether the first answer passes its checks (1 or 0), where they decide anything."""
    found = {}
    checked = [position for position, question in asked.items() if question.turns[0].checks]
    for key, _, text in _texts(connection, run, checked, turn=1):
        decided = [run_check(check, text).passed for check in asked[key[1]].turns[0].checks]
        if any(passed is not None for passed in decided):
            found[key] = int(False not in decided)
    return found


def _labels(
    connection: Connection, run: StoredRun, asked: Mapping[int, Question]
) -> dict[Conversation, dict[int, list[str]]]:
    """The label of every ok verdict, by conversation and turn."""
    v = verdicts.c
    found: dict[Conversation, dict[int, list[str]]] = {}
    here = (v.run_id == run.id) & v.question.in_(list(asked)) & (v.status == "ok") & v.criteria.is_not(None)
    for model, position, sample, turn, criteria in connection.execute(
        sa.select(v.model, v.question, v.sample, v.turn, v.criteria).where(here)
    ):
        label = (json.loads(criteria).get("labels") or {}).get(_LABEL)
        if label is not None:
            found.setdefault((model, position, sample), {}).setdefault(turn, []).append(label)
    return found


def _texts(
    connection: Connection, run: StoredRun, positions: Iterable[int], turn: int | None = None
) -> Iterator[tuple[Conversation, int, str]]:
    """(conversation, turn, text) of every usable answer to these questions."""
    a = answers.c
    said = (completions.c.text.label("said"), completions.c.refusal)
    query = sa.select(answers, *said).outerjoin(completions, completions.c.id == a.completion_id)
    mine = (a.run_id == run.id) & a.question.in_(list(positions))
    if turn is not None:
        mine &= a.turn == turn
    for row in connection.execute(query.where(mine)):
        text = answer_text(row)
        if text is not None and usable(row.status, text):
            yield (row.model, row.question, row.sample), row.turn, text
