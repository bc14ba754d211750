"""Searching the answers of a run part by part, against reading all of them."""

from pathlib import Path

import pytest

from bench.stored_runs import ABSENT, COMMON, RARE, store_run
from service.store import Store, explorer, reads
from service.store.text_search import TextSearch


@pytest.fixture
def store(tmp_path: Path) -> Store:
    url = f"sqlite:///{tmp_path / 'k.db'}"
    store_run(url, 3, 700, words=60)
    return Store.open(url, create=False, read_only=True)


@pytest.mark.parametrize("text", [COMMON, RARE, ABSENT, "가"])
def test_a_search_in_parts_finds_what_is_there(store: Store, text: str) -> None:
    with store.read() as connection:
        run = reads.get_run(connection, "big")
        index = explorer.conversation_index(connection, run)
        search = TextSearch(run, index, text)
        shares = [search.share_read]
        while not search.is_complete:
            search.go_on(connection, 0.0)
            shares.append(search.share_read)
        having = {
            (c.model, c.position, c.sample)
            for c in reads.conversations(connection, run.id, 3)
            if any(text in (said or "") for _, said in c.answers)
        }
    found = {(int(index.model[n]), int(index.question[n]), int(index.sample[n])) for n in search.found.nonzero()[0]}
    assert found == having, text
    assert shares == sorted(shares), shares
    assert (shares[0], shares[-1]) == (0.0, 1.0), shares
    assert len(shares) > 3, shares
    assert bool(having) == (text != ABSENT), f"{text} is in {len(having)} conversations"
