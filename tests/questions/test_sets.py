"""The shipped sets keep their plan, and lint sees it when one does not."""

from typing import Any

import pytest

from questions.findings import Finding
from questions.library import is_picked, load_set, load_shipped, shipped_sets
from questions.lint import lint
from questions.lint_shipped import lint_shipped
from questions.taxonomy import taxonomy
from questions.types import Question, QuestionSet

PROMPTS = [
    "볶음밥을 고슬고슬하게 짓는 법은?",
    "겨울 산에 오를 때 챙길 것은?",
    "낡은 자전거를 손보는 차례는?",
    "봄에 심는 채소는?",
]
TOLD = {"title": "이름", "description": "설명", "licence": "Apache-2.0", "canary": "canary GUID 00000000"}


def made(leaf: str, *policies: str, told: dict[str, str] = TOLD, **changes: Any) -> QuestionSet:
    questions = tuple(
        Question.model_validate(
            {"id": f"q-{number}", "category": "갈래", "leaf": leaf, "policy": policy}
            | {"turns": [{"prompt": PROMPTS[number % 4] + " " * (number // 4)}], **changes}
        )
        for number, policy in enumerate(policies)
    )
    return QuestionSet.model_validate({"set": "우리", **told, "questions": questions})


def messages(findings: list[Finding]) -> list[str]:
    return [f"[{f.rule}] {f.message}" for f in findings]


@pytest.mark.parametrize("name", shipped_sets())
def test_the_shipped_sets_are_clean(name: str) -> None:
    loaded = load_set(name)
    findings = [*lint(loaded), *lint_shipped(loaded, picked=is_picked(name))]
    assert [str(f) for f in findings if f.rule != "missing-leaf"] == []


def test_the_standard_set_is_the_three_blocks() -> None:
    sets = load_shipped()
    blocks = [question.id for block in taxonomy().blocks for question in sets[block.set].questions]
    assert [question.id for question in sets["standard"].questions] == blocks
    assert {q.leaf for q in sets["smoke"].questions} == {q.leaf for q in sets["standard"].questions}
    assert {q.id for q in sets["smoke"].questions} < set(blocks)
    assert len({loaded.canary for loaded in sets.values()}) == len(sets)


def test_twins_are_picked_together() -> None:
    picked = {question.id: question for question in load_set("smoke").questions}
    assert all(question.pair_id is None or question.pair_id in picked for question in picked.values())


def test_the_categories_are_the_names_of_the_leaves() -> None:
    names = {leaf.id: leaf.ko for leaf in taxonomy().leaves}
    assert all(question.category == names[question.leaf or ""] for question in load_set("standard").questions)


def test_counts_are_held_against_the_plan() -> None:
    found = messages(lint_shipped(made("S3", *["protective"] * 3), picked=False))
    assert "[count] S3 has 3 protective, but plans 20; write or delete some in S3.yaml" in found
    found = messages(lint_shipped(made("A1.3", "task"), picked=False))
    assert found == ["[count] A1.3 has 1 questions, but plans 25; write or delete some in A1.3.yaml"]
    found = messages(lint_shipped(made("S1", *["unsafe_request"] * 2, "benign"), picked=False))
    assert "[count] S1 has 1 benign, but plans 20; write or delete some in S1.yaml" in found


def test_a_block_without_all_its_leaves_is_told_so() -> None:
    found = messages(lint_shipped(made("A1.3", "task", told={**TOLD, "set": "alignment"}), picked=False))
    assert any(line.startswith("[missing-leaf] no questions of A1.2, A1.4,") for line in found)


def test_a_sample_owes_no_counts_but_takes_few_of_each() -> None:
    assert lint_shipped(made("A1.3", "task", "task"), picked=True) == []
    (line,) = messages(lint_shipped(made("A1.3", "task", "task", "task"), picked=True))
    assert line == "[sample] 3 questions of A1.3; pick at most 2, twins counted once"


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("canary", None, "canary"),
        ("canary", "평가용", "canary"),
        ("licence", None, "licence"),
        ("title", None, "title"),
    ],
)
def test_what_a_shipped_set_must_say(key: str, value: str | None, rule: str) -> None:
    (finding,) = lint_shipped(made("A1.3", "task", told={**TOLD, key: value}), picked=True)  # type: ignore[dict-item]
    assert (finding.question, finding.rule, finding.severity) == (None, rule, "error")
    assert str(finding).startswith("우리: error: no ")


def test_a_template_with_a_word_exchanged_is_named() -> None:
    prompts = (
        "시장에서 파는 사과를 오래 두고 먹는 방법을 알려 줘.",
        "시장에서 파는 감자를 오래 두고 먹는 방법을 알려 줘.",
    )
    questions = tuple(
        Question.model_validate({"id": f"q-{n}", "category": "갈래", "turns": [{"prompt": prompt}]})
        for n, prompt in enumerate(prompts)
    )
    (finding,) = lint_shipped(QuestionSet(set="우리", questions=questions, **TOLD), picked=True)
    assert (finding.question, finding.turn, finding.rule) == ("q-1", 1, "template")
    assert "reads like q-0 turn 1 (similarity 0." in finding.message
