"""A rubric as a form: buttons for a score, and a choice for each label or point. All of it works by keyboard."""

from collections.abc import Mapping

import streamlit as st

from dashboard.safe_text import label, one_line
from judge.rubric import ChecklistRubric, LabelsRubric, LikertRubric, Rubric
from judge.scale import Scale
from service.report.document import Say

_MOST_BUTTONS = 11
_KEYS = 9
_TEN, _ZERO = "0", "X"
"""Keys: 0 gives ten, as it stands after 9; where a scale has both, X gives nought."""


def ask_value(say: Say, rubric: Rubric, key: str) -> Mapping[str, object]:
    """What is filled in so far, by field, as `value_of` takes it; `key` names this showing of the form."""
    if isinstance(rubric, LikertRubric):
        return _score(say, rubric, key)
    return _points(say, rubric, key) if isinstance(rubric, ChecklistRubric) else _labels(rubric, key)


def is_filled(rubric: Rubric, filled: Mapping[str, object]) -> bool:
    """Whether nothing is missing."""
    if isinstance(rubric, LikertRubric):
        return filled.get("score") is not None
    wanted = rubric.items if isinstance(rubric, ChecklistRubric) else rubric.labels
    return all(filled.get(part.id) is not None for part in wanted)


def value_text(say: Say, rubric: Rubric, value: Mapping[str, object] | None) -> str:
    """A stored value in words, on one line."""
    if value is None:
        return "–"
    said = value.get("items") if isinstance(rubric, ChecklistRubric) else value.get("labels")
    if isinstance(rubric, LikertRubric) or not isinstance(said, Mapping):
        return f"{value['score']:g}"
    if isinstance(rubric, ChecklistRubric):
        missed = [str(n) for n, item in enumerate(rubric.items, 1) if not said.get(item.id)]
        met = len(rubric.items) - len(missed)
        which = say(f"; not met: {', '.join(missed)}", f", 미충족 {', '.join(missed)}번") if missed else ""
        return say(f"{met:d} of {len(rubric.items):d} met", f"{len(rubric.items):d}개 중 {met:d}개 충족") + which
    names = {part.id: {v.id: v.name for v in part.values} for part in rubric.labels}
    return one_line(
        ", ".join(f"{part.name} {names[part.id].get(str(said.get(part.id)), '–')}" for part in rubric.labels)
    )


def _score(say: Say, rubric: LikertRubric, key: str) -> Mapping[str, object]:
    steps = _steps(rubric.scale)
    if not steps:
        asked = f"{say('Score', '점수')} ({label(rubric.scale.text())})"
        low, high = rubric.scale.ends
        return {"score": st.number_input(asked, low, high, None, step=rubric.scale.step, key=f"score-{key}")}
    chosen = st.session_state.get(f"chosen-{key}")
    text = say("Score", "점수") + (": –" if chosen is None else f": {chosen:g}")
    st.markdown(f"**{label(text)}**")
    with st.container(horizontal=True, gap="small"):
        for step in steps:
            st.button(
                f"{step:g}",
                key=f"score-{key}-{step:g}",
                type="primary" if step == chosen else "secondary",
                shortcut=_shortcut(step, steps),
                on_click=_choose,
                args=(key, step),
            )
    return {"score": chosen}


def _steps(scale: Scale) -> list[float]:
    """The scores of a scale that has few enough for a button each."""
    if scale.step is None or (scale.max - scale.min) / scale.step > _MOST_BUTTONS - 1:
        return []
    return [scale.min + n * scale.step for n in range(round((scale.max - scale.min) / scale.step) + 1)]


def _shortcut(step: float, steps: list[float]) -> str | None:
    if step == 10:
        return _TEN
    if step == 0 and 10 in steps:
        return _ZERO
    return f"{step:g}" if step in range(10) else None


def _points(say: Say, rubric: ChecklistRubric, key: str) -> Mapping[str, object]:
    words = {"yes": say("yes", "예"), "no": say("no", "아니오")}
    return _choices({item.id: (f"{n}. {item.text}", words) for n, item in enumerate(rubric.items, 1)}, key)


def _labels(rubric: LabelsRubric, key: str) -> Mapping[str, object]:
    asked = {
        part.id: (f"{part.name} – {part.asks}", {value.id: value.name for value in part.values})
        for part in rubric.labels
    }
    return _choices(asked, key)


def _choices(asked: Mapping[str, tuple[str, Mapping[str, str]]], key: str) -> Mapping[str, object]:
    """Buttons for each part; the number keys are those of the first part that is open.

    Radio buttons would be nearer at hand, but with the focus in one no other key of the page works.
    """
    chosen = {part: st.session_state.get(f"chosen-{key}-{part}") for part in asked}
    current = next((part for part, value in chosen.items() if value is None), None)
    for part, (text, options) in asked.items():
        said = options.get(str(chosen[part]), "–")
        st.markdown(f"**{label(text, 500)}: {label(said)}**")
        with st.container(horizontal=True, gap="small"):
            for n, (value, name) in enumerate(options.items(), 1):
                st.button(
                    label(name),
                    key=f"choice-{key}-{part}-{value}",
                    type="primary" if value == chosen[part] else "secondary",
                    shortcut=f"{n:d}" if part == current and n <= _KEYS else None,
                    on_click=_choose,
                    args=(f"{key}-{part}", value),
                )
    return chosen


def _choose(key: str, value: object) -> None:
    st.session_state[f"chosen-{key}"] = value
