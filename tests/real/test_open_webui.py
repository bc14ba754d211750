"""A real Open WebUI 0.12.4 in front of llama-cpp-python."""

from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import AuthenticationError, ContextOverflowError, ModelNotFoundError
from providers.types import ChatRequest
from tests.conftest import CliResult
from tests.providers.asking import TWO_TURNS, ask, describe, request
from tests.real.asking import SHORT, check_candidate, check_short_answer, refused, syllables, whole_run
from tests.real.servers import RealServer


@pytest.fixture
def spec(open_webui: RealServer) -> str:
    return open_webui.spec("open-webui", path="/api")


def test_it_answers_in_one_turn_and_in_two(open_webui: RealServer, spec: str) -> None:
    check_short_answer(ask(spec, request(params=SHORT), environ=open_webui.environ))
    check_short_answer(ask(spec, ChatRequest(TWO_TURNS, SHORT), environ=open_webui.environ))


def test_it_lists_what_stands_behind_it(open_webui: RealServer, spec: str) -> None:
    assert describe(spec, open_webui.environ).model == "tiny"
    with pytest.raises(ModelNotFoundError):
        describe(open_webui.spec("open-webui", "nope", path="/api"), open_webui.environ)


def test_without_its_token_nothing(spec: str) -> None:
    assert isinstance(refused(spec), AuthenticationError)
    with pytest.raises(AuthenticationError):
        describe(spec)


def test_a_model_that_it_does_not_serve(open_webui: RealServer) -> None:
    error = refused(open_webui.spec("open-webui", "nope", path="/api"), environ=open_webui.environ)
    assert error.status == 400  # {"detail": "Model not found"}
    assert not error.retryable
    assert "Model not found" in str(error)


def test_where_its_version_stands(open_webui: RealServer) -> None:
    """Every path that it does not know is its web page, with status 200."""
    assert open_webui.raw("/api/version").json()["version"] == "0.12.4"
    assert open_webui.raw("/version").headers["content-type"].startswith("text/html")


def test_a_prompt_beyond_the_window_is_refused(open_webui: RealServer, spec: str) -> None:
    assert isinstance(refused(spec, request(syllables(4000), params=SHORT), open_webui.environ), ContextOverflowError)


def test_a_whole_run_with_it_as_the_candidate(
    open_webui: RealServer, spec: str, run_cli: Callable[..., CliResult], tmp_path: Path
) -> None:
    check_candidate(whole_run(run_cli, tmp_path, spec, "scripted:rules", open_webui.environ))
