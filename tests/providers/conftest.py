"""Fixtures of the adapters' tests."""

import pytest

from tests.providers.asking import ask, ollama_spec, openai_spec
from tests.servers.model_server import ModelServer


@pytest.fixture(scope="session", autouse=True)
def _loaded_clients() -> None:
    """Load the vendors' clients once, so that no test's short deadline is spent on imports."""
    with ModelServer() as server:
        ask(openai_spec(server))
        ask(ollama_spec(server))
