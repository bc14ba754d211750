"""Where scores lie on the scale, in the report: shares at both ends, a histogram, and whether the scale is used up."""

from collections.abc import Iterator
from dataclasses import asdict

from judge.scoring.distribution import CEILING, distributions, steps
from service.report import charts
from service.report.cells import safe, share
from service.report.document import Grid, Say
from service.report.part import Part, Report, Slice, Source

_MOST_NAMED = 3
_BARS = " ▁▂▃▄▅▆▇█"


def _of_models(source: Source) -> list[Report]:
    table = source.table
    points = [round(float(p), 4) for p in steps(table.scale)]
    return [
        {
            "distribution": {
                "at_min": asdict(d.at_min),
                "at_max": asdict(d.at_max),
                "floor": d.floor,
                "ceiling": d.ceiling,
                "counts": [{"score": p, "n": n} for p, n in zip(points, d.counts, strict=True)],
            }
        }
        for d in distributions(table)
    ]


def _findings(report: Report, say: Say) -> Iterator[str]:
    if at_top := [m for m in report["models"] if m["distribution"]["ceiling"]]:
        top = f"{report['scale']['max']:g}"
        yield say(
            f"Ceiling: more than {CEILING:.0%} of the verdicts are at the maximum ({top}) for "
            f"{_named(at_top, 'at_max', say)}; better answers could not score higher.",
            f"천장효과: {_named(at_top, 'at_max', say)}의 판정은 절반 넘게 최고점({top}점)입니다. 답이 더 좋아져도 "
            "점수가 더 오를 수 없습니다.",
        )
    if at_bottom := [m for m in report["models"] if m["distribution"]["floor"]]:
        bottom = f"{report['scale']['min']:g}"
        yield say(
            f"Floor: more than {CEILING:.0%} of the verdicts are at the minimum ({bottom}) for "
            f"{_named(at_bottom, 'at_min', say)}; worse answers could not score lower.",
            f"바닥효과: {_named(at_bottom, 'at_min', say)}의 판정은 절반 넘게 최저점({bottom}점)입니다. 답이 더 "
            "나빠져도 점수가 더 내려갈 수 없습니다.",
        )


def _named(models: list[Report], end: str, say: Say) -> str:
    models = sorted(models, key=lambda m: -m["distribution"][end]["mean"])
    shown = [
        f"{safe(m['model'])} ({e['mean']:.0%} [{e['low']:.0%}, {e['high']:.0%}], n {e['n']})"
        for m in models[:_MOST_NAMED]
        for e in [m["distribution"][end]]
    ]
    more = len(models) - len(shown)
    return ", ".join(shown) + (say(f" and {more} more", f" 외 {more}개 모델") if more else "")


def _grids(report: Report, say: Say) -> Iterator[Grid]:
    models = report["models"]
    low, high = f"{report['scale']['min']:g}", f"{report['scale']['max']:g}"
    columns = {
        say("Model", "모델"): [safe(m["model"]) for m in models],
        say(f"At the minimum ({low}) [95 % CI]", f"최저점({low}) 비율 [95 % 구간]"): [
            share(m["distribution"]["at_min"]) for m in models
        ],
        say(f"At the maximum ({high}) [95 % CI]", f"최고점({high}) 비율 [95 % 구간]"): [
            share(m["distribution"]["at_max"]) for m in models
        ],
        "n": [str(m["distribution"]["at_max"]["n"]) for m in models],
        say(f"Scores {low} to {high}", f"점수 {low}–{high}"): [_bars(m["distribution"]["counts"]) for m in models],
    }
    title = say("Where the scores lie, share of verdicts", "점수 분포, 판정 비율")
    yield Grid.of_columns(title, columns, charts.distribution(report, say))


def _bars(counts: list[Report]) -> str:
    """One bar a step; what is there at all is seen."""
    most = max(c["n"] for c in counts)
    return "".join(_BARS[-(-(len(_BARS) - 1) * c["n"] // most)] if c["n"] else "·" for c in counts) if most else "–"


def _slices(report: Report) -> Iterator[Slice]:
    for m in report["models"]:
        for end in ("at_min", "at_max"):
            yield Slice(m["model"], end, "", m["distribution"][end] | {"failed": m["overall"]["failed"]})


PART = Part(of_models=_of_models, findings=_findings, grids=_grids, slices=_slices, methods=lambda _: ("ends", "share"))
