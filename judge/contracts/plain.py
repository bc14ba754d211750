"""A judge's reply without its dressing: ASCII forms, plain line ends, no emphasis; positions stay where they are."""

import re
import unicodedata

from judge.checks.text import compose_hangul


def without_draft(text: str) -> str | None:
    """The reply without a leading block of reasoning; None where it ends inside that."""
    text = compose_hangul(text)
    if text.lstrip().startswith("<think>"):  # a draft, not the verdict
        _, closed, text = text.partition("</think>")
        if not closed:
            return None
    return text


def _plain_characters() -> dict[int, str]:
    """One character for one, so that positions stay: ASCII forms, line ends, and a space for mere dressing."""
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table |= dict.fromkeys(map(ord, "*_`\t\u00a0\u3000\u202f\u00ad\u2060\ufeff\ufe0f"), " ")
    table |= dict.fromkeys([*range(0x2000, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " ")
    table |= dict.fromkeys(map(ord, "\r\x0b\x0c\x85\u2028\u2029"), "\n")
    table |= dict.fromkeys(map(ord, "∶﹕ː"), ":") | dict.fromkeys(map(ord, "＊＿｀"), " ")
    return table | {0x2212: "-", 0xFE63: "-", 0x2044: "/", 0x2215: "/"}


_PLAIN = _plain_characters()
_NOT_PLAIN = re.compile(f"[{re.escape(''.join(map(chr, _PLAIN)))}]")


_MARKS = re.compile(r"[\"'“”‘’`*_「」『』«»]+")


def folded(text: str) -> str:
    """A text for the question whether another holds it: no white space, quotation marks or emphasis, composed."""
    return "".join(_MARKS.sub("", unicodedata.normalize("NFC", text)).split())


def plainly(text: str) -> str:
    """One character for one, so that positions stay."""
    return text.translate(_PLAIN)


def plain(text: str) -> str:
    """As `plainly`, quicker for long texts."""
    # Translating looks at every character in turn; a search that finds none to translate is ten times as fast.
    return plainly(text) if _NOT_PLAIN.search(text) else text
