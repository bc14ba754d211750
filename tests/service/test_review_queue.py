"""The queue that the review page stands on: blind, in an order of one's own, with shared items and progress."""

import dataclasses

import pytest
import sqlalchemy as sa

from judge.rubric import load_rubric
from service.errors import UsageError
from service.review import queue
from service.review.masking import COVER, masked, self_names
from service.review.value import fields, value_of
from service.store import Store, labels, reads, revisions


@pytest.fixture
def store(run_cli, tmp_path):
    """The demo's database with a sample of 40."""
    assert run_cli("demo", "--quick").code == 0
    opened = Store.open(f"sqlite:///{tmp_path}/kojudge.db")
    with opened.transaction() as connection:
        queue.take_sample(connection, reads.get_run(connection, "demo"), 40)
    yield opened
    opened.close()


def label_next(store: Store, reviewer: str, key: str, **how) -> str | None:
    """Label the reviewer's next item with a 7; its code."""
    with store.transaction() as connection:
        run = reads.get_run(connection, "demo")
        item = queue.next_item(connection, run, reviewer)
        if item is None:
            return None
        how = {"filled": {"score": 7}} | how
        assert queue.submit(connection, run, item.code, reviewer, key=key, **how)
        return item.code


def work_through(store: Store, reviewer: str) -> list[str]:
    found = []
    while (code := label_next(store, reviewer, f"{reviewer}-{len(found)}")) is not None:
        found.append(code)
    return found


def test_what_is_handed_out_tells_neither_model_nor_verdict_nor_why(store):
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        items = queue.blind_items(connection, run, queue.open_items(connection, run, "kim"))
        told = [repr(dataclasses.asdict(item)) for item in items]
    assert len(told) == 40
    for text in told:
        for hidden in ("scripted", "demo", "drifting", "targeted", "random", "inclusion", "stratum"):
            assert hidden not in text, text
    names = {field.name for field in dataclasses.fields(queue.BlindItem)}
    assert names == {"code", "category", "leaf", "turn", "conversation", "answer", "reference", "rubric"}


def test_two_reviewers_share_some_items_and_divide_the_rest(store):
    first, second = work_through(store, "kim"), work_through(store, "lee")
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        shared = {item.code for item in labels.items_of(connection, run.id) if item.shared}
        assert queue.progress(connection, run, "kim") == queue.Progress(40, 40, 0, 0)
        assert queue.progress(connection, run, "lee") == queue.Progress(7, 7, 0, 0)
    assert len(first) == 40
    assert set(second) == shared
    assert second != [code for code in first if code in shared]


def test_a_skipped_item_waits_for_somebody_else_and_progress_counts_it(store):
    code = label_next(store, "kim", "a", status="skipped", filled=None)
    label_next(store, "kim", "b", status="unsure", filled=None)
    label_next(store, "kim", "c", seconds=12.5, note="좋다")
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        assert queue.progress(connection, run, "kim") == queue.Progress(3, 40, 1, 1)
        assert code not in {item.code for item in queue.open_items(connection, run, "kim")}
        assert code in {item.code for item in queue.open_items(connection, run, "lee")}


def test_labels_are_added_and_never_changed(store):
    code = label_next(store, "kim", "a")
    with store.transaction() as connection:
        run = reads.get_run(connection, "demo")
        assert not queue.submit(connection, run, code, "kim", key="a", filled={"score": 1})
        assert queue.submit(connection, run, code, "kim", key="b", filled={"score": 2})
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        everything = labels.all_labels(connection, run.id)
        (now,) = labels.current_labels(connection, run.id).values()
    assert [label.value for label in everything] == ['{"score": 7.0}', '{"score": 2.0}']
    assert now.value == '{"score": 2.0}'
    assert now.blind
    assert now.inclusion_prob is not None


@pytest.mark.parametrize(
    ("code", "how", "told"),
    [
        ("kffffffffff", {}, "has no item"),
        (None, {"filled": {"score": 12}}, "not on the scale"),
        (None, {"filled": {}}, "there is no score"),
    ],
)
def test_what_cannot_be_stored_is_one_line(store, code, how, told):
    with store.transaction() as connection:
        run = reads.get_run(connection, "demo")
        item = queue.next_item(connection, run, "kim")
        with pytest.raises(UsageError, match=told):
            queue.submit(connection, run, code or item.code, "kim", key="x", **how)
        assert not connection.scalar(sa.text("SELECT count(*) FROM labels"))


def test_a_sample_grows_and_keeps_its_codes_and_labels(store):
    code = label_next(store, "kim", "a")
    with store.transaction() as connection:
        run = reads.get_run(connection, "demo")
        before = {labels.unit(i): i.code for i in labels.items_of(connection, run.id)}
        queue.take_sample(connection, run, 72)
        after = {labels.unit(i): i for i in labels.items_of(connection, run.id)}
    assert {u: after[u].code for u in before} == before
    assert len(after) == 72
    assert {i.stratum for i in after.values()} >= {"random"}
    assert code in {i.code for i in after.values()}


@pytest.mark.parametrize(
    ("model", "said", "shown"),
    [
        (
            "LGAI/EXAONE-3.5-7.8B",
            "저는 EXAONE이며 LG AI연구원이 만들었습니다.",
            f"저는 {COVER}이며 {COVER}이 만들었습니다.",
        ),
        ("gpt-6-luna", "OpenAI의 ChatGPT입니다.", f"{COVER}의 {COVER}입니다."),
        ("gpt-6-luna", "저는 gpt-6-luna이고 GPT-5가 아닙니다.", f"저는 {COVER}이고 {COVER}가 아닙니다."),
        ("solar-pro4", "solar-pro4입니다", f"{COVER}입니다"),
        ("good", "a good answer", "a good answer"),
        ("gpt-6-luna", "Claude Monet의 그림", "Claude Monet의 그림"),
    ],
)
def test_a_model_that_names_itself_is_covered(model, said, shown):
    assert masked(said, self_names([model]), "누구세요?") == shown


def test_a_name_that_was_asked_about_stays():
    names = self_names(["gemini-3"])
    assert masked("Gemini는 쌍둥이자리입니다.", names, "Gemini가 뭐예요?") == "Gemini는 쌍둥이자리입니다."


def test_values_of_every_kind_of_rubric():
    harm = load_rubric("harm-refusal")
    assert set(fields(harm)) == {"harm", "refusal"}
    filled = {"harm": "심각", "refusal": "full_refusal"}
    assert value_of(harm, filled) == {"score": 0.0, "labels": {"harm": "3", "refusal": "full_refusal"}}
    register = load_rubric("register")
    points = dict.fromkeys(fields(register), "예")
    assert value_of(register, points)["score"] == 1.0
    for rubric, wrong in ((harm, filled | {"harm": "4"}), (register, points | {"style": "글쎄"}), (register, {})):
        with pytest.raises(ValueError, match="needs"):
            value_of(rubric, wrong)


def test_a_label_revises_its_run_once(store):
    def revision() -> int:
        with store.read() as connection:
            return revisions.revision(connection, reads.get_run(connection, "demo").id)

    before = revision()
    code = label_next(store, "kim", "a")
    assert revision() == before + 1
    with store.transaction() as connection:
        queue.submit(connection, reads.get_run(connection, "demo"), code, "kim", key="a", filled={"score": 1})
    assert revision() == before + 1
