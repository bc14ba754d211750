"""Scores weighted by what a judge could have written: tokens of every cut, and an honest step back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.grading.weighted import compact, restored, weighted_score
from judge.scale import Scale
from providers.types import TokenLogprob

TEN = Scale(min=0, max=10, step=1)


def token(text: str, **others: float) -> TokenLogprob:
    """A token of what probability the others leave; their names may be digits (`_8`)."""
    top = tuple((name.lstrip("_"), math.log(p)) for name, p in others.items())
    return TokenLogprob(text, math.log(1 - sum(others.values())), top)


def reply(*score: TokenLogprob) -> list[TokenLogprob]:
    return [token("평가: 3번이 좋다.\n"), token("점수"), token(": "), *score]


@pytest.mark.parametrize(
    ("tokens", "read", "expected", "mass"),
    [
        (reply(token("8")), 8, 8.0, 1.0),
        (reply(token("8", _7=0.25)), 8, 7.75, 1.0),
        (reply(token("8", _7=0.2, 높음=0.2)), 8, (8 * 0.6 + 7 * 0.2) / 0.8, 0.8),
        (reply(token(" 8", _7=0.25)), 8, 7.75, 1.0),
        (reply(token("８", _7=0.25)), 8, 7.75, 1.0),
        (reply(token("10", _9=0.5)), 10, 9.5, 1.0),
        # 10 in two tokens: whether it goes on is for the second token to say
        (reply(token("1"), token("0")), 10, 10.0, 1.0),
        (reply(token("1", _9=0.5), token("0")), 10, 9.5, 1.0),
        (reply(token("1"), token("0", **{"\n": 0.25})), 10, 0.75 * 10 + 0.25 * 1, 1.0),
        (reply(token("1"), token("\n", _0=0.25)), 1, 0.75 * 1 + 0.25 * 10, 1.0),
        # 8 was written; that 1 could have become 10 is not known, so it does not count
        (reply(token("8", _1=0.25)), 8, 8.0, 0.75),
        # the last writing of the score counts, not a number that is spoken of before
        ([token("8", _1=0.4), *reply(token("8", _6=0.5))], 8, 7.0, 1.0),
        ([token('{"score":'), token(" 8", _9=0.5), token("}")], 8, 8.5, 1.0),
        (reply(token("0", _2=0.5)), 0, 1.0, 1.0),
    ],
)
def test_the_mean_over_what_could_have_been_written(tokens, read, expected, mass):
    got = weighted_score(tokens, TEN, read)
    assert got.score == pytest.approx(expected), got
    assert got.mass == pytest.approx(mass), got


@pytest.mark.parametrize(
    ("tokens", "scale", "reason"),
    [
        (None, TEN, "no probabilities"),
        ([], TEN, "no probabilities"),
        (reply(token("여덟")), TEN, "not found"),
        (reply(token("8", 높음=0.6)), TEN, "too little probability"),
        (reply(token("8")), Scale(min=0, max=10, step=0.5), "other than whole numbers"),
        (reply(token("8")), Scale(min=0, max=10, step=None), "other than whole numbers"),
    ],
)
def test_where_it_cannot_be_had_the_written_score_stands_and_says_why(tokens, scale, reason):
    got = weighted_score(tokens, scale, 8)
    assert got.score is None
    assert reason in got.told(8)["fell_back"], got


def test_what_the_ledger_keeps_gives_the_same_score():
    tokens = reply(token("1", _9=0.5), token("0", **{"\n": 0.25}))
    kept = restored(compact(tokens) or [])
    assert weighted_score(kept, TEN, 10).score == pytest.approx(weighted_score(tokens, TEN, 10).score, abs=1e-3)
    assert all(not t.top for t in restored(compact([token("좋다", 나쁘다=0.3)]) or []))
    assert compact(None) is None


TEXTS = st.sampled_from(["8", "1", "0", "10", "점수: ", " ", "\n", "높음", "７", "99999999999999999999"])
ODDS = st.floats(-20, 0)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(TEXTS, st.floats(-20, 0), st.lists(st.tuples(TEXTS, st.floats(-20, 0)), max_size=4)), max_size=8
    ),
    st.integers(0, 10),
)
def test_any_tokens_give_a_score_on_the_scale_or_none(parts, read):
    tokens = [TokenLogprob(text, logprob, tuple(top)) for text, logprob, top in parts]
    got = weighted_score(tokens, TEN, read)
    assert got.score is None or 0 <= got.score <= 10, got
