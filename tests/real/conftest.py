"""Fixtures: one real server of each kind, up for the tests of one file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import servers
from tests.real.servers import RealServer

HERE = Path(__file__).parent
TIMEOUT_S = 900  # a server's start counts as part of its first test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with servers.vllm(tmp_path_factory.mktemp("vllm")) as server:
        yield server


@pytest.fixture(scope="module")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with servers.ollama(tmp_path_factory.mktemp("ollama")) as server:
        yield server


@pytest.fixture(scope="module")
def llamacpp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with servers.llamacpp(tmp_path_factory.mktemp("llamacpp")) as server:
        yield server


@pytest.fixture(scope="module")
def open_webui(llamacpp: RealServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with servers.open_webui(tmp_path_factory.mktemp("open-webui"), llamacpp) as server:
        yield server
