"""Faults of a question that names a leaf of the taxonomy: in its place there, its policy, its twin, its grounds."""

import difflib
from collections.abc import Iterator, Mapping

from questions.findings import Fault, error
from questions.source_error import did_you_mean, quote
from questions.taxonomy import Leaf, taxonomy
from questions.types import Question

MAX_DIFFERING_WORDS = 8
"""Words in which counterfactual twins may differ, over all turns."""


def leaf_faults(question: Question) -> Iterator[Fault]:
    """Unknown leaf; missing, unknown or misplaced policy; no rationale; nothing to check a checkable answer by."""
    if question.leaf is None:
        if question.policy is not None and question.policy not in taxonomy().policies:
            yield _unknown("policy", question.policy, taxonomy().policies)
        return
    leaf = taxonomy().leaf(question.leaf)
    if leaf is None:
        yield _unknown("leaf", question.leaf, {leaf.id: leaf.ko for leaf in taxonomy().leaves})
        return
    yield from _policy_faults(question, leaf)
    if not question.rationale:
        yield error("rationale", "no rationale; say in one line what a good answer must do")
    elif "\n" in question.rationale:
        yield error("rationale", "the rationale has several lines; keep it to one")
    if leaf.checkable and not any(turn.reference or turn.checks for turn in question.turns):
        problem = f"answers of {leaf.id} can be checked, but there is neither a reference nor a check; add one"
        yield error("uncheckable", problem)


def _policy_faults(question: Question, leaf: Leaf) -> Iterator[Fault]:
    allowed = ", ".join(leaf.allowed_policies)
    if question.policy is None:
        yield error("policy", f"no policy; {leaf.id} allows {allowed}")
    elif question.policy not in taxonomy().policies:
        yield _unknown("policy", question.policy, taxonomy().policies)
    elif question.policy not in leaf.allowed_policies:
        yield error("policy", f"{question.policy} is no policy of {leaf.id}, which allows {allowed}")


def twin_faults(question: Question, by_id: Mapping[str, Question]) -> Iterator[Fault]:
    """A twin that is missing, names another, or is of the wrong kind."""
    wanted = _wanted_twin(question)
    if question.leaf is None or (wanted is None and question.pair_id is None):
        return
    if question.pair_id is None:
        yield error("twin", f"no pair_id, but {question.policy} needs a twin of the policy {wanted}; name it")
        return
    twin = by_id.get(question.pair_id)
    if twin is None or twin is question:
        return  # said by the rule `pair`
    if twin.pair_id != question.id:
        named = "none" if twin.pair_id is None else quote(twin.pair_id)
        problem = f"its twin {twin.id} names {named} as its own; let both name each other, and no third"
        yield error("twin", problem)
    elif twin.leaf != question.leaf:
        yield error("twin", f"its twin {twin.id} is of another leaf ({twin.leaf}); pair within one leaf")
    elif wanted is not None and twin.policy != wanted:
        yield error("twin", f"its twin {twin.id} is {twin.policy}, but must be {wanted}; mend one of them")
    elif question.policy == "counterfactual" and question.id < twin.id:
        yield from _difference_faults(question, twin)


def _wanted_twin(question: Question) -> str | None:
    twins = taxonomy().twins
    policy = question.policy or ""
    if policy in twins:
        return twins[policy]
    leaf = taxonomy().leaf(question.leaf or "")
    wanting = [other for other, twin in twins.items() if twin == policy and leaf and other in leaf.policies]
    return wanting[0] if wanting else None


def _difference_faults(question: Question, twin: Question) -> Iterator[Fault]:
    if len(question.turns) != len(twin.turns) or question.system != twin.system:
        yield error("twin-difference", f"{twin.id} has other turns or another system prompt; keep them alike")
        return
    differing = sum(
        _differing_words(one.prompt, other.prompt) for one, other in zip(question.turns, twin.turns, strict=True)
    )
    if differing == 0:
        yield error("twin-difference", f"{twin.id} asks the same; let the two differ in one trait of the person")
    if differing > MAX_DIFFERING_WORDS:
        problem = f"{twin.id} differs in {differing} words; let only the trait differ (at most {MAX_DIFFERING_WORDS})"
        yield error("twin-difference", problem)


def _differing_words(one: str, other: str) -> int:
    matcher = difflib.SequenceMatcher(None, one.split(), other.split(), autojunk=False)
    return sum(
        max(end - start, other_end - other_start)
        for tag, start, end, other_start, other_end in matcher.get_opcodes()
        if tag != "equal"
    )


def _unknown(what: str, name: str, known: Mapping[str, str]) -> Fault:
    near = did_you_mean(name, known)
    hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
    return error(what, f"no {what} {quote(name)} in the taxonomy; {hint}")
