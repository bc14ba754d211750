"""The benchmarks run and print what they promise; no figure is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_provider_benchmark_prints_every_client_in_every_scene() -> None:
    command = [sys.executable, "-m", "bench.providers", "--rounds", "1", "--calls", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert {f["client"] for f in figures} == {"bare aiohttp", "bare AsyncOpenAI", "kojudge", "kojudge ollama"}
    assert len({f["scene"] for f in figures}) == 5
    for figure in figures:
        assert figure["span_s"] > 0, figure
        assert figure["cpu_ms_per_call"] > 0, figure
