"""What a program may use up, and that nothing of it is left."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from judge.checks.code import SandboxError
from judge.sandbox.runner import Limits, Sandbox
from tests.sandbox.running import run
from tests.service.processes import Running, wait_until

SLEEP = "import time\ntime.sleep(600)"


def children() -> list[str]:
    """The processes below this one."""
    found: list[str] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            found += (task / "children").read_text().split()
    return found


@pytest.fixture(autouse=True)
def _nobody_is_left():
    before = set(children())
    yield
    assert set(children()) <= before


def test_an_endless_loop_ends_by_processor_time():
    assert run("while True: pass", limits=Limits(cpu_s=1, wall_s=60)).outcome == "time"


def test_threads_share_the_processor_time():
    program = "import threading\nfor _ in range(4): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()"
    assert run(program, limits=Limits(cpu_s=1, wall_s=60)).outcome == "time"


def test_a_sleeper_ends_by_the_clock():
    assert run(SLEEP, limits=Limits(wall_s=1.0)).outcome == "time"


def test_signals_that_are_caught_change_nothing():
    program = f"import signal\nfor n in (1, 2, 15, 24): signal.signal(n, signal.SIG_IGN)\n{SLEEP}"
    assert run(program, limits=Limits(wall_s=1.0)).outcome == "time"
    assert run(program.replace(SLEEP, "while True: pass"), limits=Limits(cpu_s=1, wall_s=60)).outcome == "time"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_not_kept(stream):
    program = f"import sys\nwhile True: sys.{stream}.write('가' * 10000)"
    done = run(program, limits=Limits(cpu_s=1, wall_s=60, output_bytes=100_000))
    assert done.outcome == ("output" if stream == "stdout" else "time"), done.outcome
    assert len(done.stdout) + len(done.error) < 5000


def test_output_up_to_the_limit_is_kept_whole():
    assert run("print('x' * 99_999)", limits=Limits(output_bytes=100_000)).stdout == "x" * 99_999 + "\n"
    assert run("print('x' * 100_000)", limits=Limits(output_bytes=100_000)).outcome == "output"


@pytest.mark.parametrize(
    "program", ["bytearray(2 << 30)", "x = 'a'\nwhile True: x += x", "[0] * (1 << 40)", "1 << (1 << 36)"]
)
def test_memory_is_bounded(program):
    done = run(program)
    assert (done.outcome, done.error.split(":")[0]) in {("failed", "MemoryError"), ("failed", "OverflowError")}, done


def test_a_thread_bomb_is_bounded():
    program = "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    done = run(program, limits=Limits(cpu_s=2, wall_s=20, memory_bytes=256 << 20))
    assert (done.outcome, done.error) == ("failed", "RuntimeError: can't start new thread"), done


def test_descriptors_are_bounded():
    done = run("import os\nwhile True: os.pipe()")
    assert done.error == "OSError: [Errno 24] Too many open files", done


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("x = (", "SyntaxError: '(' was never closed"),
        ("import sys; sys.exit(3)", ""),
        ("import sys; sys.exit('그만')", "그만"),
        ("import os; os.abort()", ""),
        ("import os; os._exit(97)", ""),
        ("import ctypes; ctypes.string_at(0)", ""),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
        ("\ud800", "SyntaxError"),
        ("(" * 100_000, "SyntaxError: too many nested parentheses"),
        ("import numpy", "ModuleNotFoundError: No module named 'numpy'"),
        ("import judge", "ModuleNotFoundError: No module named 'judge'"),
        ("\0", "SyntaxError: source code string cannot contain null bytes"),
    ],
)
def test_errors_are_the_programs_own(program, error):
    done = run(program)
    assert done.outcome == "failed", done
    assert done.error.startswith(error), done


@pytest.mark.parametrize(
    ("program", "stdin", "stdout"),
    [
        ("print(input()[::-1])", "가나다\n", "다나가"),
        ("import sys; print(len(sys.stdin.buffer.read()))", "가\n", "4"),
        ("print(open(0).read())", "한글", "한글"),
        ("print(open('/dev/stdin').read())", "한글", "한글"),
        ("if __name__ == '__main__': print('시작')", "", "시작"),
        ("import sys; print(sys.argv, 'judge' in sys.modules)", "", "['program.py'] False"),
        ("import os; print(os.getcwd())", "", "/"),
        ("print({'나', '가', '다'} == {'가', '나', '다'}, hash('가') == hash('가'))", "", "True True"),
        ("import sys; sys.exit()", "", ""),
        ("# -*- coding: euc-kr -*-\nprint('가')", "", "가"),
        ("import sys; sys.stderr.write('잔소리'); print(1)", "", "1"),
        ("from dataclasses import dataclass\n@dataclass\nclass A: x: int\nprint(A(1))", "", "A(x=1)"),
        ("print(2**10000 % 1000007)", "", str(2**10000 % 1000007)),
    ],
)
def test_honest_programs_run(program, stdin, stdout):
    done = run(program, stdin)
    assert (done.outcome, done.stdout.strip()) == ("ended", stdout), done


def test_the_standard_library_is_there():
    names = (
        "array bisect bz2 calendar cmath collections contextlib copy csv dataclasses datetime decimal enum fractions "
        "functools hashlib heapq io itertools json locale lzma math numbers operator queue random re secrets sqlite3 "
        "statistics string struct textwrap threading time typing unicodedata uuid zlib zoneinfo"
    )
    program = f"import {', '.join(names.split())}\nprint(zoneinfo.ZoneInfo('Asia/Seoul'), random.random() < 1)"
    done = run(program)
    assert done.stdout.strip() == "Asia/Seoul True", done


def test_deep_recursion_in_a_thread_of_its_own_works():
    program = """\
import sys, threading
sys.setrecursionlimit(10**6)
threading.stack_size(1 << 27)
def depth(n): return n and 1 + depth(n - 1)
thread = threading.Thread(target=lambda: print(depth(50_000)))
thread.start()
thread.join()
"""
    assert run(program).stdout.strip() == "50000"


def test_the_order_of_sets_is_the_same_every_time():
    program = "print({'가', '나', '다', '라', '마', '바', '사'})"
    assert len({run(program).stdout for _ in range(4)}) == 1


def test_a_cancelled_run_leaves_no_process():
    async def cancelled() -> None:
        task = asyncio.create_task(Sandbox().run(SLEEP, ""))
        await asyncio.sleep(0.5)
        assert children()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert not children()

    run("")
    asyncio.run(cancelled())


def test_no_more_programs_than_places_run_at_once():
    async def crowd() -> int:
        sandbox = Sandbox(places=2)
        tasks = [asyncio.create_task(sandbox.run("import time; time.sleep(0.2)", "")) for _ in range(6)]
        most = 0
        while not all(task.done() for task in tasks):
            most = max(most, len(children()))
            await asyncio.sleep(0.01)
        assert [task.result().outcome for task in tasks] == ["ended"] * 6
        return most

    run("")
    assert asyncio.run(crowd()) == 2


def test_a_program_dies_with_the_process_that_started_it(tmp_path):
    run("")
    code = f"import asyncio\nfrom judge.sandbox.runner import Sandbox\nasyncio.run(Sandbox().run({SLEEP!r}, ''))"
    with Running(tmp_path, code=code) as parent:
        below = Path(f"/proc/{parent.process.pid}/task/{parent.process.pid}/children")
        wait_until(lambda: below.read_text().split(), "started the program", parent)
        (child,) = below.read_text().split()
        time.sleep(0.3)
        parent.signal(signal.SIGKILL)
        parent.process.wait()
        wait_until(lambda: not Path(f"/proc/{child}").exists(), "ended with its parent")


def test_a_machine_that_cannot_start_a_process_says_nothing_of_the_program():
    async def starved() -> None:
        with pytest.raises(SandboxError):
            await Sandbox(Limits(memory_bytes=1 << 20)).run("print(1)", "")

    run("")
    asyncio.run(starved())
