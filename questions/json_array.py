"""Reading a file that is one JSON array of objects, an element at a time."""

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from questions.json_lines import HALF_CHARACTER, no_constant, refuse_half_characters, unique_keys
from questions.source import MAX_LINE_BYTES, SourceError, decoding_problem, read_chunks
from questions.validation import found

_CHUNK_BYTES = 1024 * 1024
_WHITE = " \t\r\n"
_DECODER = json.JSONDecoder(object_pairs_hook=unique_keys, parse_constant=no_constant)


def opens_array(path: Path | str) -> bool:
    """Whether the first thing in the file is the bracket of an array. Errors: `SourceError`."""
    return _Text(path).next_sign() == "["


def read_json_array(path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The elements of the array with their numbers (from 1), one after the other.

    Errors: `SourceError` at the first element that is no object, and for an array that is empty or was cut off.
    """
    text = _Text(path)
    if text.next_sign() != "[":
        raise SourceError.at(path, "expected a JSON array ([...]) of objects")
    text.skip()
    row = 0
    sign = text.next_sign()
    while sign != "]" or row:
        row += 1
        if sign != "{":
            raise _at(path, row, _not_an_object(sign))
        yield row, text.take(row)
        sign = text.next_sign()
        if sign == "]":
            break
        if sign != ",":
            raise _at(path, row, _CUT if not sign else f"expected a comma or ] behind it, found {found(sign)}")
        text.skip()
        sign = text.next_sign()
    if not row:
        raise SourceError.at(path, "the array is empty; expected one JSON object a question")
    text.skip()
    if rest := text.next_sign():
        raise SourceError.at(path, f"more text behind the end of the array: {found(rest)}")


_CUT = "the file stops in the middle; it was cut off, fetch it again"


def _not_an_object(sign: str) -> str:
    return f"expected a JSON object ({{...}}), found {found(sign)}" if sign else _CUT


def _at(path: Path | str, row: int, problem: str) -> SourceError:
    return SourceError.at(path, problem, path=f"row {row}")


class _Text:
    """The part of the file that is in memory, and a place in it."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._chunks = read_chunks(path, _CHUNK_BYTES)
        self._decode: Callable[[bytes, bool], str] = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text, self._at, self._lines = "", 0, 0
        self._ended = False

    def next_sign(self) -> str:
        """The next character that is no white space; empty at the end of the file."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _WHITE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._grow(1)

    def skip(self) -> None:
        """Step over one character."""
        self._at += 1

    def take(self, row: int) -> dict[str, Any]:
        """The object that begins here."""
        chunks = 1
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                refuse_half_characters(self._text[self._at : end], value)
            except json.JSONDecodeError as error:
                if self._ended or len(self._text) - self._at > MAX_LINE_BYTES:
                    stopped = error.msg.startswith("Unterminated string") or error.pos >= len(self._text.rstrip())
                    raise _at(self._path, row, _CUT if stopped else f"not valid JSON: {error.msg}") from error
                # What is not JSON now may be once more of the file is there; reading twice as much keeps that cheap.
                self._grow(chunks)
                chunks *= 2
            except UnicodeEncodeError as error:
                raise _at(self._path, row, HALF_CHARACTER) from error
            except RecursionError as error:
                raise _at(self._path, row, "not usable JSON: nested too deeply") from error
            except ValueError as error:
                raise _at(self._path, row, f"not usable JSON: {error}") from error
            else:
                self._at = end
                assert isinstance(value, dict)
                return value

    def _grow(self, chunks: int) -> None:
        self._lines += self._text.count("\n", 0, self._at)
        parts = [self._text[self._at :]]
        self._at = 0
        for _ in range(chunks):
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            try:
                parts.append(self._decode(chunk, self._ended))
            except UnicodeDecodeError as error:
                line = 1 + self._lines + sum(part.count("\n") for part in parts)
                line += bytes(error.object).count(b"\n", 0, error.start)
                raise SourceError.at(self._path, decoding_problem(error), line=line) from error
            if self._ended:
                break
        self._text = "".join(parts)
