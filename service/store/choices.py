"""The answers to multiple-choice turns as arrays; apart, because it needs numpy and runs do not.

The rule judge's verdicts say what was chosen. Where none does (a model judged, or an older version did), the answer is
read here, so the figures do not depend on who judged.
"""

import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.checks.choice_outcome import ChoiceOutcome, choice_check, read_choice, unknown_option
from judge.scoring.choices import CONTEXTS, WRITTEN, ChoiceTable
from questions.types import ChoiceCheck, Question
from service.conversation import usable
from service.store.reads import StoredRun, answer_text, question_chunks
from service.store.schema import answers, completions, verdicts

_QUESTIONS_AT_ONCE = 512
_UNTAGGED = "any"
_VARIANT = re.compile(r"(?<=\d)[a-d]-\d+$")
"""KoBBQ's age-001a-002 is template 001 in context a, with people 002."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One multiple-choice turn: indexes as `ChoiceTable` has them."""

    question: Question
    turn: int
    check: ChoiceCheck
    dataset: int
    language: int
    item: int
    context: int


_Place = tuple[int, int]
"""(position of the question, turn)"""
_Key = tuple[int, int, int, int]
"""(model, position of the question, sample, turn)"""


@dataclass(slots=True)
class _Names:
    """Names by the order in which they were first seen."""

    seen: dict[str, int] = field(default_factory=dict)

    def code(self, name: str) -> int:
        return self.seen.setdefault(name, len(self.seen))


def choice_table(connection: Connection, run: StoredRun) -> ChoiceTable | None:
    """The run's answers to multiple-choice turns; None if it has no such turn."""
    if not run.plan.questions.choice_turns:
        return None
    datasets, languages, items = _Names(), _Names(), _Names()
    default = run.plan.sets[0].name if len(run.plan.sets) == 1 else _UNTAGGED
    planned: Counter[tuple[int, int, int]] = Counter()
    cells = array("i")
    for chunk in question_chunks(connection, run.id, _QUESTIONS_AT_ONCE):
        asked = {
            (position, found.turn): found
            for position, question in chunk.items()
            for found in _turns(question, position, default, (datasets, languages, items))
        }
        for one in asked.values():
            planned[one.dataset, one.language, one.turn] += run.plan.samples
        for key, outcome in _outcomes(connection, run, asked):
            cells.extend(_row(key, asked[key[1], key[3]], outcome))
    columns = np.asarray(cells).reshape(-1, 10).T
    model, dataset, language, turn, item, context, chosen, right, biased, written = columns
    return ChoiceTable(
        models=tuple(m.label for m in run.plan.models),
        datasets=tuple(datasets.seen),
        languages=tuple(languages.seen),
        planned=dict(planned),
        model=model,
        dataset=dataset,
        language=language,
        turn=turn,
        item=item,
        context=context,
        chosen=chosen.astype(bool),
        right=right.astype(bool),
        biased=biased.astype(bool),
        written=written,
    )


def _row(key: _Key, asked: _Asked, outcome: ChoiceOutcome) -> tuple[int, ...]:
    return (
        key[0],
        asked.dataset,
        asked.language,
        asked.turn,
        asked.item,
        asked.context,
        outcome.chosen is not None,
        outcome.right,
        outcome.biased,
        WRITTEN.index(outcome.written_in),
    )


# ── what was asked ──


def _turns(question: Question, position: int, default: str, names: tuple[_Names, _Names, _Names]) -> Iterator[_Asked]:
    tags = dict(tag.split(":", 1) for tag in question.tags if ":" in tag)
    datasets, languages, items = names
    for number, turn in enumerate(question.turns, 1):
        check = choice_check(turn)
        if check is not None:
            yield _Asked(
                question,
                number,
                check,
                datasets.code(tags.get("dataset", default)),
                languages.code(tags.get("language", turn.expected_language)),
                items.code(_belongs_to(tags, position)),
                CONTEXTS.index(_context(check, tags.get("context"))),
            )


def _belongs_to(tags: dict[str, str], position: int) -> str:
    """The item that a question asks about; the variants of a template, and an item in two languages, are one."""
    if "item" in tags:
        return f"item {tags['item']}"
    if "template" not in tags:
        return f"question {position}"
    template = _VARIANT.sub("", tags["template"])
    return f"template {tags.get('dataset')} {template}"


def _context(check: ChoiceCheck, said: str | None) -> str:
    """What is right, as KoBBQ tells contexts apart; a tag decides what the options leave open."""
    if check.biased is None:
        return "none"
    if said == "ambiguous" or (said is None and check.answer == unknown_option(check)):
        return "ambiguous"
    return "biased" if check.answer == check.biased else "counter"


# ── what was answered ──


def _outcomes(
    connection: Connection, run: StoredRun, asked: dict[_Place, _Asked]
) -> Iterator[tuple[_Key, ChoiceOutcome]]:
    """What every usable answer to these turns came to."""
    if not asked:
        return
    positions = [position for position, _ in asked]
    recorded = _recorded(connection, run, min(positions), max(positions))
    a = answers.c
    here = (a.run_id == run.id) & a.question.between(min(positions), max(positions))
    left: dict[int, set[_Key]] = {}
    for model, question, sample, turn in connection.execute(
        sa.select(a.model, a.question, a.sample, a.turn).where(here, a.status.in_(("ok", "truncated")))
    ):
        key = (model, question, sample, turn)
        if (question, turn) not in asked:
            continue
        if key in recorded:
            yield key, recorded[key]
        else:
            left.setdefault(model, set()).add(key)
    for model, keys in left.items():
        yield from _read_now(connection, run.id, model, keys, asked)


def _recorded(connection: Connection, run: StoredRun, first: int, last: int) -> dict[_Key, ChoiceOutcome]:
    """What the rule judge recorded of these questions."""
    found: dict[_Key, ChoiceOutcome] = {}
    v = verdicts.c
    judges = [number for number, judge in enumerate(run.plan.judges) if judge.is_rule_judge]
    here = (v.run_id == run.id) & v.question.between(first, last) & v.judge.in_(judges[:1]) & (v.repeat == 0)
    query = sa.select(v.model, v.question, v.sample, v.turn, v.criteria).where(here, v.criteria.is_not(None))
    for model, question, sample, turn, criteria in connection.execute(query):
        outcome = ChoiceOutcome.of(json.loads(criteria))
        if outcome is not None:
            found[model, question, sample, turn] = outcome
    return found


def _read_now(
    connection: Connection, run_id: int, model: int, keys: set[_Key], asked: dict[_Place, _Asked]
) -> Iterator[tuple[_Key, ChoiceOutcome]]:
    a = answers.c
    positions = [key[1] for key in keys]
    said = (completions.c.text.label("said"), completions.c.refusal)
    query = sa.select(answers, *said).outerjoin(completions, completions.c.id == a.completion_id)
    mine = (a.run_id == run_id) & (a.model == model) & a.question.between(min(positions), max(positions))
    for row in connection.execute(query.where(mine)):
        key, text = (row.model, row.question, row.sample, row.turn), answer_text(row)
        if key in keys and text is not None and usable(row.status, text):
            one = asked[row.question, row.turn]
            yield key, read_choice(one.check, one.question, one.turn, text)
