"""Tables of a document as a page shows them: short cells as a table, long ones as text that breaks into lines."""

import pandas as pd
import streamlit as st

from dashboard.safe_text import label, one_line, show_text
from service.report.document import Grid

_LONG = 48
"""Characters from which a cell would be cut off in a table."""


def show_grid(grid: Grid) -> None:
    """A grid without its figure; every cell can be read whole."""
    if not any(len(cell) > _LONG for row in grid.rows for cell in row):
        frame = pd.DataFrame([[one_line(cell) for cell in row] for row in grid.rows], columns=grid.head)
        st.dataframe(frame, hide_index=True, width="stretch", alt=one_line(grid.title or grid.head[0]))
        return
    for first, *others in grid.rows:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{label(first)}**")
            for name, cell in zip(grid.head[1:], others, strict=True):
                show_text(cell if len(grid.head) == 2 else f"{name}: {cell}")
