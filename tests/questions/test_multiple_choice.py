"""How an item is asked: what an answer names by its label or its words is what was meant."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judge.checks.choice import settle
from judge.checks.language import check_turn_language
from questions.library import load_set
from questions.multiple_choice import Item, UnusableItem
from questions.source import SourceError
from questions.types import ChoiceCheck, Question
from tests.questions.choice_files import SAMPLES, Sample


def _item(*options: str, right: int = 0, **more: Any) -> Item:
    return Item(id="문항-1", category="생활", ask="알맞은 것은?", options=options, right=right, **more)


def _check(question: Question) -> ChoiceCheck:
    [check] = question.turns[0].checks
    assert isinstance(check, ChoiceCheck)
    return check


def _labels(question: Question) -> list[str]:
    """The labels in front of the options, in order."""
    lines = question.turns[0].prompt.splitlines()
    listed = [line.partition(" ") for line in lines]
    return [next(label for label, _, words in listed if words == option) for option in _check(question).options]


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        (("서울", "부산"), ["A.", "B."]),
        (tuple(f"{n}번째 도시" for n in range(1, 14)), [f"{letter}." for letter in "ABCDEFGHIJKLM"]),
        (("A형", "B형", "O형"), ["A.", "B.", "C."]),
        (("O", "A", "B", "AB"), ["1.", "2.", "3.", "4."]),
        (("(B)", "(A)"), ["1.", "2."]),
        (("1", "2", "4"), ["A.", "B.", "C."]),
        (("3", "C", "4"), ["①", "②", "③"]),
        (("ㄱ, ㄴ", "ㄴ", "ㄱ"), ["A.", "B.", "C."]),
        (("가", "나", "다"), ["A.", "B.", "C."]),
    ],
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_label_names_its_option_and_no_other(options: tuple[str, ...], labels: list[str], language: Any) -> None:
    question = _item(*options, language=language).question("우리")
    assert _labels(question) == labels
    word = "정답" if language == "ko" else "Answer"
    for place, label in enumerate(labels):
        for answer in (
            f"{word}: {label.removesuffix('.')}",
            f"풀이를 적습니다.\n\n**{word}: {label.removesuffix('.')}**",
        ):
            assert settle(options, answer).option == place, (answer, question.turns[0].prompt)


@pytest.mark.parametrize(
    ("language", "answer"), [("ko", "정답: C"), ("ko", "C"), ("en", "Answer: C"), ("en", "정답: C")]
)
def test_a_bare_answer_breaks_no_language_rule(language: Any, answer: str) -> None:
    question = _item("하나", "둘", "셋", language=language).question("우리")
    assert question.turns[0].expected_language == language
    assert check_turn_language(question, 1, answer).passed is not False


def test_the_prompt_asks_in_the_items_language() -> None:
    korean = _item("서울", "부산", passage="지문이다.").question("우리").turns[0].prompt
    english = Item("1", "x", "Which city?", ("Seoul", "Busan"), 0, language="en").question("ours").turns[0].prompt
    assert korean.startswith("지문이다.\n\n알맞은 것은?\n\nA. 서울\nB. 부산\n\n")
    assert "정답: " in korean
    assert "Answer: " in english
    assert not any("가" <= char <= "힣" for char in english), english


@given(st.permutations(["서울", "부산", "대구", "광주"]), st.integers(0, 3), st.integers(0, 10**9))
def test_shuffling_moves_options_and_nothing_else(options: list[str], right: int, seed: int) -> None:
    item = _item(*options, right=right, biased=(right + 1) % 4, unknown=(right + 2) % 4)
    plain, shuffled = _check(item.question("우리")), item.question("우리", seed)
    check = _check(shuffled)
    assert plain.options == tuple(options)
    assert sorted(check.options) == sorted(options)
    assert (check.answer, check.biased, check.unknown) == (plain.answer, plain.biased, plain.unknown)
    assert shuffled == item.question("우리", seed)
    assert f"shuffle:{seed}" in shuffled.tags
    assert _labels(shuffled) == ["A.", "B.", "C.", "D."]


@pytest.mark.parametrize("options", [("하나",), ("서울 역", "서울  역"), tuple(map(str, range(21)))])
def test_options_among_which_nobody_can_choose(options: tuple[str, ...]) -> None:
    with pytest.raises(UnusableItem):
        _item(*options).question("우리")


# ── files ──

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["text", "label", "choices", "labels"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), sample=st.sampled_from(SAMPLES))
def test_whatever_a_cell_holds_it_is_read_or_refused_in_one_line(
    tmp_path: Path, data: st.DataObject, sample: Sample
) -> None:
    row = dict(data.draw(st.sampled_from(sample.rows)))
    for column in data.draw(st.lists(st.sampled_from(sorted(row)), max_size=2)):
        row[column] = data.draw(json_values)
    path = _write(tmp_path / "items.jsonl", [row])
    try:
        checks, said = [_check(question) for question in load_set(f"{sample.reader}:{path}").questions], ""
    except SourceError as error:
        checks, said = [], str(error)
    assert all(check.answer in check.options for check in checks)
    assert checks or (said.startswith(str(path)) and said.isprintable()), said


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _kmmlu(path: Path) -> Path:
    return _write(
        path,
        [
            {
                "question": f"{n}번 문항은?",
                "A": "가을",
                "B": "겨울",
                "C": "봄",
                "D": "여름",
                "answer": 2,
                "Category": "계절",
            }
            for n in range(30)
        ],
    )


def test_a_seed_in_the_readers_name_shuffles_what_is_not_shuffled_by_itself(tmp_path: Path) -> None:
    path = _kmmlu(tmp_path / "k.jsonl")
    plain, seven, eight = (load_set(f"{reader}:{path}") for reader in ("kmmlu", "kmmlu@7", "kmmlu@8"))
    assert [s.set for s in (plain, seven, eight)] == ["kmmlu:k", "kmmlu@7:k", "kmmlu@8:k"]
    assert plain.notices == ()
    assert seven.notices == (f"{path}: options are shuffled with seed 7; kmmlu@N:FILE shuffles with another",)
    assert len({s.digest() for s in (plain, seven, eight)}) == 3
    assert seven.digest() == load_set(f"kmmlu@7:{path}").digest() == load_set(str(path), "kmmlu@7").digest()
    assert {_check(q).answer for s in (plain, seven, eight) for q in s.questions} == {"겨울"}
    assert len({_check(q).options.index("겨울") for q in seven.questions}) == 4


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("kmmlu@", "kmmlu@: the seed is a whole number, as in kmmlu@7:FILE"),
        ("kmmlu@x", "kmmlu@x: the seed is a whole number"),
        ("table@3", "table@3: table has no options to shuffle"),
        ("kmlu@3", "no reader 'kmlu'; did you mean 'kmmlu'?"),
    ],
)
def test_a_seed_that_cannot_be(tmp_path: Path, reader: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        load_set(f"{reader}:{_kmmlu(tmp_path / 'k.jsonl')}")
    assert said in str(caught.value)


@pytest.mark.parametrize("numbered", [True, False])
def test_the_same_item_in_two_languages_has_one_key(tmp_path: Path, numbered: bool) -> None:
    def rows(endings: list[str], context: str) -> list[dict[str, Any]]:
        made = [{"ctx_a": f"{context} {n}.", "ctx_b": "", "endings": endings, "label": str(n % 4)} for n in range(3)]
        return [{"ind": 40 + n, **row} for n, row in enumerate(made)] if numbered else made

    korean = _write(tmp_path / "ko.jsonl", rows(["면을 넣는다.", "잔다.", "나간다.", "닦는다."], "물이 끓는다"))
    english = _write(tmp_path / "en.jsonl", rows(["sleeps.", "leaves.", "sings.", "cleans."], "The water boils"))
    found = [load_set(str(path)) for path in (korean, english)]
    keys = [[tag for q in s.questions for tag in q.tags if tag.startswith("item:")] for s in found]
    first = 40 if numbered else 1
    assert keys[0] == keys[1] == [f"item:hellaswag/{first + n}" for n in range(3)]
    languages = [[tag for q in s.questions for tag in q.tags if tag.startswith("language:")] for s in found]
    assert languages == [["language:ko"] * 3, ["language:en"] * 3]


def test_layout_marks_of_web_pages_are_no_words(tmp_path: Path) -> None:
    row = {
        "ind": 1,
        "activity_label": "Garden",
        "ctx_a": "[header] How to water a garden [title] Wait for the evening.",
        "ctx_b": "",
        "endings": ["Then water it. [substeps] Slowly.", "Then sing.", "Then read [1].", "Then leave."],
        "label": "0",
    }
    [question] = load_set(str(_write(tmp_path / "en.jsonl", [row]))).questions
    assert question.turns[0].prompt.startswith("How to water a garden Wait for the evening.\n\n")
    assert _check(question).options[:3] == ("Then water it. Slowly.", "Then sing.", "Then read [1].")


def test_clicks_category_is_in_its_ids(tmp_path: Path) -> None:
    rows = [
        {"id": name, "paragraph": "", "question": "무엇일까?", "choices": ["하나", "둘", "셋", "넷"], "answer": "둘"}
        for name in ("KIIP_economy_3", "KHB_12_7", "CSAT_korean_22_10")
    ]
    found = load_set(str(_write(tmp_path / "click.jsonl", rows)))
    assert [q.category for q in found.questions] == ["KIIP_economy", "KHB", "CSAT_korean"]


@pytest.mark.parametrize(
    ("file", "name", "category"),
    [
        ("law/test.jsonl", "law-test", "law"),
        ("law/test-00000-of-00001.jsonl", "law-test-00000-of-00001", "law"),
        ("Law-dev.jsonl", "Law-dev", "Law"),
        ("나의 법.jsonl", "나의-법", "나의-법"),
        (f"{'법' * 80}.jsonl", "법" * 50, "법" * 50),
    ],
)
def test_a_file_of_one_subject_is_named_by_it(tmp_path: Path, file: str, name: str, category: str) -> None:
    (tmp_path / "law").mkdir()
    row = {"question": "무엇?", "A": "가을", "B": "봄", "C": "여름", "D": "겨울", "answer": 1}
    found = load_set(str(_write(tmp_path / file, [row, {**row, "Category": "민법"}])))
    assert (found.set, [q.category for q in found.questions]) == (f"kmmlu:{name}", [category, "민법"])
