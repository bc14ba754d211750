"""What an item's findings mean, in a sentence each."""

from collections.abc import Callable
from typing import Any

from judge.scoring.items import FEWEST_MODELS


def explain(item: dict[str, Any], typical: float | None) -> str:
    """Every finding of an item in words; empty where there is none, or why nothing can be known."""
    if item["independent_models"] < FEWEST_MODELS:
        n = item["independent_models"]
        return f"cannot be known: {n} independent model{'' if n == 1 else 's'} with a score, {FEWEST_MODELS} are needed"
    said = [_SENTENCES[name](item, typical) for name in item["findings"]]
    if item["findings"] and item["suspicious"] and item["held"] is not None:
        held = item["held"]
        said.append(
            f"with one model after the other left out, it is {held['times']} times of {held['of']} "
            "in the most doubtful twentieth of all items"
        )
    return "; ".join(said)


def _reversed(item: dict[str, Any], typical: float | None) -> str:
    r = item["correlation"]
    return (
        f"{_culprit(item)}: the better a model, the lower its score here "
        f"(r {r['r']:.2f} [{r['low']:.2f}, {r['high']:.2f}], q {r['q_negative']:.3f})"
    )


def _strong_fail(item: dict[str, Any], typical: float | None) -> str:
    s, r = item["strong"], item["correlation"]
    return (
        f"{_culprit(item)}: the best {s['n']} models get {s['mean']:.2f} here and "
        f"{s['elsewhere']:.2f} elsewhere, and how good a model is decides less than usual (r {r['r']:.2f}, "
        f"{r['order']:.0%} of the attainable; the median item {typical:.0%})"
    )


def _unrelated(item: dict[str, Any], typical: float | None) -> str:
    r = item["correlation"]
    return (
        f"measures something else, or noise: r {r['r']:.2f} [{r['low']:.2f}, {r['high']:.2f}], "
        f"{r['order']:.0%} of the attainable; the median item {typical:.0%}"
    )


def _culprit(item: dict[str, Any]) -> str:
    if item["reference"]:
        return "the reference looks wrong, or wrongly applied"
    return "the grading looks wrong (there is no reference)"


_SENTENCES: dict[str, Callable[[dict[str, Any], float | None], str]] = {
    "reversed": _reversed,
    "strong_fail": _strong_fail,
    "unrelated": _unrelated,
    "separates_none": lambda item, _: "separates no two models: all are within one step of the scale",
    "ceiling": lambda item, _: f"at the ceiling for {item['at_ceiling']:.0%} of the models",
    "floor": lambda item, _: f"at the floor for {item['at_floor']:.0%} of the models",
}
