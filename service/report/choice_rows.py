"""The multiple-choice part of a report as rows, for the tables of every format."""

from typing import Any

from service.report.cells import counted, safe

Report = dict[str, Any]
Rows = tuple[list[str], list[list[str]]]

BIAS_FIGURES = ("acc_amb", "acc_dis", "diff_bias_amb", "diff_bias_dis")
_LANGUAGES = {"ko": "Korean", "en": "English"}


def choice_tables(report: Report) -> list[tuple[str, Rows]]:
    """(title, table) of everything there is to show; empty without multiple choice."""
    models = [m for m in report["models"] if m["choices"]]
    if not models:
        return []
    found = [("Multiple choice, share [95 % CI]", _accuracy_rows(models))]
    if bias := _bias_rows(models):
        found.append(("Bias after KoBBQ, out-of-choice answers dropped [95 % CI]", bias))
    if len({row["language"] for m in models for row in m["choices"]["languages"]}) > 1:
        found.append(("Multiple choice by language of the questions", _language_rows(models)))
    return found


def _accuracy_rows(models: list[Report]) -> Rows:
    body = [
        [safe(m["model"]), safe(d["dataset"]), _cell(d["accuracy"]), _cell(d["out_of_choice"]), counted(d)]
        for m in models
        for d in m["choices"]["datasets"]
    ]
    return ["Model", "Dataset", "Accuracy", "Out of choice", "n"], body


def _bias_rows(models: list[Report]) -> Rows | None:
    body = [
        [safe(m["model"]), safe(d["dataset"]), *(_cell(d["bias"][name]) for name in BIAS_FIGURES), _dropped(d["bias"])]
        for m in models
        for d in m["choices"]["datasets"]
        if d["bias"]
    ]
    return (["Model", "Dataset", *BIAS_FIGURES, "Dropped"], body) if body else None


def _language_rows(models: list[Report]) -> Rows:
    head = [
        "Model",
        "Asked in",
        "Turn",
        "Accuracy",
        "n",
        "Answered in Korean",
        "in English",
        "by label",
        "not understood",
    ]
    body = []
    for m in models:
        for row in m["choices"]["languages"]:
            answered = row["answered"]
            counts = [f"{answered[kind]}" for kind in ("korean", "english", "label", "not_understood")]
            asked = _LANGUAGES.get(row["language"], row["language"])
            body.append(
                [safe(m["model"]), safe(asked), str(row["turn"]), _cell(row["accuracy"]), counted(row), *counts]
            )
        if m["choices"]["gap"]:
            gap = m["choices"]["gap"]
            body.append([safe(m["model"]), "Korean − English", "–", _cell(gap), str(gap["n"]), *["–"] * 4])
    return head, body


def choice_notes(report: Report) -> list[str]:
    """What a reader must know of these figures."""
    if not any(m["choices"] for m in report["models"]):
        return []
    return [
        "Multiple choice: an answer that settles on no option is out of choice and counts as a miss; "
        "an answer that was never given (failed) counts in no share."
    ]


def choice_slices(model: Report) -> list[tuple[str, str, dict[str, Any]]]:
    """(slice, value, estimate) of each figure, for the long form."""
    if not model["choices"]:
        return []
    slices = []
    for d in model["choices"]["datasets"]:
        slices += [(f"choice_{name}", d["dataset"], d[name] | _failed(d)) for name in ("accuracy", "out_of_choice")]
        if d["bias"]:
            slices += [(f"bias_{name}", d["dataset"], d["bias"][name] | _failed(d)) for name in BIAS_FIGURES]
    for row in model["choices"]["languages"]:
        where = f"{row['language']}/{row['turn']}"
        slices.append(("choice_language", where, row["accuracy"] | _failed(row)))
    return slices


def _failed(counted: dict[str, Any]) -> dict[str, Any]:
    return {"failed": counted["failed"]}


def _cell(value: dict[str, Any]) -> str:
    if value["mean"] is None:
        return "–"
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _dropped(bias: dict[str, Any]) -> str:
    return f"{bias['dropped']['ambiguous']} amb, {bias['dropped']['disambiguated']} dis"
