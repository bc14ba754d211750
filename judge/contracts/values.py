"""One of a few named values at the beginning of a text, and nothing beside it that puts it in doubt.

After the value may stand a reason, behind a mark that ends the statement (`예 - 끝까지 지켰다`). A word that goes on
from the value (`0 이상`, `예라고 보기 어렵다`) or another of the values there (`응함 아님, 거부`) makes it uncertain.
"""

import re
from collections.abc import Collection, Mapping

from judge.contracts.doubts import taken_back

_OPEN = r"[ \t\[({<\"'“‘「【]*"
_CLOSE = r"[ \t\])}>\"'”’」】\ufe0f]*"
_NO_LETTER = r"(?![가-힣A-Za-z0-9])"
_SAID_SO = r"(?:입니다|이다|임|합니다|했다|했습니다|한다|함|됨)"
_MARKS = r"[ \t.,;:!()\[\]|–—\-\"'“”]*"
_JOINED = r"(?:(?:또는|혹은|아니면|아니라|내지|하지만|다만|그러나|단|아니|or|but|not)[ \t,]*)*"
_INCLINED = r"(?=에[ \t]*가[깝까]|[ \t]*쪽|에[ \t]*해당|[이으]?라고|[이으]?로[ \t])"
_NEGATION = re.compile(r"\bnot\b|아니", re.I)
_DENIED = r"(?:은|는|이|가)?[ \t]*(?:아니|아님|아닙|않|못[ \t하])"

# A reason is behind a mark; "0 이상" goes on, "예?" asks, "0 (아님)" takes it back.
_REST = re.compile(rf"[.,;:!()\[\]|–—\-…](?!{_MARKS}{_DENIED})|[^\w?]*$")


def loosely(name: str) -> str:
    """A pattern for a name as it may be written: its spaces, hyphens and low lines alike."""
    return r"[ \t_-]*".join(re.escape(part) for part in re.split(r"[\s_-]+", name))


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.casefold())


class ValueReader:
    """Reads a value by its names: `names` says which value each stands for.

    `units` may stand behind a value (`2단계`), `before` before it (`수준 2`). Names in `telling` put another value in
    doubt wherever they stand as a word in the reason; the others only right behind the value.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        telling: Collection[str],
        units: Collection[str] = (),
        before: Collection[str] = (),
    ) -> None:
        self._values = {_squeezed(name): value for name, value in names.items()}
        known = _any_of(names)
        unit = rf"(?:[ \t]?(?:{_any_of(units)}))?" if units else ""
        lead = rf"(?:(?:{_any_of(before)})[ \t]*)?" if before else ""
        end = rf"{unit}{_SAID_SO}?(?![가-힣A-Za-z0-9/~]|\.[0-9])"
        self._value = re.compile(rf"{_OPEN}{lead}(?P<value>{known}){end}{_CLOSE}(?P<rest>.*)$", re.I | re.DOTALL)
        self._next = re.compile(rf"{_MARKS}{_JOINED}{_OPEN}{lead}(?P<value>{known})(?:{_NO_LETTER}|{_INCLINED})", re.I)
        self._told = re.compile(rf"(?<![가-힣A-Za-z])(?P<value>{_any_of(telling)}){_NO_LETTER}", re.I)

    def __call__(self, text: str) -> str | None:
        """The value that a text certainly begins with, or None."""
        found = self._value.match(text)
        if found is None:
            return None
        value, rest = self._values[_squeezed(found["value"])], found["rest"]
        if rest and (not _REST.match(rest) or taken_back(rest)):
            return None
        following = self._next.match(rest)
        if following and _NEGATION.search(rest, following.start(), following.start("value")):
            return None
        others = [following, *self._told.finditer(rest)]
        if any(other and self._values[_squeezed(other["value"])] != value for other in others):
            return None
        return value


def _any_of(names: Collection[str]) -> str:
    return "|".join(loosely(name) for name in sorted(names, key=len, reverse=True))
