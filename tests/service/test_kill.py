"""SIGKILL at random moments of a run, and the same command again: nothing is lost, and what was settled is not bought
again. The exact figures over many kills are those of `make bench`."""

import random
from pathlib import Path

from bench.local_server import LocalServer
from bench.work import Work
from tests.crash.harness import Moment, Scene, disturbed, undisturbed

PLACES = 16
WORK = Work(24, 2)
STEPS = 4
SEED = 1


def test_a_run_killed_again_and_again_ends_as_if_nobody_had_touched_it(tmp_path: Path) -> None:
    draw = random.Random(SEED)
    # Once while it starts, then always a bit further on; a latency of delay, so that any point of a call can be hit.
    moments = [Moment(after_s=draw.uniform(0.0, 1.0))]
    moments += [Moment(draw.uniform(0.0, 0.05), draw.randint(1, WORK.calls // STEPS)) for _ in range(STEPS)]
    folders = [tmp_path / name for name in ("undisturbed", "killed")]
    for folder in folders:
        folder.mkdir()
    with LocalServer() as server:
        scene = Scene(server, WORK, PLACES, {"latency": 0.05, "jitter": 0.02, "answers": "mixed"})
        whole = undisturbed(scene, folders[0])
        outcome = disturbed(scene, folders[1], moments, whole)
    said = f"seed {SEED}, {moments}\n{outcome.kills}"
    assert len(whole.units) == WORK.calls, "the undisturbed run is not whole"
    assert not outcome.lost, f"{said}\nlost or changed: {outcome.lost}"
    assert outcome.report_equal, f"{said}\n{outcome.finished.report}\n{whole.report}"
    assert any(kill.delivered and kill.after_s is not None for kill in outcome.kills), f"{said}\nno kill hit the work"
    for kill in outcome.kills:
        assert kill.integrity in ("ok", "none"), said
        # A slow machine may leave as many replies unread as were in flight, and as many uncommitted.
        assert len(kill.again) <= 2 * PLACES, said
