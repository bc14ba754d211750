"""Runs, answers and verdicts on disk. One thread writes; anyone reads."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from service.store import askings
from service.store.opening import DEFAULT_URL, open_engine
from service.store.reading import BUSY_TIMEOUT_S
from service.store.writer import Patience, Writer

__all__ = ["DEFAULT_URL", "Store"]


class Store:
    """An open database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        sa.event.listen(engine, "rollback", askings.forget)

    @classmethod
    def open(
        cls, url: str = DEFAULT_URL, *, create: bool = True, read_only: bool = False, busy_s: float = BUSY_TIMEOUT_S
    ) -> "Store":
        """Open, and create or migrate when needed; `read_only` also where nothing can be written. `busy_s`: how
        long to wait for another that holds the file.

        Raises:
            StoreError: one line that says what is wrong with the database.
        """
        return cls(open_engine(url, create=create, read_only=read_only, busy_s=busy_s))

    def read(self) -> AbstractContextManager[Connection]:
        """One state of the database, from the first SELECT on."""
        return self._engine.connect()

    def reader(self) -> AbstractContextManager[Connection]:
        """For many short reads over a long time: each sees what is committed by then, and none holds anything back."""
        return self._engine.connect().execution_options(snapshot=False)

    def transaction(self) -> AbstractContextManager[Connection]:
        """All or nothing, for imports and for setting up a run."""
        return self._engine.execution_options(writes=True).begin()

    def writer(self, say: Callable[[str], None] = lambda _line: None, patience: Patience | None = None) -> Writer:
        """The one writer; `say` hears, in the writer's thread, what it waits for."""
        return Writer(self._engine, say, patience or Patience())

    def close(self) -> None:
        self._engine.dispose()
