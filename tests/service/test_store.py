"""The single writer: nothing that can be kept is lost."""

import asyncio

import pytest
import sqlalchemy as sa

from service.errors import StoreError
from service.store import Store
from service.store.schema import questions


def insert(digest: str, content: object):
    return lambda connection: connection.execute(questions.insert().values(digest=digest, content=content))


def test_a_refused_write_costs_no_other_its_own_and_the_writer_lives_on(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/k.db")

    async def write() -> list[object]:
        with store.writer() as writer:
            bad = [insert("b1", 2**70), insert("b2", "\ud800")]
            good = [insert("a", "가"), insert("c", "다")]
            results = await asyncio.gather(*(writer.write(w) for w in (good[0], *bad, good[1])), return_exceptions=True)
            await writer.write(insert("d", "라"))
            return list(results)

    first, *refused, last = asyncio.run(write())
    assert (first, last) == (None, None)
    assert all(isinstance(r, StoreError) for r in refused), refused
    with store.read() as connection:
        assert set(connection.scalars(sa.select(questions.c.digest))) == {"a", "c", "d"}
    store.close()


def test_many_writers_at_once_are_all_kept(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/k.db")

    async def write() -> None:
        with store.writer() as writer:
            await asyncio.gather(*(writer.write(insert(f"q{n}", "x")) for n in range(1000)))

    asyncio.run(write())
    with store.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(questions)) == 1000
    store.close()


@pytest.mark.parametrize("url", ["sqlite:///", "postgresql://host/db"])
def test_other_addresses_are_refused(url):
    with pytest.raises(StoreError, match="sqlite:///FILE"):
        Store.open(url)
