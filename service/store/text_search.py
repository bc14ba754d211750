"""Which conversations of a run have an answer with a text in it: read a part at a time, since texts are many."""

import time
from collections.abc import Iterator

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection
from sqlalchemy.types import NullType

from service.store.explorer import ConversationIndex
from service.store.reads import StoredRun
from service.store.schema import answers, completions
from service.store.types import stored_bytes

_CONVERSATIONS_AT_ONCE = 500
Stored = str | bytes | None


class TextSearch:
    """A search that goes on from where it stopped; `found` says of each entry of the index whether it has the text."""

    def __init__(self, run: StoredRun, index: ConversationIndex, text: str) -> None:
        self.asked = run.id, text
        self.index = index
        self.found: NDArray[np.bool_] = np.zeros(index.model.size, dtype=np.bool_)
        self._run_id = run.id
        self._text = text.encode(errors="replace")
        step = max(1, _CONVERSATIONS_AT_ONCE // run.plan.samples)
        firsts = range(0, run.plan.questions.n, step)
        self._parts = [(model, first, first + step - 1) for model in range(len(run.plan.models)) for first in firsts]
        self._read = 0

    @property
    def share_read(self) -> float:
        """How much of the run has been read, 0 to 1."""
        return self._read / len(self._parts) if self._parts else 1.0

    @property
    def is_complete(self) -> bool:
        return self._read == len(self._parts)

    def go_on(self, connection: Connection, seconds: float) -> None:
        """Read on for about that long, one part at least."""
        end = time.monotonic() + seconds
        while not self.is_complete:
            self._read_part(connection, *self._parts[self._read])
            self._read += 1
            if time.monotonic() >= end:
                return

    def _read_part(self, connection: Connection, model: int, first: int, last: int) -> None:
        index = self.index
        start, end = np.searchsorted(index.model, [model, model + 1])
        start, end = start + np.searchsorted(index.question[start:end], [first, last + 1])
        place = {
            key: start + n
            for n, key in enumerate(
                zip(index.question[start:end].tolist(), index.sample[start:end].tolist(), strict=True)
            )
        }
        for question, sample in self._having(connection, model, first, last):
            # An answer without a verdict is in no index.
            if (n := place.get((question, sample))) is not None:
                self.found[n] = True

    def _having(self, connection: Connection, model: int, first: int, last: int) -> Iterator[tuple[int, int]]:
        a, c = answers.c, completions.c
        # As they are stored: what is only searched need not become text.
        columns = [sa.type_coerce(column, NullType()) for column in (a.text, c.text, c.refusal)]
        rows = connection.execute(
            sa.select(a.question, a.sample, *columns)
            .select_from(answers.outerjoin(completions, c.id == a.completion_id))
            .where(a.run_id == self._run_id, a.model == model, a.question.between(first, last))
        )
        for question, sample, text, said, refusal in rows:
            if self._text in _visible(text, said, refusal):
                yield question, sample


def _visible(text: Stored, said: Stored, refusal: Stored) -> bytes:
    """What `reads.answer_text` gives, as UTF-8."""
    if text is not None:
        return stored_bytes(text)
    plain = b"" if said is None else stored_bytes(said)
    return plain if plain.strip() or refusal is None else stored_bytes(refusal)
