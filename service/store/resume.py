"""What of a run is still to be done, read a few questions at a time: neither plan nor state is ever held whole."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from questions.types import Question
from service.store.reads import answer_text, question_chunks
from service.store.schema import FAILED, RUBRIC, answers, completions, questions, run_questions, verdicts

_CONVERSATIONS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A conversation that has not all its verdicts; `begun` when it has rows already."""

    position: int
    sample: int
    question: Question
    begun: bool


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: str
    text: str | None


@dataclass(frozen=True, slots=True)
class ConversationState:
    """What a conversation already has: answers by turn, verdict statuses by (turn, judge, repeat)."""

    answers: dict[int, StoredAnswer]
    verdicts: dict[tuple[int, int, int], str]


def open_conversations(
    connection: Connection,
    run_id: int,
    model: int,
    samples: int,
    verdicts_per_turn: int,
    whole: Collection[str | None] = (),
) -> Iterator[OpenConversation]:
    """A model's conversations without an ok verdict on everything, in plan order within each chunk of questions.

    `whole` are the rubrics that grade a conversation once.

    The connection must see what is committed meanwhile: nothing is read in one long transaction.
    """
    size = max(1, _CONVERSATIONS_AT_ONCE // samples)
    untouched = _last_begun(connection, run_id, model) + 1
    first = 0
    while turns := graded_turns(connection, run_id, first, first + size - 1, whole):
        ok, begun = ({}, set()) if first >= untouched else _state(connection, run_id, model, first, first + size - 1)
        left = [
            (position, sample)
            for sample in range(samples)
            for position, number in turns.items()
            if ok.get((position, sample), 0) < number * verdicts_per_turn
        ]
        if left:
            yield from _opened(connection, run_id, first, size, left, begun)
        if len(turns) < size:  # the last chunk: thousands of models need not ask once more each
            return
        first += size


def _opened(
    connection: Connection, run_id: int, first: int, size: int, left: list[tuple[int, int]], begun: set[tuple[int, int]]
) -> Iterator[OpenConversation]:
    chunk = next(question_chunks(connection, run_id, size, first=first))
    for position, sample in left:
        yield OpenConversation(position, sample, chunk[position], (position, sample) in begun)


def _last_begun(connection: Connection, run_id: int, model: int) -> int:
    mine = (answers.c.run_id == run_id) & (answers.c.model == model)
    last = connection.scalar(sa.select(sa.func.max(answers.c.question)).where(mine))
    return -1 if last is None else last


def graded_turns(
    connection: Connection, run_id: int, first: int, last: int, whole: Collection[str | None]
) -> dict[int, int]:
    """How many turns of each question get verdicts, by position: all, or one where its rubric is among `whole`."""
    c = run_questions.c
    here = (c.run_id == run_id) & c.position.between(first, last)
    if not whole:
        return {row[0]: row[1] for row in connection.execute(sa.select(c.position, c.turns).where(here))}
    named = sa.select(c.position, c.turns, RUBRIC).join_from(run_questions, questions, questions.c.digest == c.digest)
    return {position: 1 if name in whole else turns for position, turns, name in connection.execute(named.where(here))}


def _state(
    connection: Connection, run_id: int, model: int, first: int, last: int
) -> tuple[dict[tuple[int, int], int], set[tuple[int, int]]]:
    """(ok verdicts by conversation, conversations with an answer). Both read from indexes alone."""
    counts: dict[tuple[int, int], int] = {}
    c = verdicts.c
    here = (c.run_id == run_id) & (c.model == model) & c.question.between(first, last)
    counted = sa.select(c.question, c.sample, sa.func.count()).group_by(c.question, c.sample)
    for question, sample, number in connection.execute(counted.where(here)):
        counts[question, sample] = number
    for question, sample, number in connection.execute(counted.where(here, FAILED)):
        counts[question, sample] -= number
    a = answers.c
    begun = sa.select(a.question, a.sample).where(a.run_id == run_id, a.model == model, a.question.between(first, last))
    return counts, {(row[0], row[1]) for row in connection.execute(begun.distinct())}


def conversation_state(
    connection: Connection, run_id: int, model: int, question: int, sample: int
) -> ConversationState:
    """What one conversation has."""
    here = {"run_id": run_id, "model": model, "question": question, "sample": sample}
    said = (completions.c.text.label("said"), completions.c.refusal)
    answer_rows = connection.execute(
        sa.select(answers, *said)
        .outerjoin(completions, completions.c.id == answers.c.completion_id)
        .where(*(answers.c[name] == value for name, value in here.items()))
    )
    verdict_rows = connection.execute(
        sa.select(verdicts.c.turn, verdicts.c.judge, verdicts.c.repeat, verdicts.c.status).filter_by(**here)
    )
    return ConversationState(
        {r.turn: StoredAnswer(r.status, answer_text(r)) for r in answer_rows},
        {(r.turn, r.judge, r.repeat): r.status for r in verdict_rows},
    )
