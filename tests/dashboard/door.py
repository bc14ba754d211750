"""The rule that pages keep, read from their source: what Streamlit reads as Markdown is ours, or went through `label`.

An expression is ours if it is

- a literal; a module's constant (a name in capitals) and what is taken out of it;
- an f-string of such parts, of numbers (a format such as `:d`, `:.2f` or `:,` fails on text), and of our expressions;
- `label(...)`; `say(english, korean)` of our expressions; `one_line(...)` where the sink reads no Markdown;
- a list, a conditional, a sum, a join, a comprehension of our expressions;
- a name that is bound to nothing else in its function; a call of a function of the file that returns nothing else.

A function that hands its parameter to a sink is itself a sink for it, in every file.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARKDOWN = {
    "markdown", "caption", "title", "header", "subheader", "metric", "badge", "text", "code", "json",
    "error", "warning", "info", "success", "toast", "spinner", "status", "progress", "expander", "popover", "dialog",
    "tabs", "button", "download_button", "form_submit_button", "link_button", "page_link", "menu_button",
    "checkbox", "toggle", "radio", "pills", "segmented_control", "feedback", "slider", "select_slider",
    "selectbox", "multiselect", "text_input", "text_area", "number_input", "date_input", "time_input", "chat_input",
    "chat_message", "file_uploader", "color_picker", "set_page_config", "Page", "navigation",
    "Column", "TextColumn", "NumberColumn", "LinkColumn", "ProgressColumn", "CheckboxColumn", "SelectboxColumn",
}  # fmt: skip
BANNED = {
    "html", "iframe", "components", "write", "write_stream", "table", "latex", "exception", "image", "logo", "audio",
    "video", "pdf", "graphviz_chart", "plotly_chart", "pydeck_chart", "echo", "help",
}  # fmt: skip
CHOICES = {"radio", "pills", "segmented_control", "select_slider", "tabs", "selectbox", "multiselect"}
PLAIN = {"selectbox", "multiselect"}
"""Their options are no Markdown: `one_line` is enough."""
WORDS = {"label", "body", "text", "title", "help", "caption", "captions", "placeholder", "value", "delta", "options"}
WORDS |= {"page_title", "tabs", "display_text", "format_func", "pages", "description", "menu_items", "name"}
_VALUES = {"metric"}
"""Where `value` is what is shown; elsewhere it is what a field begins with."""
_NUMBERS = tuple("bcdeEfFgGnoxX%,_")
_PASSING = {"list", "tuple", "sorted", "reversed", "next", "iter", "dict", "enumerate", "zip"}
_COUNTS = {"len", "int", "float", "round", "range"}
_PARTS: dict[type[ast.expr], Callable[[Any], list[ast.expr]]] = {
    ast.JoinedStr: lambda e: e.values,
    ast.BinOp: lambda e: [e.left, e.right],
    ast.IfExp: lambda e: [e.body, e.orelse],
    ast.BoolOp: lambda e: e.values,
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set), lambda e: e.elts),
    **dict.fromkeys((ast.Starred, ast.Subscript, ast.NamedExpr), lambda e: [e.value]),
    **dict.fromkeys((ast.ListComp, ast.GeneratorExp, ast.SetComp), lambda e: [e.elt]),
    ast.Dict: lambda e: [key for key in e.keys if key],
    ast.DictComp: lambda e: [e.key],
}
"""What must be ours for the whole to be."""


@dataclass
class Door:
    """What was found in the files, and which functions hand a parameter on to a sink."""

    wrong: list[str] = field(default_factory=list)
    passed_on: set[tuple[str, int, str]] = field(default_factory=set)
    """(function, position, parameter)."""


def check(files: dict[str, str]) -> list[str]:
    """Every breach of the rule in these files (name -> source), as `name:line what`."""
    trees = {name: ast.parse(source) for name, source in files.items()}
    door = Door()
    while True:
        before = len(door.passed_on)
        door.wrong = []
        for name, tree in trees.items():
            _File(name, tree, door).check()
        if len(door.passed_on) == before:
            called = {_called(node) for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Call)}
            door.wrong += [f"{f}({p}) is called by nobody here" for f, _, p in door.passed_on if f not in called]
            return sorted(set(door.wrong))


def sources(folder: Path) -> dict[str, str]:
    """Everything under it but the door itself."""
    files = (file for file in sorted(folder.rglob("*.py")) if file.name != "safe_text.py")
    return {str(file.relative_to(folder)): file.read_text("utf-8") for file in files}


class _File:
    def __init__(self, name: str, tree: ast.Module, door: Door) -> None:
        self._name, self._tree, self._door = name, tree, door
        self._functions = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}
        self._home: dict[ast.AST, ast.FunctionDef | None] = {}
        self._settle(tree, None)
        self._open: set[str] = set()

    def _settle(self, node: ast.AST, home: ast.FunctionDef | None) -> None:
        """Which function every node stands in."""
        for child in ast.iter_child_nodes(node):
            self._home[child] = home
            self._settle(child, child if isinstance(child, ast.FunctionDef) else home)

    def check(self) -> None:
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom) and node.module in ("streamlit", "streamlit.components.v1"):
                self._fail(node, "`import streamlit as st` is the only way in")
            elif isinstance(node, ast.keyword) and node.arg and node.arg.startswith("unsafe_allow"):
                self._fail(node.value, f"{node.arg} is banned")
            elif isinstance(node, ast.Attribute) and _of_streamlit(node):
                if node.attr in BANNED:
                    self._fail(node, f"st.{node.attr} is banned")
                elif node.attr in MARKDOWN - {"Page"} and id(node) not in called:
                    self._fail(node, f"st.{node.attr} must be called where it stands")
            elif isinstance(node, ast.Name) and id(node) not in called and self._shows(node.id):
                self._fail(node, f"{node.id} shows what it is given: it must be called where it stands")
            if isinstance(node, ast.Call):
                self._call(node)

    def _shows(self, name: str) -> bool:
        return name in self._functions and any(name == function for function, _, _ in self._door.passed_on)

    def _call(self, call: ast.Call) -> None:
        name = _called(call)
        if name in ("getattr", "vars") and call.args and isinstance(call.args[0], ast.Name) and call.args[0].id == "st":
            self._fail(call, "Streamlit is not asked by name")
        if isinstance(call.func, ast.Attribute) and name in BANNED - {"help"} and not _of_module(call.func):
            self._fail(call, f".{name} is banned")
        if isinstance(call.func, ast.Attribute) and name in MARKDOWN and not _of_module(call.func):
            for part in self._words(name, call):
                if not self._ours(part, call, plain=name in PLAIN):
                    self._fail(part, f"{name}({ast.unparse(part)})")
        for _, position, parameter in [p for p in self._door.passed_on if p[0] == name]:
            for part in _given(call, position, parameter):
                if not self._ours(part, call):
                    self._fail(part, f"{name}({ast.unparse(part)})")

    def _words(self, name: str, call: ast.Call) -> Iterator[ast.expr]:
        """The arguments that are shown."""
        given = {word.arg: word.value for word in call.keywords if word.arg}
        form = given.get("format_func")
        formed = form is not None and self._forms(form, plain=name in PLAIN)
        shown = call.args[: 3 if name in _VALUES else 2 if name in CHOICES else 1]
        if name in CHOICES and name != "tabs" and formed:
            shown = shown[:1]
        if name in ("progress", "Page", "page_link", "chat_message"):
            shown = []
        yield from shown
        for word, value in given.items():
            skipped = (word == "format_func") or (word == "options" and formed)
            skipped |= word in ("value", "delta") and name not in _VALUES
            if word in WORDS and not skipped:
                yield value
        if form is not None and not formed:
            yield form

    def _forms(self, form: ast.expr, *, plain: bool) -> bool:
        """Whether a `format_func` makes any option ours."""
        if isinstance(form, ast.Lambda):
            return self._ours(form.body, form, plain=plain)
        return isinstance(form, ast.Name) and (form.id == "label" or (plain and form.id == "one_line"))

    def _ours(self, e: ast.expr, at: ast.AST, *, plain: bool = False) -> bool:
        """Whether an expression holds nothing from outside."""
        if (parts := _PARTS.get(type(e))) is not None:
            return all(self._ours(part, at, plain=plain) for part in parts(e))
        match e:
            case ast.Constant():
                return True
            case ast.FormattedValue():
                return _is_number(e) or self._ours(e.value, at, plain=plain)
            case ast.Attribute(value=ast.Name(id="page" | "PAGE"), attr="title" | "question" | "name"):
                return True
            case ast.Attribute():
                root = _root(e)
                return isinstance(root, ast.Name) and _is_constant(root.id)
            case ast.Name():
                return _is_constant(e.id) or self._bound(e, plain=plain)
            case ast.Call():
                return self._made(e, at, plain=plain)
        return False

    def _made(self, call: ast.Call, at: ast.AST, *, plain: bool) -> bool:
        """Whether a call gives nothing from outside."""
        name = _called(call)
        if isinstance(call.func, ast.Name) and (name == "label" or (name == "one_line" and plain) or name in _COUNTS):
            return True
        if name == "say" or name in _PASSING or name == "speaker":
            return all(self._ours(part, at, plain=plain) for part in call.args)
        if isinstance(call.func, ast.Attribute):
            if name == "join":
                return all(self._ours(part, at, plain=plain) for part in (call.func.value, *call.args))
            if name in ("items", "values", "keys") and not call.args:
                return self._ours(call.func.value, at, plain=plain)
            return False
        function = self._functions.get(name)
        if function is None or name in self._open:
            return function is not None
        self._open.add(name)
        try:
            returned = [n for n in ast.walk(function) if isinstance(n, ast.Return) and self._home[n] is function]
            return all(n.value is None or self._ours(n.value, n, plain=plain) for n in returned)
        finally:
            self._open.discard(name)

    def _bound(self, name: ast.Name, *, plain: bool) -> bool:
        """Whether all that a name is bound to, in its function and those around, is ours."""
        home = self._home.get(name)
        while True:
            scope: ast.AST = home or self._tree
            values = list(_bindings(scope, name.id))
            passed = home is not None and self._passed_on(home, name.id)
            if values:
                key = f"{id(scope)}:{name.id}"
                if key in self._open:
                    return True
                self._open.add(key)
                try:
                    return all(self._ours(value, name, plain=plain) for value in values)
                finally:
                    self._open.discard(key)
            if passed or home is None:
                return passed
            home = self._home.get(home)

    def _passed_on(self, function: ast.FunctionDef, name: str) -> bool:
        """Whether it is a parameter; callers answer for it then."""
        parameters = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        if name not in parameters:
            return False
        self._door.passed_on.add((function.name, parameters.index(name) - (parameters[0] == "self"), name))
        return True

    def _fail(self, node: ast.AST, what: str) -> None:
        self._door.wrong.append(f"{self._name}:{getattr(node, 'lineno', 0)} {what}")


def _is_constant(name: str) -> bool:
    return name.lstrip("_").isupper()


def _of_module(func: ast.Attribute) -> bool:
    """Whether it is a function of some other module, such as `json.text`."""
    return isinstance(func.value, ast.Name) and func.value.id in ("json", "alt", "charts", "ast", "re", "os", "logging")


def _of_streamlit(node: ast.Attribute) -> bool:
    root = _root(node)
    return isinstance(root, ast.Name) and root.id == "st"


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _given(call: ast.Call, position: int, parameter: str) -> Iterator[ast.expr]:
    if position < len(call.args):
        yield call.args[position]
    yield from (word.value for word in call.keywords if word.arg == parameter)


def _is_number(part: ast.FormattedValue) -> bool:
    """Whether its format fails on text."""
    spec = part.format_spec
    if part.conversion != -1 or not isinstance(spec, ast.JoinedStr) or not spec.values:
        return False
    last = spec.values[-1]
    return isinstance(last, ast.Constant) and str(last.value).endswith(_NUMBERS)


def _bindings(scope: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a name is bound to anywhere in a function; an unpacked sequence counts whole, unless it is written out."""
    for node in ast.walk(scope):
        match node:
            case ast.Assign():
                for target in node.targets:
                    yield from _matched(target, node.value, name)
            case ast.AnnAssign(value=ast.expr()) | ast.AugAssign() | ast.NamedExpr():
                if node.value is not None:
                    yield from _matched(node.target, node.value, name)
            case ast.For() | ast.comprehension():
                yield from _matched(node.target, node.iter, name, one_of=True)


def _matched(target: ast.expr, value: ast.expr, name: str, *, one_of: bool = False) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name):
        if target.id == name:
            yield value
    elif isinstance(target, ast.Tuple | ast.List):
        if one_of and isinstance(value, ast.Tuple | ast.List):
            for row in value.elts:
                yield from _matched(target, row, name)
            return
        written_out = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if written_out and isinstance(value, ast.Tuple | ast.List) else [value] * len(target.elts)
        for part, given in zip(target.elts, values, strict=True):
            yield from _matched(part, given, name)
