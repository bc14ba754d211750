"""A long list of questions that does not live in memory."""

import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from questions.types import Question

_IN_MEMORY_BYTES = 8 * 1024 * 1024
_DIGEST_BYTES = 32


class PackedQuestions(Sequence[Question]):
    """Questions as JSON in a temporary file (in memory while they are few): 50 bytes of memory a question.

    Reading one parses it anew, so iterate rather than index. The digests are kept and cost nothing to read.
    """

    def __init__(self, questions: Iterable[Question]) -> None:
        # Closed by the finalizer: the file must outlive every slice, and no longer.
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self._closer = weakref.finalize(self, self._file.close)
        self._whole: PackedQuestions | None = None
        self._starts = array("Q")
        self._digests = bytearray()
        end = 0
        for question in questions:
            self._starts.append(end)
            self._digests += bytes.fromhex(question.digest())
            end += self._file.write(question.model_dump_json(exclude_defaults=True).encode() + b"\n")

    def digests(self) -> Iterator[str]:
        """`Question.digest` of each, in order."""
        return (self._digest(place).hex() for place in range(len(self)))

    def _digest(self, place: int) -> bytes:
        return bytes(self._digests[place * _DIGEST_BYTES : (place + 1) * _DIGEST_BYTES])

    def chosen(self, places: Iterable[int]) -> "PackedQuestions":
        """Those at these places, in that order."""
        chosen = object.__new__(PackedQuestions)
        chosen._file, chosen._whole = self._file, self._whole or self
        chosen._starts, chosen._digests = array("Q"), bytearray()
        for place in places:
            chosen._starts.append(self._starts[place])
            chosen._digests += self._digest(place)
        return chosen

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Question: ...

    @overload
    def __getitem__(self, index: slice) -> "PackedQuestions": ...

    def __getitem__(self, index: int | slice) -> "Question | PackedQuestions":
        if isinstance(index, slice):
            return self.chosen(range(*index.indices(len(self))))
        self._file.seek(self._starts[index])
        return Question.model_validate_json(self._file.readline())

    def __iter__(self) -> Iterator[Question]:
        return (self[place] for place in range(len(self)))
