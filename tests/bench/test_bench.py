"""The benchmarks run and print what they promise; no figure is asserted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import document
from bench.browser import chromium
from bench.clients import CLIENTS
from bench.local_server import ROOT, LocalServer
from bench.replies import FAULTS

TIMEOUT_S = 280


def ran(module: str, *words: str) -> str:
    """What `python -m bench.MODULE` prints."""
    command = [sys.executable, "-m", f"bench.{module}", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def figures(module: str, folder: Path, *words: str) -> list[dict[str, Any]]:
    """What `python -m bench.MODULE --quick --json FILE` writes."""
    file = folder / f"{module}.json"
    printed = ran(module, "--quick", "--json", str(file), *words)
    written = json.loads(file.read_text("utf-8"))
    assert written["machine"]["cores"] >= 1, printed
    for name, block in document.blocks(folder).items():
        guides = [document.put(guide.read_text("utf-8"), {name: block}) for guide in document.GUIDES]
        assert any(block in guide for guide in guides), f"no place for {name}"
    return list(written["figures"])


@pytest.mark.timeout(300)
def test_the_provider_benchmark_prints_every_client_in_every_scene() -> None:
    found = json.loads(ran("providers", "--rounds", "1", "--calls", "20").splitlines()[-1])
    assert {f["client"] for f in found} == {"bare aiohttp", "bare AsyncOpenAI", "kojudge", "kojudge ollama"}
    assert len({f["scene"] for f in found}) == 5
    for figure in found:
        assert figure["span_s"] > 0, figure
        assert figure["cpu_ms_per_call"] > 0, figure


@pytest.mark.timeout(300)
def test_every_client_does_the_same_work(tmp_path: Path) -> None:
    (scene,) = figures("pipeline", tmp_path, "--scenes", "a")
    rounds = scene["rounds"]
    assert {r["client"] for r in rounds} == set(CLIENTS)
    assert {r["calls"] for r in rounds} == {40}, rounds
    for role in ("answer", "verdict"):
        sizes = [r["body_bytes"][role] for r in rounds]
        assert max(sizes) < 1.2 * min(sizes), f"{role}: {sizes}"


@pytest.mark.timeout(300)
def test_kills_are_counted(tmp_path: Path) -> None:
    for kill in figures("kills", tmp_path):
        assert kill["integrity"] in ("ok", "none"), kill
        assert not kill["lost"], kill
        assert kill["report_equal"], kill


@pytest.mark.timeout(300)
def test_faults_end_typed_and_none_becomes_a_score(tmp_path: Path) -> None:
    free, mixed, died = figures("faults", tmp_path)
    assert (free["ok"], free["failures"], free["faults"]) == (free["units"], {}, {})
    assert mixed["faults"], mixed
    for outcome in (free, mixed, died):
        assert outcome["wrong"] == outcome["untyped"] == 0, outcome
        assert outcome["ok"] + sum(outcome["failures"].values()) == outcome["units"], outcome
        assert outcome["resumed"] == [outcome["units"], 0], outcome


@pytest.mark.timeout(300)
def test_growth_is_measured(tmp_path: Path) -> None:
    (grown,) = figures("scale", tmp_path, "--shapes", "samples")
    assert (grown["shape"], grown["conversations"]) == ("samples", 40)
    assert min(value for key, value in grown.items() if key != "shape") > 0, grown


@pytest.mark.timeout(300)
def test_scoring_anew_is_measured(tmp_path: Path) -> None:
    (rescored,) = figures("rescoring", tmp_path)
    assert (rescored["verdicts"], rescored["questions"]) == (200, 5)
    assert min(rescored.values()) > 0, rescored


@pytest.mark.timeout(300)
def test_the_dashboard_is_measured_beside_a_plain_page(tmp_path: Path) -> None:
    if chromium() is None:
        assert "skipped: there is no Chromium" in ran("dashboard", "--quick")
        return
    found = figures("dashboard", tmp_path)
    waited = {figure["what"]: figure for figure in found if "part" in figure}
    assert {figure["part"] for figure in waited.values()} == {"first", "opened", "changed"}
    assert {"overview, opened", "another page of the list", "conversation, opened"} <= set(waited)
    for figure in waited.values():
        assert 0 < figure["p50_s"] <= figure["p95_s"], figure
    sizes = {figure["what"]: figure["value"] for figure in found if "unit" in figure}
    assert sizes["verdicts"] == 360
    assert min(sizes.values()) > 0, sizes


@pytest.mark.timeout(300)
def test_every_study_of_the_statistics_gives_a_rate(tmp_path: Path) -> None:
    found = figures("statistics", tmp_path)
    assert {figure["n"] for figure in found} >= {42, 84, 500}
    for figure in found:
        assert 0 <= figure["rate"] <= 1, figure
        assert figure["repetitions"] > 0, figure


def test_the_server_injects_what_it_is_told() -> None:
    with LocalServer() as server:
        with pytest.raises(ValueError, match="no fault is called 'nonsense'"):
            server.reset(faults={"nonsense": 1.0})
        with pytest.raises(ValueError, match="speed"):
            server.reset(speed=1)
        server.reset(faults=dict.fromkeys(FAULTS, 0.01))
        assert server.stats()["received"] == 0
        assert server.attempts() == []
