"""YAML text as plain data that remembers its lines.

Only what a configuration file needs is read: no anchors or aliases (a few lines of them can unfold into
gigabytes), no tags, no merge keys, no duplicate keys.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import AliasEvent
from yaml.resolver import Resolver

from questions.source_error import SourceError, quote

try:
    # The C scanner is about ten times as fast; a PyYAML built without it still has the other.
    from yaml._yaml import CParser

    class _Events(CParser):
        pass

except ImportError:  # pragma: no cover
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Events(Reader, Scanner, Parser):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)


MAX_DEPTH = 40
_NO_ANCHORS = "anchors and aliases (& and *) are not read; write the value out, or quote the text"
_NO_TAGS = "tags (!) are not read; delete the tag, or quote the text"
_NOT_YAML = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TABBED_INDENT = re.compile(r"^ *\t")

Path = Sequence[str | int]


@dataclass(frozen=True)
class YamlTree:
    """A parsed file: `data` is what `yaml.safe_load` would return."""

    name: str
    data: Any
    _text: str
    _root: Node

    def line(self, path: Path) -> int:
        """The line (from 1) of the key or list item at `path`, or of its nearest parent that exists."""
        node, found = self._root, self._root
        for part in path:
            if isinstance(node, MappingNode):
                pairs = {str(_scalar(key)): (key, value) for key, value in node.value}
                if str(part) not in pairs:
                    break
                found, node = pairs[str(part)]
            elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
                found = node = node.value[part]
            else:
                break
        return _line(self._text, found)

    def error(self, path: Path, problem: str) -> SourceError:
        """An error about the value at `path`."""
        return SourceError.at(self.name, problem, line=self.line(path), path=shown_path(path))


def shown_path(path: Path) -> str:
    """`("questions", 0, "id")` as `questions[0].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part[:80]}"
    return text.removeprefix(".")


def read_tree(text: str, name: str) -> YamlTree:
    """Parse one YAML document. Errors: `SourceError` with the line."""
    text = text.removeprefix("\ufeff")
    if stray := _NOT_YAML.search(text):
        raise SourceError.at(
            name,
            f"the character U+{ord(stray[0]):04X} cannot stand in a YAML file; delete it",
            line=_line_at(text, stray.start()),
        )
    root = _compose(text, name)
    if root is None:
        raise SourceError.at(name, "the file is empty", line=1)
    return YamlTree(name, _Values(text, name).of(root), text, root)


class _Composer(Composer, _Events, Resolver):
    """Composes nodes, and refuses what makes a small file large or a harmless one executable."""

    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: Any = self.peek_event()
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise _Refused(_NO_ANCHORS, event)
        if event.tag is not None:
            raise _Refused(_NO_TAGS, event)
        if self._depth >= MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels; make it flatter", event)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Refused(MarkedYAMLError):
    """Sound YAML that is not read here; the problem says so in our own words."""

    def __init__(self, problem: str, event: Any) -> None:
        super().__init__(problem=problem, problem_mark=event.start_mark)


def _compose(text: str, name: str) -> Node | None:
    try:
        return _Composer(text).get_single_node()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = _line_at(text, mark.index) if mark else 1
        raise SourceError.at(name, _syntax_problem(text, line, error), line=line) from error
    except YAMLError as error:
        raise SourceError.at(name, f"not valid YAML: {error}", line=1) from error


def _syntax_problem(text: str, line: int, error: MarkedYAMLError) -> str:
    problem = error.problem or "cannot be read"
    if isinstance(error, _Refused):
        return problem
    context = error.context or ""
    if "alias" in context or "anchor" in context:  # "*강조*": not even a sound one
        return _NO_ANCHORS
    if "tag" in context:
        return _NO_TAGS
    lines = text.split("\n")
    if line <= len(lines) and _TABBED_INDENT.match(lines[line - 1]):
        return "a tab is used for indentation; use spaces"
    if "mapping values are not allowed" in problem:
        return "not valid YAML: a text that holds ': ' needs quotes, and keys of one level the same indentation"
    if "another document" in problem or "single document" in problem:
        return "a second document starts here (---); keep one document a file"
    return f"not valid YAML: {problem}"


class _Values:
    """Turns nodes into Python values."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name

    def of(self, node: Node) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node)
        if isinstance(node, SequenceNode):
            return [self.of(item) for item in node.value]
        try:
            return _scalar(node)
        except (YAMLError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            problem = f"{quote(node.value)} looks like a number or a date but is none; put it in quotes"
            raise self._error(node, problem) from error

    def _mapping(self, node: MappingNode) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        keys: dict[Any, Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self._error(key_node, "a key must be plain text, not a list or a mapping")
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self._error(key_node, "merge keys (<<) are not read; write the keys out")
            key = self.of(key_node)
            if key in result:
                first = f"first on line {_line(self._text, keys[key])}"
                raise self._error(key_node, f"the key {quote(key_node.value)} appears twice ({first})")
            keys[key] = key_node
            result[key] = self.of(value_node)
        return result

    def _error(self, node: Node, problem: str) -> SourceError:
        return SourceError.at(self._name, problem, line=_line(self._text, node))


def _scalar(node: Node) -> Any:
    return SafeConstructor().construct_object(node)


def _line(text: str, node: Node) -> int:
    return _line_at(text, node.start_mark.index)


def _line_at(text: str, index: int) -> int:
    # Counted here: YAML also breaks lines at U+0085 and U+2028, which editors do not count.
    return text.count("\n", 0, index) + 1
