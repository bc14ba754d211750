"""Overview of a run: scores with intervals, failures by kind, and what they rest on."""

import os

import pandas as pd
import streamlit as st

from dashboard import charts, queries
from dashboard.safe_text import one_line, show_text
from service.errors import StoreError
from service.report.render import category_rows, footnotes, headline, score_table
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

for line in headline(report):
    show_text(line)
if any(m["overall"]["mean"] is not None for m in report["models"]):
    st.altair_chart(charts.intervals(report), width="stretch")
head, body = score_table(report)
st.dataframe(pd.DataFrame(body, columns=head), hide_index=True, width="stretch")
st.subheader("범주별")
head, body = category_rows(report)
st.dataframe(pd.DataFrame(body, columns=head), hide_index=True, width="stretch")
for note in footnotes(report):
    show_text(note)
