"""How an answer looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.checks.style import style_of


@pytest.mark.parametrize(
    ("text", "headers", "lists", "bold"),
    [
        ("그냥 문장입니다. 1+1=2, a*b*c, x_1__y", 0, 0, 0),
        ("# 제목\n\n본문\n## 소제목\n#해시", 2, 0, 0),
        ("- 하나\n* 둘\n  + 셋\n1. 넷\n12) 다섯\n-아님\n2024년", 0, 5, 0),
        ("**굵게** 그리고 __굵게__, ** 아님 **, ****", 0, 0, 2),
        ("```\n# 주석\n- 코드\n**굵게**\n```\n# 제목", 1, 0, 0),
        ("~~~py\n# 끝나지 않은 코드\n- 하나", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_marks_are_counted_outside_code_for_each_thousand_characters(text, headers, lists, bold):
    found = style_of(text)
    counted = [round(share * len(text) / 1000, 9) for share in found[1:]]
    assert (found.length, counted) == (len(text), [headers, lists, bold])


@given(st.text(alphabet="`~#*-_ \n가a1.", max_size=300))
def test_any_text_has_a_style(text):
    found = style_of(text)
    assert found.length == len(text)
    assert all(share >= 0 for share in found)


def test_hostile_text_takes_no_long_time():
    for part in ("**a", "__", "`" * 3 + "\n", "# ", "- ", "*" * 9, "\n", " ", "\n```"):
        style_of(part * 20_000)
