"""The length part of a report: what an answer's length is worth in scores."""

from collections.abc import Iterator

from service.report.document import Say
from service.report.pair_figures import length_effect
from service.report.part import Part, Report, Source


def _of_run(source: Source) -> Report:
    """`length_effect`: points for each doubling of length within a turn; None where nothing can be compared."""
    return {"length_effect": length_effect(source)}


def _notes(report: Report, say: Say) -> Iterator[str]:
    found = report["length_effect"]
    if found is None or found["low"] is None or found["high"] is None:
        return
    value = f"{found['value']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"
    n = found["n"]
    if found["low"] <= 0 <= found["high"]:
        yield say(
            f"Length: no effect on scores is seen; {value} points for an answer twice as long (n {n}).",
            f"길이: 점수에 대한 효과가 보이지 않습니다. 두 배 긴 답변에 {value}점입니다(n {n}).",
        )
    else:
        yield say(
            f"Length: an answer twice as long scores {value} points, the turn and the model alike (n {n}); whether "
            "it is better or only longer this cannot tell.",
            f"길이: 같은 턴, 같은 모델이라면 두 배 긴 답변의 점수 차이는 {value}점입니다(n {n}). 더 나아서인지 "
            "길기만 해서인지는 이 수치로 알 수 없습니다.",
        )


PART = Part(of_run=_of_run, notes=_notes, methods=lambda report: ("length_effect",) if report["length_effect"] else ())
