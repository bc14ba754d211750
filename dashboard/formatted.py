"""Markdown of others, written anew as Markdown that can only be looked at.

It is parsed, and of what was found only paragraphs, headings (three levels down), lists, quotations, code, tables and
emphasis are written again, everything inside them escaped. Links and pictures become `[words] (address)`, raw HTML its
own source; Streamlit's directives and names in colons are text; formulas are text unless they are asked for.
"""

import re
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.tree import SyntaxTreeNode

from dashboard.escaping import clean, escaped_line

_FORMULA = re.compile(
    r"\$\$([^$]{1,1000})\$\$|\$(?! )([^$\n]{1,1000})(?<! )\$(?!\d)|\\\((.{1,1000}?)\\\)|\\\[(.{1,1000}?)\\\]", re.DOTALL
)
_LOWER = 3
_LINK = re.compile(r"\]\(|\]\[|<[A-Za-z/!?][^<>]*>")


def formatted(text: str, *, maths: bool = False) -> str:
    """Markdown for `st.markdown`. `maths`: what stands in `$`, `\\(…\\)` or `\\[…\\]` is a formula."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    if maths:
        parser.inline.ruler.before("escape", "formula", _formula)
    return "\n\n".join(_blocks(SyntaxTreeNode(parser.parse(clean(text))).children))


def _formula(state: StateInline, silent: bool) -> bool:
    found = _FORMULA.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content = " ".join(next(part for part in found.groups() if part is not None).split())
        token.markup = "$$" if found[0].startswith(("$$", "\\[")) else "$"
    state.pos = found.end()
    return True


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> list[str]:
    return [_block(node) for node in nodes]


def _block(node: SyntaxTreeNode) -> str:
    if node.type in ("fence", "code_block"):
        return _code(node.content)
    if node.type == "hr":
        return "***"
    if node.type == "heading":
        return "#" * min(6, int(node.tag[1]) + _LOWER) + " " + _inline(node, " ")
    if node.type == "table":
        return _table(node)
    if node.type == "blockquote":
        return _behind("> ", "> ", node)
    if node.type in ("bullet_list", "ordered_list"):
        start = int(node.attrs.get("start", 1))
        marks = [f"{start + n}. " if node.type == "ordered_list" else "- " for n in range(len(node.children))]
        return "\n".join(_behind(mark, " " * len(mark), item) for mark, item in zip(marks, node.children, strict=True))
    return _inline(node, "\n")


def _behind(first: str, others: str, node: SyntaxTreeNode) -> str:
    lines = "\n\n".join(_blocks(node.children)).split("\n")
    return "\n".join((others if n else first) + line for n, line in enumerate(lines))


def _code(content: str) -> str:
    fence = "`" * max(3, 1 + _longest_run(content))
    return f"{fence}\n{content.rstrip(chr(10))}\n{fence}"


def _table(node: SyntaxTreeNode) -> str:
    rows = [[_inline(cell, " ") for cell in row.children] for part in node.children for row in part.children]
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def _inline(node: SyntaxTreeNode, line_end: str) -> str:
    """The words of a block; in one that is a single line, `line_end` is a space."""
    in_table = node.type in ("th", "td")

    def write(inner: SyntaxTreeNode) -> str:
        if inner.type == "code_inline":
            written = _code_span(inner.content)
            return written.replace("|", "\\|") if in_table else written
        if inner.type in ("softbreak", "hardbreak"):
            return line_end if inner.type == "softbreak" or line_end == " " else "  \n"
        if inner.type == "formula":
            return _written_formula(inner, in_table)
        if inner.type == "image":
            return _text(f"[{inner.content}] ({inner.attrs.get('src', '')})")
        return _wrapped(inner, write)

    return "".join(map(write, node.children))


def _wrapped(node: SyntaxTreeNode, write: Callable[[SyntaxTreeNode], str]) -> str:
    if not node.children:
        return _text(node.content)
    words = "".join(map(write, node.children))
    if node.type == "link":
        href = str(node.attrs.get("href", ""))
        return words if node.info == "auto" else f"\\[{words}\\] {_text(f'({href})')}"
    mark = {"strong": "**", "em": "*", "s": "~~"}.get(node.type, "")
    return mark + words + mark


def _written_formula(node: SyntaxTreeNode, in_table: bool) -> str:
    # A bar would end a cell; a link or a picture is none only as long as every reader knows formulas.
    is_text = (in_table and "|" in node.content) or _LINK.search(node.content)
    return _text(node.content) if is_text else node.markup + node.content + node.markup


def _code_span(content: str) -> str:
    ticks = "`" * (1 + _longest_run(content))
    return f"{ticks} {content} {ticks}"


def _longest_run(content: str) -> int:
    return max((len(run) for run in re.findall("`+", content)), default=0)


def _text(content: str) -> str:
    # Entities (`&#8238;`) were decoded by the parser.
    return escaped_line(" ".join(clean(content).split("\n")))
