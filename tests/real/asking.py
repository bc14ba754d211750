"""What every real server is asked, and whole runs against it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from providers.errors import ProviderError
from providers.types import ChatCompletion, ChatRequest, ResponseSchema, SamplingParams
from tests.conftest import CliResult
from tests.providers.asking import QUICK, ask, request

RUN_TIMEOUT_S = 600
SHORT = SamplingParams(temperature=0.0, max_output_tokens=24)
# Hot, so that a random model ends its string at some point instead of repeating itself.
VERDICT = SamplingParams(temperature=1.5, seed=7, max_output_tokens=3000)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "integer", "enum": [*range(11)]}, "sure": {"type": "boolean"}},
    "required": ["score", "sure"],
    "additionalProperties": False,
}


def syllables(count: int) -> str:
    """A prompt of three tokens a syllable: the tiny model's tokenizer spells this one byte by byte."""
    return "뷁" * count


def structured(params: SamplingParams = VERDICT) -> ChatRequest:
    return request(params=params, response_schema=ResponseSchema("verdict", SCHEMA))


def refused(spec: str, asked: ChatRequest | None = None, environ: Mapping[str, str] | None = None) -> ProviderError:
    """The error that asking raises, after the retries that a run would make."""
    with pytest.raises(ProviderError) as caught:
        ask(spec, asked or request(params=SHORT), policy=QUICK, environ=environ)
    return caught.value


def check_short_answer(said: ChatCompletion) -> None:
    """The answer to a request with `SHORT`: cut at its limit, or ended before it, and counted."""
    assert said.finish_reason in ("length", "stop")
    assert said.text
    assert said.usage.prompt_tokens is not None
    assert said.usage.prompt_tokens > 20
    assert said.usage.completion_tokens is not None
    assert 0 < said.usage.completion_tokens <= 24 + 3  # llama-cpp-python finishes the bytes of its last character
    assert said.served_model == said.requested_model == "tiny"
    assert said.sent_params
    assert not said.dropped_params


@dataclass(frozen=True)
class WholeRun:
    """A finished `kojudge run` over one question of two turns, and what it stored."""

    done: CliResult
    turns: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]


def whole_run(
    run_cli: Callable[..., CliResult],
    folder: Path,
    candidate: str,
    judge: str,
    environ: Mapping[str, str],
    generation: Mapping[str, Any] | None = None,
) -> WholeRun:
    """Run, then read back what was stored. Every answer and verdict is there, and whatever failed has a type.

    `generation`: the candidate's parameters where the defaults will not do; they come from a plan file.
    """
    flags = ["-m", candidate, "-j", judge, "-q", "starter", "--limit", "1", "--name", "real", "--format", "json"]
    if generation is not None:
        plan = {"models": [candidate], "judges": [judge], "generation": generation}
        (folder / "plan.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
        flags.insert(0, "plan.yaml")
    done = run_cli("run", *flags, env=environ, timeout=RUN_TIMEOUT_S)
    assert done.code in (0, 1), done
    exported = run_cli("export", "jsonl", "real", "out")
    assert exported.code == 0, exported
    (line,) = (folder / "out" / "conversations.jsonl").read_text("utf-8").splitlines()
    stored = json.loads(line)
    assert len(stored["turns"]) == 2, done
    assert len(stored["verdicts"]) == 2, done
    assert json.loads(done.out)["models"][0]["overall"]["n"] == sum(v["status"] == "ok" for v in stored["verdicts"])
    return WholeRun(done, stored["turns"], stored["verdicts"])


def check_candidate(run: WholeRun) -> None:
    """Both turns were answered by a model that writes noise, and judged by rule."""
    assert [t["status"] in ("ok", "truncated") for t in run.turns] == [True, True], run
    assert all(t["answer"] for t in run.turns), run
    assert [v["status"] for v in run.verdicts] == ["ok", "ok"], run


def check_judge(run: WholeRun, *allowed: str) -> None:
    """Every verdict has a score on the scale, or one of the `allowed` reasons why not."""
    for verdict in run.verdicts:
        assert verdict["status"] in ("ok", *allowed), run
        if verdict["status"] == "ok":
            assert 0 <= verdict["score"] <= 10
            assert verdict["rationale"] is not None
        else:
            assert verdict["score"] is None
            assert verdict["error"]
