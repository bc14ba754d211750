"""An answer reduced to its prose: what a person wrote or read as sentences.

Code, formulas, addresses, markup and quotations of the question say nothing about the language of an answer.
Every step is one pass over the text, whatever a hostile answer holds: patterns are bounded, and paired
delimiters are matched by walking their tokens, never by searching for a partner that may be missing.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

QUOTE_CHARS = 20
"""An answer's span of at least so many characters that stands in the question is a quotation."""

_SHORT_PROMPT = 500  # characters; a set of its windows would take longer to build than searching it a few times

HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"
"""Syllables and jamo, as the inside of a character class."""

_JAMO_SYLLABLE = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_HANGUL = re.compile(f"[{HANGUL}]+")

_FENCE = re.compile(r"`{3,}|^[ \t]*~{3,}", re.MULTILINE)
_PROSE_INFO = re.compile(r"[ \t]*(?:text|txt|plaintext|markdown|md)[ \t]*(?=\n)", re.IGNORECASE)
_BLANK_LINE = r"\n[ \t]*(?=\n)"
_TICKS = re.compile(rf"`+|{_BLANK_LINE}")
_MATH = re.compile(rf"\\[()\[\]]|\\(?:begin|end)\{{[A-Za-z*]{{1,30}}\}}|\$+|{_BLANK_LINE}")
_MATH_END = {"$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_COMMAND = re.compile(r"\\[A-Za-z]{1,40}\*?")

_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'`\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]+"
    r"|(?<![\w.+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,255}"
)
_TAG = re.compile(
    r"</?[A-Za-z!][^<>]{0,300}>"
    r"|<[|｜][^|｜<>\n]{1,64}[|｜]>|\[\|[^|\[\]\n]{1,32}\|\]|\[/?INST\]|<</?SYS>>|&[a-z]{2,8};"
)

_CODE_LINE = re.compile(
    r"(?:from\s+[\w.]+\s+import|import\s+[\w.{*'\"]+|export\s|package\s|using\s+\w+|\#include|@\w+"
    r"|(?:async\s+)?(?:def|function|fn|func)\s*\w*\s*[(<]|(?:class|struct|interface|enum)\s+\w+\s*[:({<]"
    r"|(?:class|struct|interface|enum|public|private|protected|static)\s+\w.*[({]"
    r"|(?:const|let|var|val|int|float|double|char|auto|String|bool|boolean|void|long)\s+[\w*&<>\[\]]+\s*[=;(]"
    r"|for\s*\(|for\s.+\sin\s.+:$|(?:if|elif|while|with|except|catch|switch|match)\b.{0,200}[:{]$"
    r"|(?:else|try|finally|do)\s*[:{]$|return\b.{0,80}$|(?:pass|break|continue)$|<\?|\$\s\w|>>>|(?:pip|npm|git|cd)\s"
    r"|[\w.]+(?:\[[^\]]{0,60}\])?(?:\s*,\s*[\w.]+)*\s*[-+*/|&^%]?=(?!=)"
    r"|[\w.]+\(.*\)[:;]?$|[{}\[\]()]+[;,]?$|['\"][\w -]+['\"]\s*:)"
)
_STATEMENT_END = re.compile(r"[=()\[\]<>].*[;{}]$|^\S+(?: \S+)?[;{}]$|^\w+.{0,60}\{$")
_COMMENT = re.compile(r"(?:#|//|--|/\*|\*|%|<!--|'''|\"\"\")")


def compose_hangul(text: str) -> str:
    """Decomposed Hangul (NFD) as syllables; other text untouched.

    Not `unicodedata.normalize`: its reordering is quadratic on long runs of combining marks.
    """

    def syllable(match: re.Match[str]) -> str:
        lead, vowel, *tail = (ord(c) for c in match.group())
        index = ((lead - 0x1100) * 21 + (vowel - 0x1161)) * 28 + (tail[0] - 0x11A7 if tail else 0)
        return chr(0xAC00 + index)

    return _JAMO_SYLLABLE.sub(syllable, text)


def prose(answer: str) -> str:
    """What is left of an answer without code, formulas, addresses, tags and template tokens.

    Formulas and unfenced code keep their Hangul (`\\text{넓이}`, Korean comments): they can speak for Korean,
    never against it.
    """
    text = compose_hangul(answer.replace("\r\n", "\n").replace("\r", "\n"))
    # Most answers hold none of these marks, and looking for one character is nearly free.
    if "`" in text or "~~~" in text:
        text = _cut(text, _fences(text))
        text = _cut(text, _inline_code(text))
    if "://" in text or "www." in text or "@" in text:
        text = _ADDRESS.sub(" ", text)
    if "$" in text or "\\" in text:
        text = _cut(text, _formulas(text), keep_hangul=True)
        text = _COMMAND.sub(" ", text)
    if "<" in text or "[" in text or "&" in text:
        text = _TAG.sub(" ", text)
    return _without_code_lines(text)


def without_code(text: str, *, closed_only: bool = False) -> str:
    """`text` without fenced blocks and code spans; `closed_only` keeps a block that is never closed."""
    if "`" not in text and "~~~" not in text:
        return text
    spans = _fences(text)
    if closed_only:
        spans = (span for span in spans if span[1] < len(text) or text.endswith(("```", "~~~")))
    text = _cut(text, spans)
    return _cut(text, _inline_code(text))


def without_quotes(text: str, prompt: str) -> str:
    """`text` without its spans of `QUOTE_CHARS` or more characters that also stand in `prompt`."""
    text, source = _squeeze(text), _squeeze(prompt)
    if min(len(text), len(source)) < QUOTE_CHARS:
        return text
    return _cut(text, _shared(text, source))


def _shared(text: str, source: str) -> Iterator[Span]:
    """The spans of `text`, in order, whose every window of `QUOTE_CHARS` characters stands in `source`.

    Each window holds one of the blocks that half as many characters divide the text into, so only the windows around
    a block that stands in `source` are looked up.
    """
    half = QUOTE_CHARS // 2
    blocks = _lookup(source, half)
    near = [at for at in range(0, len(text) - half + 1, half) if text[at : at + half] in blocks]
    known = _lookup(source, QUOTE_CHARS) if near else ""
    last = len(text) - QUOTE_CHARS
    opened = closed = -1
    unseen = 0
    for block in near:
        for start in range(max(unseen, block - half), min(block, last) + 1):
            if text[start : start + QUOTE_CHARS] in known:
                if start > closed:
                    if closed >= 0:
                        yield opened, closed
                    opened = start
                closed = start + QUOTE_CHARS
        unseen = block + 1
    if closed >= 0:
        yield opened, closed


def _lookup(source: str, width: int) -> str | set[str]:
    """What tells by `in` whether `width` characters stand in `source`: a short text itself, else its windows."""
    if len(source) <= _SHORT_PROMPT:
        return source
    return {source[at : at + width] for at in range(len(source) - width + 1)}


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, spans: Iterator[Span], *, keep_hangul: bool = False) -> str:
    """`text` with each span (in order, disjoint) replaced by a space."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts.append(text[at:start])
        parts.append(_only_hangul(text[start:end]) if keep_hangul else " ")
        at = end
    parts.append(text[at:])
    return "".join(parts)


def _only_hangul(text: str) -> str:
    return f" {' '.join(_HANGUL.findall(text))} "


def _fences(text: str) -> Iterator[Span]:
    """Fenced blocks; one that is never closed (a truncated answer) runs to the end.

    Of a fence that says it holds text, only the two markers: it is a frame around prose.
    """
    opened, marker, info = -1, "", None
    for match in _FENCE.finditer(text):
        run = match.group().strip()
        if opened < 0:
            opened, marker = match.start(), run
            info = _PROSE_INFO.match(text, match.end())
            if info:
                yield opened, info.end()
        elif run[0] == marker[0] and len(run) >= len(marker):
            yield (match.start() if info else opened), match.end()
            opened = -1
    if opened >= 0 and not info:
        yield opened, len(text)


def _inline_code(text: str) -> Iterator[Span]:
    """Code spans: a run of backticks up to the next run of the same length in the same paragraph."""
    opened, length = -1, 0
    for match in _TICKS.finditer(text):
        run = match.group()
        if run[0] != "`":
            opened = -1
        elif opened < 0:
            opened, length = match.start(), len(run)
        elif len(run) == length:
            yield opened, match.end()
            opened = -1


def _formulas(text: str) -> Iterator[Span]:
    """TeX formulas: `$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]`, `\\begin…\\end`, none of them across a blank line.

    A single `$` follows Pandoc's rule, so that `$100와 $200` stays two prices: it opens before a character that
    is not a space, and closes after one that is not a space when no digit follows.
    """
    opened, closer, depth = -1, "", 0
    for match in _MATH.finditer(text):
        token, start, end = match.group(), match.start(), match.end()
        if token[0] == "\n":
            opened, depth = -1, 0
        elif token.startswith("\\begin") and (opened < 0 or depth):
            opened, closer, depth = (start if opened < 0 else opened), "", depth + 1
        elif depth:
            depth -= token.startswith("\\end")
            if not depth:
                yield opened, end
                opened = -1
        elif token == closer and opened >= 0 and (token != "$" or _closes(text, start)):
            yield opened, end
            opened = -1
        elif token in _MATH_END:
            if opened < 0 or closer == "$":
                opened, closer = start, _MATH_END[token]
        elif token == "$" and (opened < 0 or closer == "$"):
            opened, closer = (start, "$") if not text[end : end + 1].isspace() else (-1, "")


def _closes(text: str, dollar: int) -> bool:
    return not text[dollar - 1].isspace() and not text[dollar + 1 : dollar + 2].isdigit()


def _without_code_lines(text: str) -> str:
    """Lines of code that stand there without a fence, but for the Hangul of their comments.

    A line is code when it has the shape of a statement; a comment line when it starts like one and stands
    beside code (`#` alone is a Markdown heading).
    """
    lines = [line.strip() for line in text.split("\n")]
    kinds = [_is_code(line) for line in lines]
    if not any(kinds):
        return "\n".join(lines)
    filled = [i for i, line in enumerate(lines) if line]
    for order in (filled, filled[::-1]):
        beside_code = False
        for i in order:
            kinds[i] = kinds[i] or (beside_code and _COMMENT.match(lines[i]) is not None)
            beside_code = kinds[i]
    return "\n".join(_comment_hangul(line) if code else line for line, code in zip(lines, kinds, strict=True))


def _is_code(line: str) -> bool:
    head = line[:400]  # a longer line is code or prose by its beginning
    return bool(head) and (
        _CODE_LINE.match(head) is not None or (line[-1] in ";{}" and _STATEMENT_END.match(head) is not None)
    )


def _comment_hangul(line: str) -> str:
    comment = _COMMENT.search(line)
    return _only_hangul(line[comment.start() :]) if comment else ""
