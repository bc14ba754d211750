"""Overview of a run: scores with intervals, failures by kind, and what they rest on."""

import os

import pandas as pd
import streamlit as st

from dashboard import charts, queries
from dashboard.safe_text import one_line, show_text
from service.errors import StoreError
from service.report.render import report_document
from service.store import DEFAULT_URL

st.set_page_config(page_title="kojudge", layout="wide")
st.title("kojudge")
database = os.environ.get("KOJUDGE_DATABASE_URL", DEFAULT_URL)
try:
    names = queries.run_names(database)
except StoreError as error:
    show_text(f"데이터베이스를 열 수 없습니다: {error}")
    st.stop()
if not names:
    st.write("아직 실행 기록이 없습니다. 터미널에서 `kojudge demo`를 실행해 보세요.")
    st.stop()

wanted = st.query_params.get("run", names[0])
name = st.selectbox(
    "실행", names, index=names.index(wanted) if wanted in names else 0, format_func=lambda n: one_line(n)
)
st.query_params["run"] = name
report = queries.report(database, name)

document = report_document(report, "ko")
for line in (document.title, *document.lines, *document.findings):
    show_text(line)
if any(m["overall"]["mean"] is not None for m in report["models"]):
    st.altair_chart(charts.intervals(report), width="stretch")
for grid in document.grids:
    if grid.title is not None:
        st.subheader(grid.title)
    st.dataframe(pd.DataFrame(grid.rows, columns=grid.head), hide_index=True, width="stretch")
for note in document.notes:
    show_text(note)
