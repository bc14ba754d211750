"""The card of a judge for people: one page, in English or Korean."""

from collections.abc import Iterator
from typing import Any

from service.card.build import Card
from service.card.words import ABOUT, LINES, SECTIONS, VERDICTS
from service.report.cells import interval, safe
from service.report.document import Document, Grid, Language, Say, speaker
from service.report.methods import methods_document

_DIGITS = {"share": 3, "correlation": 3, "points": 2, "seconds": 2, "usd": 6}


def card_document(card: Card, language: Language = "en") -> Document:
    """Every section as a table; the findings say what the judge is accused of."""
    say = speaker(language)
    name = safe(card["judge"])
    return Document(
        language,
        title=say(f"Judge card: {name}", f"심판 카드: {name}"),
        lines=list(_lines(card, say)),
        findings=list(_findings(card, say)),
        grids=[_grid(section, say) for section in card["sections"]],
        notes=list(_notes(card, say)),
        details=[methods_document(language, _methods(card))],
    )


def _methods(card: Card) -> Iterator[str]:
    sections = {section["id"] for section in card["sections"]}
    yield from ("card", "share")
    if any(line["judged"] for section in card["sections"] for line in section["lines"]):
        yield "beyond_chance"
    yield from (name for section, name in (("own", "own"), ("people", "agreement")) if section in sections)


def _lines(card: Card, say: Say) -> Iterator[str]:
    probe, runs = card["probe"], card["runs"]
    made = f"{safe(probe['name'])} ({safe(probe['material'])})" if probe else say("none", "없음")
    listed = ", ".join(map(safe, runs)) or say("none", "없음")
    yield say(
        f"Spec {safe(card['spec'])}, family {safe(card['family'])}",
        f"모델 {safe(card['spec'])}, 계열 {safe(card['family'])}",
    )
    yield say(f"Probe: {made}; other runs: {listed}", f"시험 실행: {made}; 그 밖의 실행: {listed}")
    if card["relatives"]:
        kin = ", ".join(sorted({safe(r["model"]) for r in card["relatives"]}))
        yield say(f"It graded its own family: {kin}", f"같은 계열을 채점했습니다: {kin}")
    told = ", ".join(f"{say(*VERDICTS[v])} {n}" for v, n in card["verdicts"].items())
    yield say(f"Figures: {told}", f"지표: {told}")


def _findings(card: Card, say: Say) -> Iterator[str]:
    for wanted in ("bad", "watch"):
        for section in card["sections"]:
            for line in section["lines"]:
                if line["verdict"] == wanted:
                    yield f"{say(*VERDICTS[wanted])}: {line_name(line, say)}: {figure_text(line)} (n {line['n']})"
    if not card["verdicts"]["bad"] + card["verdicts"]["watch"]:
        yield say(
            "No figure speaks against this judge.",
            "이 심판에게 불리한 지표는 없습니다.",
        )
    probe = card["probe"]
    if probe is None or probe["missing"] != 0:
        todo = f"kojudge judge probe -j {safe(card['spec'])}"
        yield say(
            f"Figures are missing; `{todo}` has them made.", f"빠진 지표가 있습니다. `{todo}`(으)로 채울 수 있습니다."
        )


def _grid(section: dict[str, Any], say: Say) -> Grid:
    lines = section["lines"]
    columns = {
        say("figure", "지표"): [line_name(line, say) for line in lines],
        say("value [95 % interval]", "값 [95 % 구간]"): [figure_text(line) for line in lines],
        "n": [str(line["n"]) for line in lines],
        say("good", "양호 범위"): [_zone(line["good"], line, say) for line in lines],
        say("fair", "허용 범위"): [_zone(line["fair"], line, say) for line in lines],
        say("beyond chance", "우연을 넘는 몫"): [_judged(line) for line in lines],
        say("verdict", "판정"): [say(*VERDICTS[line["verdict"]]) if line["verdict"] else "–" for line in lines],
    }
    if not any(line["judged"] for line in lines):
        del columns[say("beyond chance", "우연을 넘는 몫")]
    return Grid.of_columns(say(*SECTIONS[section["id"]]), columns)


def line_name(line: dict[str, Any], say: Say) -> str:
    """What the figure is called."""
    name = say(*LINES[line["id"]])
    if line["about"] is None:
        return name
    about = say(*ABOUT[line["about"]]) if line["about"] in ABOUT else safe(line["about"])
    joint = " " if line["id"].startswith("edit_") else ": "
    return f"{name}{joint}{about}"


def figure_text(line: dict[str, Any]) -> str:
    """`0.910 [0.840, 0.950]`, or a dash where there is none."""
    digits = _DIGITS[line["unit"]]
    if line["mean"] is not None and line["low"] is None:
        return f"{line['mean']:.{digits}f} [–]"
    return interval(line, digits)


def _judged(line: dict[str, Any]) -> str:
    return interval(line["judged"], 3) if line["judged"] and line["judged"]["low"] is not None else "–"


def _zone(ends: list[float] | None, line: dict[str, Any], say: Say) -> str:
    if ends is None:
        return "–"
    low, high = ends
    if line["judged"]:  # a difference of shares, which cannot be too low
        return say(f"≤ {high:g} beyond chance", f"우연 +{high:g} 이하")
    if line["unit"] in ("share", "correlation") and high == 1.0:
        return f"≥ {low:g}"
    if high == 2.0:  # a difference of coefficients, which cannot be too high
        return f"≥ {low:g}"
    return f"≤ {high:g}" if low == 0.0 else f"{low:g} … {high:g}"


def _notes(card: Card, say: Say) -> Iterator[str]:
    yield say(
        "A judge is accused only where the interval shuts the good range out (watch) or the fair one (bad), at 5 % for "
        "all figures together (Holm). Good means that the value is in the good range and its interval in the fair one.",
        "구간이 양호 범위를 벗어나면 주의, 허용 범위를 벗어나면 나쁨입니다(모든 지표를 합쳐 5 % 수준, Holm 보정). "
        "값이 양호 범위에, 구간이 허용 범위에 있으면 양호입니다.",
    )
    yield say(
        "Points are tenths of the rubric's scale. Intervals are clustered by question. Where there is a column "
        "“beyond chance”, that is what is judged: the share less that of a second verdict on the same text.",
        "점수는 척도를 10점으로 환산한 값이고 구간은 질문 단위로 묶었습니다. ‘우연을 넘는 몫’이 있으면 그 값으로 "
        "판정합니다. 같은 글을 한 번 더 채점했을 때의 비율을 뺀 값입니다.",
    )
    yield say(
        "Lines without a verdict only tell: longer answers may be better ones, and a judge that is told to use the "
        "reference may follow a wrong one.",
        "판정이 없는 줄은 알려 주기만 합니다. 긴 답변이 실제로 더 나을 수 있고, 참고 답안을 따르라는 지시를 받은 "
        "심판은 틀린 참고 답안도 따를 수 있습니다.",
    )
