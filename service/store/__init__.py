"""Runs, answers and verdicts on disk. One thread writes; anyone reads."""

from contextlib import AbstractContextManager

from sqlalchemy.engine import Connection, Engine

from service.store.opening import DEFAULT_URL, open_engine
from service.store.writer import Writer

__all__ = ["DEFAULT_URL", "Store"]


class Store:
    """An open database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str = DEFAULT_URL, *, create: bool = True) -> "Store":
        """Open, and create or migrate when needed.

        Raises:
            StoreError: one line that says what is wrong with the database.
        """
        return cls(open_engine(url, create=create))

    def read(self) -> AbstractContextManager[Connection]:
        return self._engine.connect()

    def transaction(self) -> AbstractContextManager[Connection]:
        """All or nothing, for imports and for setting up a run."""
        return self._engine.begin()

    def writer(self) -> Writer:
        return Writer(self._engine)

    def close(self) -> None:
        self._engine.dispose()
