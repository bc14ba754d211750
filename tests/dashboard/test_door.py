"""Pages hand text from outside to Streamlit through the door only; the rule of `door.py` bites."""

from pathlib import Path

import pytest

import dashboard
from tests.dashboard.door import check, sources

HEAD = "import streamlit as st\nfrom dashboard.safe_text import label, one_line\n"
BAD = {
    "text of others": "def show(view):\n    st.markdown(view.run)",
    "in an f-string": "def show(view):\n    st.caption(f'run {view.run}')",
    "a number that may be text": "def show(n):\n    st.metric('n', f'{n.total}')",
    "a label": "def show(names):\n    st.expander(names[0])",
    "a column": "def show(cols, m):\n    cols[0].metric(m.model, '1')",
    "help": "def show(m):\n    st.button('go', help=m.why)",
    "options": "def show(models):\n    st.radio('모델', list(models))",
    "options read as Markdown": "def show(models):\n    st.pills('모델', models, format_func=one_line)",
    "options of a selectbox": "def show(models):\n    st.selectbox('모델', models)",
    "one_line where Markdown is read": "def show(m):\n    st.error(one_line(m.error))",
    "say": "def show(say, m):\n    st.info(say('no', f'{m.model} 없음'))",
    "a name bound twice": "def show(m):\n    text = 'a'\n    text = m.model\n    st.success(text)",
    "through a helper": "def box(title):\n    st.expander(title)\ndef show(m):\n    box(m.model)",
    "through a result": "def name(m):\n    return m.model\ndef show(m):\n    st.title(name(m))",
    "a helper handed on": "def box(title):\n    st.error(title)\ndef show(m):\n    st.button('x', on_click=box)",
    "joined": "def show(ms):\n    st.subheader(', '.join(m.model for m in ms))",
    "a sink with another name": "show = st.markdown",
    "by name": "def show(x):\n    getattr(st, 'markdown')(x)",
    "import": "from streamlit import markdown",
    "raw HTML": "st.markdown('<b>', unsafe_allow_html=True)",
    "html": "st.html('<b>')",
    "components": "st.components.v1.html('<b>')",
    "write": "st.write('text')",
    "table": "def show(c, frame):\n    c.table(frame)",
    "a column's help": "def show(m):\n    st.column_config.NumberColumn('n', help=m.note)",
    "page title": "def show(m):\n    st.set_page_config(page_title=m.run)",
    "progress": "def show(m):\n    st.progress(0.5, text=m.model)",
}
GOOD = {
    "label": "def show(m):\n    st.markdown(f'**{label(m.model)}**')",
    "numbers": "def show(m):\n    st.metric('점수', f'{m.mean:.2f}', f'{m.n:d} / {len(m.all):d}')",
    "say": "def show(say, m):\n    st.info(say('none', f'{label(m.model)} 없음'))",
    "constant table": "_NAMES = {'a': ('A', '가')}\ndef show(say, k):\n    st.caption(say(*_NAMES[k]))",
    "options": "def show(models):\n    st.radio('모델', models, format_func=label)",
    "selectbox": "def show(models):\n    st.selectbox('모델', models, format_func=one_line)",
    "own options": "_ALL = {'a': 1}\ndef show(say):\n    shown = {say(k, k): v for k, v in _ALL.items()}\n"
    "    st.pills('보기', list(shown))",
    "helper": "def box(title):\n    st.expander(title)\ndef show(m):\n    box(label(m.model))",
    "result": "def text(n):\n    return f'{n:d}' if n else '–'\ndef show(m):\n    st.metric('n', text(m.n))",
    "joined": "def show(ms):\n    st.subheader(', '.join(label(m.model) for m in ms))",
}


def test_every_page_keeps_the_rule() -> None:
    found = check(sources(Path(dashboard.__file__).parent))
    assert not found, "text that may come from outside reaches Markdown; use label(), show_text():\n" + "\n".join(found)


@pytest.mark.parametrize("source", BAD.values(), ids=BAD)
def test_it_bites(source: str) -> None:
    assert check({"page.py": HEAD + source}), source


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD)
def test_it_lets_good_pages_be(source: str) -> None:
    assert check({"page.py": HEAD + source}) == [], source


def test_a_helper_of_another_file_counts() -> None:
    helper = HEAD + "def link(page, text):\n    st.page_link(page, label=text)"
    page = HEAD + "from helper import link\ndef show(m):\n    link('x', m.model)"
    assert check({"helper.py": helper, "page.py": page})
    assert not check({"helper.py": helper, "page.py": page.replace("m.model", "label(m.model)")})
