"""Finds the program in an answer: which of its code blocks is the one to run."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"(\s*)(`{3,}|~{3,})(.*)$")
_LINE_END = re.compile(r"\r\n|\r|\n")  # not str.splitlines: it would break a literal apart at U+2028
_PYTHON = re.compile(r"\{?\.?(?:python3?|py3?)(?![\w-])", re.IGNORECASE)
_READS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\s*\(\s*0|\bfileinput\b")
_BEGINS_LIKE_PYTHON = re.compile(
    r"(?:#|\"\"\"|'''|import\s+\w|from\s+\w[\w.]*\s+import\b|def\s+\w+\s*\(|class\s+\w+\s*[:(]|@\w|[A-Za-z_][\w.]*\("
    r"|(?:for|while|if|with|try)\b.*:\s*(?:#.*)?$|[A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_]\w*)*\s*(?::\s*\w[^=]*)?=[^=])"
)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One fenced block: what stands after the opening fence, and the text without the fence's indent."""

    info: str
    text: str


def find_program(answer: str) -> str | None:
    """The Python program that the answer hands in; None when there is none.

    That is the last Python block that reads input (what follows it may be an example of use), else the last one. Blocks
    without a language count where none is called Python. Without any block the answer itself may be the program.
    """
    blocks = [block for block in code_blocks(answer) if block.text.strip()]
    named = [block.text for block in blocks if _PYTHON.match(block.info)]
    bare = [block.text for block in blocks if not block.info and _looks_like_python(block.text)]
    programs = named or bare
    if not programs:
        return answer if not blocks and _looks_like_python(answer) else None
    return next((text for text in reversed(programs) if _READS.search(text)), programs[-1])


def code_blocks(answer: str) -> list[CodeBlock]:
    """Every fenced block; one that the answer's end cuts off counts too."""
    blocks: list[CodeBlock] = []
    indent, fence, info = "", "", ""
    held: list[str] = []
    for line in _LINE_END.split(answer):
        mark = _FENCE.match(line)
        if not fence:
            if mark and not (mark[2][0] == "`" and "`" in mark[3]):  # ```this``` is code inside a sentence
                indent, fence, info = mark[1], mark[2], mark[3].strip()
                held = []
        elif mark and mark[2].startswith(fence) and not mark[3].strip():
            blocks.append(CodeBlock(info, "\n".join(held)))
            fence = ""
        else:
            held.append(_without(indent, line))
    if fence:
        blocks.append(CodeBlock(info, "\n".join(held)))
    return blocks


def _without(indent: str, line: str) -> str:
    """The line without the white space that the fence itself stands behind."""
    here = len(line) - len(line.lstrip())
    return line[min(len(indent), here) :]


def _looks_like_python(text: str) -> bool:
    # Parsing would be surer, but the parser itself can be crashed by hostile text.
    first = next((line for line in _LINE_END.split(text) if line.strip()), "")
    return _BEGINS_LIKE_PYTHON.match(first.strip()[:500]) is not None
