"""A final score in a judge's words, or why there is none; never a guess.

Whatever form was asked for, prose and JSON are read, because judges mix them. Every statement of a final score is
collected: the score key of a JSON object, or a label with a number that ends its sentence. They must all be clear
and agree. A criterion's score ("정확성 점수: 3") is no final score, and the first number met means nothing.

Every step is linear in the reply: look-around is bounded, and JSON is only decoded where braces balance.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from judge.contracts.base import Parsed, Unparsed
from judge.contracts.doubts import corrected, echo, is_quoted, spoken_of, taken_back, withheld
from judge.contracts.json_objects import JsonObject, Spelled, objects
from judge.contracts.plain import plain, plainly, without_draft
from judge.scale import Scale

# ── one reply ──

_UNCLEAR = "the score is not a plain number"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A statement of the final score: a number, or why it is none; where it stands and the reasons given with it."""

    score: float | None
    fault: str = ""
    at: int = 0
    rationale: str | None = None


def read_score(text: str, scale: Scale) -> Parsed | Unparsed:
    """The final score that a reply states, with the reasons given for it."""
    whole = without_draft(text)
    if whole is None:
        return Unparsed("the reply ends inside its reasoning")
    text = whole
    claims, outside, tail = _json_claims(text, plain(text), scale)
    labelled = list(_labelled_claims(outside, scale))
    told = [claim for claim in labelled if isinstance(claim, _Claim)]
    claims += told
    if claims and corrected(outside, max((claim.at for claim in told), default=tail)):
        return Unparsed("the score is taken back")
    if not claims:
        return Unparsed("only criterion scores" if "criterion" in labelled else "no final score")
    fault = next((claim.fault for claim in claims if claim.score is None), "")
    if fault:
        return Unparsed(fault)
    if len({claim.score for claim in claims}) > 1:
        return Unparsed("several different final scores")
    score = claims[0].score
    assert score is not None
    if not scale.holds(score):
        return Unparsed(f"the score is off the scale {scale.text()}")
    stated = next((claim.rationale for claim in claims if claim.rationale is not None), None)
    return Parsed(score + 0.0, _rationale(text, claims[0].at) if stated is None else stated)


# ── the number and what may stand after it ──

_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_CLOSE = r"[\])}>\"'”’」】$ ]*"
_UNIT = r"(?:점|points?\b|pts?\b)?"
_VALUE = re.compile(
    rf"[\[({{<\"'“‘「【$ ]*(?:\\boxed\{{)?\s*(?:(?P<first_of>[0-9]+)\s*점?\s*만점\s*(?:에서?|중에?서?|중)\s*)?"
    rf"(?P<number>{_NUMBER}){_CLOSE}{_UNIT}{_CLOSE}"
    rf"(?:(?:/|out\s+of)\s*(?P<of>[0-9]+(?:\.[0-9]+)?)\s*{_UNIT}\s*(?:만점)?{_CLOSE})?"
    rf"(?:\(\s*(?P<note_of>[0-9]+)\s*점?\s*만점[^()0-9]{{0,20}}\))?\s*"
    r"(?:입니다|이다|이에요|예요|임|을\s*(?:부여|주|줍|준|드|매)(?![가-힣]{0,6}[않못없])[가-힣]{0,6})?"
    r"(?:</\s*(?:점수|총점|평점|score|rating)\s*>)?"
    rf"(?P<stop>[.。!…,;| ]*){_CLOSE}[.。! ]*",
    re.IGNORECASE,
)
_STARTS_LIKE_NUMBER = re.compile(r"[\[({<\"'“‘「【$ ]*(?:\\boxed\{)?\s*[+-]?\.?[0-9]")
_HARMLESS_REST = re.compile(
    r"(?:평가|이유|근거|설명|사유|evaluation|rationale|reason|feedback)\s*[:(]"  # the other field, after the score
    r"|\([^()0-9]*\)[. ]*$|[-–—] [^0-9]*$",
    re.IGNORECASE,
)
_LONGEST_VALUE = 400


def _read_value(line: str, scale: Scale, *, at: int = 0, rationale: str | None = None) -> _Claim | None:
    """The claim at the beginning of what follows a label; None when no number stands there."""
    if not _STARTS_LIKE_NUMBER.match(line):
        return None
    value = _VALUE.match(line)
    if value is None:
        return _Claim(None, _UNCLEAR, at)
    rest = line[value.end() :].strip()
    if taken_back(rest) or ("<" in line[: value.start("number")] and ">" not in value[0]):
        return _Claim(None, _UNCLEAR, at)
    sentence_over = any(mark in value["stop"] for mark in ".。!…") and not re.search("[0-9]", rest)
    if rest and not sentence_over and not _HARMLESS_REST.match(rest):
        return _Claim(None, _UNCLEAR, at)
    if any(of is not None and float(of) != scale.max for of in value.group("first_of", "of", "note_of")):
        return _Claim(None, f"the score is on another scale than {scale.text()}", at)
    return _Claim(float(value["number"]), "", at, rationale)


# ── labels in prose ──

_LABEL = re.compile(
    "점수|총점|평점|score|rating"
    # as judges trained the Prometheus way end, whatever they were asked for; a heading of that name is none
    r"|(?<=\[)(?:result|결과)(?= {0,3}\][ :]{0,5}[0-9]{1,3}(?:\.[0-9]{1,3})? ?(?:점|/ ?[0-9]{1,3})?[. ]{0,5}(?:\n|\Z))",
    re.IGNORECASE,
)
_NOTE = r"[(\[](?P<note>[^()\[\]\n]{0,40})[)\]]"
_SEPARATOR = re.compile(
    rf" *(?P<closed>[\])>}}】」\"'”’])? *(?:{_NOTE} *)?[\])}}】」]? *(?P<sign>[:=]|(?:은|는)(?= ))? *"
)
_NEXT_LINE = re.compile(r"\s*\n\s*(?:[-•>#]+ +)?([^\n]*)")
_NOTE_WORDS = re.compile(r"[0-9.,~/\-–\s]|점수?|만점|정수|기준|out of|총|범위|사이|부터|까지|에서")
_BOUNDARY = re.compile(
    r"[\n!?。…;,|/\"“”‘’'「」『』(){}\[\]<>【】]|(?<!max)(?<!min)(?<!avg)\.|(?<=[다요죠까])\s|(?:평가|evaluation) *:",
    re.IGNORECASE,
)
_BRACKETED_NAME = re.compile(r"[\s\-•#>0-9.)]*[\[(【「<]([^\])】」>\n]{1,40})[\])】」>] *$")
_FINAL_WORD = re.compile(
    "최종|종합|총|총평|총합|합계|전체|평가|채점|판정|심사|답변의?|응답의?|모델|이|본|해당|따라서|그러므로|결론|결론적으로"
    "|the|my|final|overall|total|evaluation|answer"
)
_CELL = re.compile(r"([^\n.!?。…]*)[|(,;/>}\]】」』\"'”’][\s|(,;/>}\]】」』\"'”’]*$")
_HEADING = re.compile(r"(?:\A|\n) {0,3}#+ +([^\n]+)\n[\s\-•>]*$")
_VERDICT_WORDS = frozenset(
    ["점수", "결과", "score", "rating", "result", "verdict", "judgment", "judgement", "assessment"]
)
_LOOK_BACK = 120
_MOST_LABELS = 1000


def _labelled_claims(outside: str, scale: Scale) -> Iterator[_Claim | Literal["criterion"]]:
    """Every labelled score of the text; of a criterion's score only that there is one."""
    weak: list[_Claim] = []
    quoted: list[_Claim] = []
    strong = False
    echoed = echo(outside)
    for number, label in enumerate(_LABEL.finditer(outside)):
        if number == _MOST_LABELS:
            yield _Claim(None, "more score labels than a verdict can hold")
            return
        after = outside[label.end() : label.end() + _LONGEST_VALUE]
        line, _, _ = after.partition("\n")
        separator = _SEPARATOR.match(line)
        assert separator is not None  # every part of it is optional
        opened = outside[label.start() - 1 : label.start()] if label.start() else ""
        if opened in {'"', "'"} and separator["closed"] == opened and separator["sign"] == ":":
            continue  # a JSON key: read as JSON or not at all
        before = outside[max(0, label.start() - _LOOK_BACK) : label.start()]
        words, start = _words_before(before)
        at = label.start() - len(before) + start
        claim = _claim_after(after, line, separator, bool(words), at, scale)
        if claim is None:
            continue
        if is_quoted(outside, at) or echoed[0] <= at < echoed[1]:
            quoted.append(claim)
        elif not _is_final(words, before) or _names_criterion(separator["note"]):
            yield "criterion"
        elif separator["sign"] in {"은", "는"}:
            # "최종 점수는 8점입니다." is a statement only in so many words; "점수는 …" is talk about scores.
            if {"최종", "종합", "final"} & set(words):
                weak.append(claim)
        else:
            strong = True
            yield _on_other_scale(separator["note"], claim, scale)
    yield from (claim for claim in weak if claim.score is not None or not strong)
    # Beside the judge's own score a quoted one is in its way, and alone it is none.
    yield from (claim if strong else _Claim(None, claim.fault or "the score is only quoted") for claim in quoted)


def _claim_after(after: str, line: str, separator: re.Match[str], worded: bool, at: int, scale: Scale) -> _Claim | None:
    value = line[separator.end() :]
    if value.strip():
        if separator["sign"] and withheld(value):
            return _Claim(None, "the score is withheld", at)
        claim = _read_value(value, scale, at=at)
        if claim is not None and spoken_of(after[len(line) :]):
            return _Claim(None, _UNCLEAR, at)
        if separator["sign"] or separator["closed"]:
            return claim
        # "점수 8점" without a colon counts only as a line of its own.
        alone = claim is not None and claim.score is not None and not worded and separator.end() > 0
        return claim if alone else None
    following = _NEXT_LINE.match(after[separator.end() :])
    if following is None or re.match(r"[0-9]+[.)] +\D", following[1]):
        return None
    return _read_value(following[1], scale, at=at)


def _words_before(before: str) -> tuple[list[str], int]:
    """The words between a label and the boundary before it, and where in `before` they begin."""
    start = 0
    for boundary in _BOUNDARY.finditer(before):
        start = boundary.end()
    return re.findall(r"[^\W\d_]+", before[start:].lower()), start


def _is_final(words: list[str], before: str) -> bool:
    line = before.rpartition("\n")[2]
    if not words and (named := _BRACKETED_NAME.match(line) or _CELL.search(line)):
        words = re.findall(r"[^\W\d_]+", named[1].lower())
        if words and words[-1][-1] in "다요죠까음함임됨":  # a sentence, and the score of it behind it
            return True
    if not words and (heading := _HEADING.search(before)):
        named_so = set(re.findall(r"[^\W\d_]+", heading[1].lower()))
        return not named_so or any(_FINAL_WORD.fullmatch(w) or w in _VERDICT_WORDS for w in named_so)
    if all(_FINAL_WORD.fullmatch(word) for word in words):
        return True
    # A clause that ends in a noun form ("설명이 조금 부족함 점수: 6") is a sentence without a full stop.
    return len(words) >= 3 and words[-1].endswith(("음", "함", "임", "됨"))


def _names_criterion(note: str | None) -> bool:
    return note is not None and bool(_NOTE_WORDS.sub("", note))


def _on_other_scale(note: str | None, claim: _Claim, scale: Scale) -> _Claim:
    """The claim, unless a note in brackets (`점수(100점 만점)`) names bounds that are not the scale's."""
    bounds = {float(number) for number in re.findall("[0-9]+", note or "")}
    if bounds <= {scale.min, scale.max} or (scale.step is not None and bounds <= {scale.min, scale.max, scale.step}):
        return claim
    return _Claim(None, f"the score is on another scale than {scale.text()}", claim.at)


# ── JSON ──

_SCORE_KEYS = frozenset(
    ["score", "점수", "총점", "평점", "최종점수", "종합점수", "finalscore", "overallscore", "totalscore", "rating"]
)
_RATIONALE_KEYS = ("evaluation", "평가", "rationale", "reason", "explanation", "이유", "근거")
_WRAPPERS = frozenset(
    ["result", "verdict", "evaluation", "output", "response", "judgment", "judgement", "평가", "결과"]
)
_QUOTED_KEY = re.compile(r"[\"'](?:[^\"'\n]{0,12})(?:score|점수|총점|평점|rating)[\"']\s*:", re.IGNORECASE)
_FLAT_SCORE = re.compile(
    r"[\"'](?:score|점수|최종 점수|총점|평점|rating|final score)[\"']\s*:\s*[\"']?([^\"',{}\[\]\n]{1,40})[\"']?\s*[,}]",
    re.I,
)
_FLAT_RATIONALE = re.compile(
    r"[\"'](?:evaluation|평가|rationale|reason|이유|근거)[\"']\s*:\s*[\"'](.*)", re.I | re.DOTALL
)


def _json_claims(text: str, plain_text: str, scale: Scale) -> tuple[list[_Claim], str, int]:
    """The claims of JSON objects, the plain text without those objects, and where in it the part behind them begins."""
    claims: list[_Claim] = []
    outside: list[str] = []
    done = 0
    for start, end, found in objects(text, _QUOTED_KEY):
        verdict = _verdict_object(found)
        if verdict is None:
            continue
        reasons = next((verdict[k].strip() for k in _RATIONALE_KEYS if isinstance(verdict.get(k), str)), "")
        claims += [_json_score(value, scale, start, reasons) for value in _scores(verdict)]
        outside.append(plain_text[done:start])
        done = end
    outside.append(plain_text[done:])
    if not claims:
        claims = _broken_object(text, scale)
    rest = "\n".join(outside)
    return claims, rest, len(rest) - len(outside[-1])


def _verdict_object(found: JsonObject) -> JsonObject | None:
    """The object itself, or the one inside it that is only wrapped; a criterion's object is neither."""
    if _scores(found):
        return found
    inner = [value for key, value in found.items() if key.lower() in _WRAPPERS and isinstance(value, JsonObject)]
    return inner[0] if len(inner) == 1 and _scores(inner[0]) else None


def _scores(found: JsonObject) -> list[object]:
    """The value of every score key, also of one given twice."""
    return [value for key, value in found.pairs if re.sub(r"[\s_-]", "", key).lower() in _SCORE_KEYS]


def _json_score(value: object, scale: Scale, at: int, reasons: str) -> _Claim:
    if isinstance(value, Spelled):
        try:
            number = float(value) if len(value) <= 40 else math.nan
        except ValueError:
            number = math.nan
        return _Claim(number, "", at, reasons) if math.isfinite(number) else _Claim(None, _UNCLEAR)
    if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
        return _Claim(None, _UNCLEAR)
    return _read_value(plainly(value).strip(), scale, at=at, rationale=reasons) or _Claim(None, _UNCLEAR)


def _broken_object(text: str, scale: Scale) -> list[_Claim]:
    """The score of a reply that is one flat object but not valid JSON (bare quotes inside the evaluation, say).

    Certain only when nothing is nested, one score key stands there and its number is closed by `,` or `}`.
    """
    body = re.sub(r"\A```\w*|```\Z", "", text.strip()).strip()
    if not (body.startswith("{") and body.endswith("}") and body.count("{") == body.count("}") == 1):
        return []
    scores = _FLAT_SCORE.findall(body)
    if len(scores) != 1 or len(_QUOTED_KEY.findall(body)) != 1:
        return []
    reasons = _FLAT_RATIONALE.search(body)
    kept = re.split(r"[\"']\s*,\s*[\"'](?:score|점수)[\"']", reasons[1], maxsplit=1)[0] if reasons else ""
    return [_json_score(scores[0].strip(), scale, 0, kept.strip(" \n\"'}"))]


_EVALUATION_LABEL = re.compile(
    r"[\s#>-]*(?:\*\*\s*(?:평가|evaluation)\s*(?:\*\*\s*[:：]|[:：]\s*\*\*)|(?:평가|evaluation)\s*[:：])", re.IGNORECASE
)


def _rationale(text: str, at: int) -> str:
    """What stands before the score, or after its line when nothing does, without the label of the field."""
    body, last = text[:at].rpartition("\n")[::2]
    if last.strip("#>*_`-[(【「<\"'“‘ \t"):
        body = text[:at]
    if not body.strip():
        body = text[at:].partition("\n")[2]
    label = _EVALUATION_LABEL.match(body)
    return body[label.end() if label else 0 :].strip()
