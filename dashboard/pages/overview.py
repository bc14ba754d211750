"""Which model is how good, and how sure is that?"""

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.frame import Page, View, open_page
from dashboard.safe_text import label, show_text
from service.report.render import report_document

PAGE = Page(
    "overview",
    "summary",
    1,
    ("Overview", "개요"),
    ("Which model is how good, and how sure is that?", "지금 어느 모델이 얼마나 믿을 만하게 좋은가?"),
)


def show(view: View) -> None:
    document = report_document(view.report, view.language)
    for line in document.findings:
        show_text(line)
    for grid in document.grids:
        if grid.title is not None:
            st.subheader(label(grid.title), anchor=False)
        if grid.figure is not None:
            show_text(grid.figure.alt)
            st.altair_chart(charts.draw(grid.figure), width="stretch")
        st.dataframe(pd.DataFrame(grid.rows, columns=grid.head), hide_index=True, width="stretch")
    for note in document.notes:
        show_text(note)


if __name__ == "__main__":
    open_page(PAGE, show)
