"""One answer as a reviewer sees it: the conversation up to it, the answer, and what the rubric asks for."""

import streamlit as st

from dashboard.safe_text import label, show_text
from dashboard.words import AVATARS
from judge.rubric import Rubric
from questions.taxonomy import taxonomy
from service.report.document import Say
from service.review.queue import BlindItem


def show_conversation(say: Say, item: BlindItem) -> None:
    """Turn by turn, and the answer that is to be judged."""
    turn = 0
    for role, text in item.conversation:
        if role == "system":
            with st.expander(say("System prompt", "시스템 프롬프트")):
                show_text(text)
            continue
        if role == "user":
            turn += 1
            st.markdown(f"**{say(f'Turn {turn:d}', f'{turn:d}턴')}**")
        with st.chat_message(role, avatar=AVATARS[role]):
            show_text(text)
    with st.container(border=True):
        st.markdown(f"**{say('The answer to judge', '판정할 답변')}**")
        show_text(item.answer or say("(empty)", "(빈 답변)"))
    if item.reference:
        with st.expander(say("Reference answer", "참고 답안")):
            show_text(item.reference)


def show_guideline(say: Say, rubric: Rubric, turn: int) -> None:
    """The rubric in words: what it says, its points, and what its values mean."""
    st.markdown(f"**{label(rubric.title)}**")
    show_text(rubric.instructions.strip())
    if for_turn := (rubric.first_turn if turn == 1 else rubric.later_turns).strip():
        show_text(for_turn)
    if rubric.kind == "likert":
        for criterion in rubric.criteria:
            show_text(f"{criterion.name}: {criterion.description}")
        for score, meaning in sorted(rubric.anchors.items(), reverse=True):
            show_text(f"{score:d} – {meaning}")
    elif rubric.kind == "checklist":
        for point in rubric.items:
            weight = say(f"weight {point.weight:g}", f"가중치 {point.weight:g}")
            critical = say(", critical: without it the score is 0", ", 필수: 어기면 0점") if point.critical else ""
            show_text(f"{point.text} ({weight}{critical})")
    else:
        for asked in rubric.labels:
            show_text(f"{asked.name}: {asked.asks}")
            for value in asked.values:
                show_text(f"· {value.name}: {value.description}" if value.description else f"· {value.name}")


def hazard_name(say: Say, leaf_id: str) -> str:
    """What a safety leaf is called."""
    leaf = taxonomy().leaf(leaf_id)
    return leaf_id if leaf is None else say(leaf.en, leaf.ko)
