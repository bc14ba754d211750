"""What a set needs before kojudge ships it: its plan kept, its canary, its licence, no wrong help line."""

from collections import Counter
from collections.abc import Iterator

from questions.findings import Fault, Finding, error
from questions.lint_help_lines import help_line_faults
from questions.near_duplicates import near_duplicates
from questions.taxonomy import Leaf, taxonomy
from questions.types import Question, QuestionSet

SIMILAR = 0.5
"""Two prompts so alike share a template."""

MAX_PICKED = 2
"""Questions a leaf, of a set that is picked from others; twins count as one."""


def lint_shipped(questions: QuestionSet, *, picked: bool) -> list[Finding]:
    """The faults of a shipped set; a `picked` one is a sample and owes no counts, but something of every leaf."""
    found = [(None, fault) for fault in _set_faults(questions)]
    counts = _sample_faults(questions) if picked else _count_faults(questions)
    calls = ((question.id, fault) for question in questions.questions for fault in help_line_faults(question))
    return [
        Finding.of(questions.set, question, fault)
        for question, fault in [*found, *((None, fault) for fault in counts), *_templates(questions), *calls]
    ]


def _set_faults(questions: QuestionSet) -> Iterator[Fault]:
    if not questions.canary or "GUID" not in questions.canary:
        yield error("canary", "no canary line with a GUID; add one, so that training data can be searched for it")
    if not questions.licence:
        yield error("licence", "no licence; name the one it is shipped under")
    if not (questions.title and questions.description):
        yield error("title", "no title or no description; say what it asks")


def _count_faults(questions: QuestionSet) -> Iterator[Fault]:
    leaves = [leaf for leaf in taxonomy().leaves if any(question.leaf == leaf.id for question in questions.questions)]
    for leaf in leaves:
        policies = Counter(question.policy for question in questions.questions if question.leaf == leaf.id)
        planned: dict[str, int] = dict(leaf.policies)
        for policy, count in planned.items():
            if policies[policy] != count:
                yield error("count", f"{leaf.id} has {policies[policy]} {policy}, but plans {count}; {_mend(leaf)}")
        if policies.total() != leaf.planned:
            yield error("count", f"{leaf.id} has {policies.total()} questions, but plans {leaf.planned}; {_mend(leaf)}")
    for block in taxonomy().blocks:
        if block.set == questions.set:
            missing = [leaf.id for leaf in taxonomy().leaves_of(block.id) if leaf.planned and leaf not in leaves]
            if missing:
                yield Fault(None, "missing-leaf", "warning", f"no questions of {', '.join(missing)}; write them")


def _mend(leaf: Leaf) -> str:
    return f"write or delete some in {leaf.id}.yaml"


def _sample_faults(questions: QuestionSet) -> Iterator[Fault]:
    ids = {question.id for question in questions.questions}
    counted = Counter(
        question.leaf
        for question in questions.questions
        if not (question.pair_id in ids and (question.pair_id or "") < question.id)
    )
    for leaf_id, count in counted.items():
        if count > MAX_PICKED:
            yield error("sample", f"{count} questions of {leaf_id}; pick at most {MAX_PICKED}, twins counted once")


def _templates(questions: QuestionSet) -> Iterator[tuple[str, Fault]]:
    """Prompts of different conversations that read like one template."""
    asked = [
        (question, number, turn.prompt)
        for question in questions.questions
        for number, turn in enumerate(question.turns, 1)
    ]
    for first, second, similarity in near_duplicates([prompt for *_, prompt in asked], SIMILAR):
        (one, number_one, _), (other, number_other, _) = asked[first], asked[second]
        if not _belong_together(one, other):
            problem = f"reads like {one.id} turn {number_one} (similarity {similarity:.2f}); write it anew"
            yield other.id, Fault(number_other, "template", "error", problem)


def _belong_together(one: Question, other: Question) -> bool:
    return one.id == other.id or one.pair_id == other.id
