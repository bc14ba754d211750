"""Markdown of others keeps its form and loses what it could do; `dashboard.escaping` makes every character visible."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dashboard.escaping import clean, escaped
from dashboard.formatted import formatted
from dashboard.safe_text import label

HARMFUL = {"image", "link_open", "html_block", "html_inline"}
ALPHABET = st.sampled_from(
    [*"[]()!<>*_`~#-+|$:\\&;\"' \n\tab1=.@/", "http://e.x/", "![a](b)", "<img>", "```", "[r]: x\n"]
)


def tokens(markdown: str) -> list[Token]:
    """Everything a reader of Markdown finds, raw HTML included."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return [token for block in parsed for token in (block, *(block.children or []))]


@example("$![a](b)$", True)
@example("$<img>$", True)
@example("$<http://e.x/>$", True)
@given(st.lists(ALPHABET, max_size=60).map("".join), st.booleans())
def test_no_written_markdown_holds_a_picture_a_link_or_html(text: str, maths: bool) -> None:
    for written in (formatted(text, maths=maths), escaped(text), label(text)):
        found = [t.type for t in tokens(written) if t.type in HARMFUL]
        assert not found, (text, written)


@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_escaped_text_reads_as_itself(text: str) -> None:
    def squeezed(words: str) -> str:
        return "".join(c for c in words if not c.isspace() and c not in "\u200b\u2060")

    shown = "".join(
        t.content for t in tokens(escaped(clean(text))) if t.type in ("text", "code_inline", "text_special")
    )
    assert squeezed(shown) == squeezed(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# 제목", "#### 제목"),
        ("- 하나\n- 둘\n  1. 셋", "- 하나\n- 둘\n  \n  1. 셋"),
        ("**굵게** *기울임* ~~지움~~ `a|b`", "**굵게** *기울임* ~~지움~~ ` a|b `"),
        ("> 인용", "> 인용"),
        ("```python\nx = `1`\n```", "```\nx = `1`\n```"),
        ("~~~\n```\n", "````\n```\n````"),
        ("| a | b |\n|---|---|\n| `x` | 2 |", "| a | b |\n| --- | --- |\n| ` x ` | 2 |"),
        ("![그림](x.png)", r"\[그림\] \(x\.png\)"),
        ("[글](javascript:x)", r"\[글\]\(javascript\:x\)"),
        ("[글](/a)", r"\[글\] \(\/a\)"),
        ("&#8238;&lt;b&gt;", r"⟦U\+202E⟧\<b\>"),
    ],
)
def test_form_is_kept(text: str, written: str) -> None:
    assert formatted(text) == written


@pytest.mark.parametrize("source", ["$x^2$", r"\(x^2\)"])
def test_formulas_are_text_unless_they_are_asked_for(source: str) -> None:
    assert formatted(f"값은 {source} 이다", maths=True) == "값은 $x^2$ 이다"
    assert "x^2" not in formatted(f"값은 {source} 이다")
    assert formatted("값은 $5 그리고 $6", maths=True) == "값은 \\$5 그리고 \\$6"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟦U+202E⟧b"),
        ("\x1b[31m빨강", "⟦ESC⟧[31m빨강"),
        ("\x00\u200b\ufeff", "⟦U+0000⟧⟦U+200B⟧⟦U+FEFF⟧"),
        ("e" + "\u0301" * 9, "é" + "\u0301" * 4 + "⟦…⟧"),
        ("열쇠 sk-abcdefghijklmnopqrst 끝", "열쇠 sk-⟦…⟧ 끝"),
        ("up_abcdefghijklmnopqrst", "up_⟦…⟧"),
        ("sk-8 기차", "sk-8 기차"),
    ],
)
def test_what_is_hidden_is_shown_and_keys_are_not(text: str, shown: str) -> None:
    assert clean(text) == shown
