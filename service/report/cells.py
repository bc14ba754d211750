"""Figures and untrusted names as text: one place, so that every format shows them alike."""

import re
from typing import Any

from service.report.document import Say
from service.report.statuses import failure_list

# C0 and C1 controls, bidi and zero-width characters: harmless to a file, not to a terminal or a reader.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def safe(text: str) -> str:
    """A name or message from outside, with control characters made visible, on one line."""
    return _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def safe_block(text: str) -> str:
    """Like `safe`, but keeps line breaks and tabs."""
    return _UNSAFE.sub(lambda m: m[0] if m[0] in "\n\t" else f"\\u{ord(m[0]):04x}", text)


def interval(e: dict[str, Any], digits: int = 2) -> str:
    """`7.85 [7.02, 8.68]`, or a dash where nothing could be scored."""
    if e["mean"] is None:
        return "–"
    return f"{e['mean']:z.{digits}f} [{e['low']:z.{digits}f}, {e['high']:z.{digits}f}]"


def share(e: dict[str, Any]) -> str:
    """A share, a correlation or another figure between -1 and 1."""
    return interval(e, 3)


def counted(e: dict[str, Any], say: Say) -> str:
    """`84` or `83 (+1 failed)`."""
    return f"{e['n']}" + (f" (+{e['failed']} {say('failed', '실패')})" if e["failed"] else "")


def ends(scale: dict[str, float]) -> str:
    """`0–10`."""
    return f"{scale['min']:g}–{scale['max']:g}"


def rank(model: dict[str, Any]) -> str:
    """`1` or `1–3`."""
    r = model["rank"]
    if r is None:
        return "–"
    return f"{r['low']}" if r["low"] == r["high"] else f"{r['low']}–{r['high']}"


def failures(model: dict[str, Any], say: Say) -> str:
    """`2 unparsed, 1 refused`, with the bounds they leave."""
    if not model["failures"]:
        return "0"
    listed = failure_list(model["failures"], say)
    b = model["bounds"]
    return listed + (f" → {b['worst']:.2f}–{b['best']:.2f}" if b and model["overall"]["mean"] is not None else "")


def cost(model: dict[str, Any]) -> str:
    """USD, a dash where a price is not known."""
    return "–" if model["cost_usd"] is None else f"${model['cost_usd']:.4f}"


def csv_cell(value: object) -> object:
    """A spreadsheet runs a text cell that starts like a formula; a quote in front keeps it text."""
    if isinstance(value, str):
        value = safe(value)
        return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
    return value
