"""What a hostile program tries, and that it comes to nothing: every attempt is made for real."""

import os
import platform
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.running import run

CALL = """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    back = libc.syscall(*words)
    print("done" if back >= 0 else "refused", ctypes.get_errno() if back < 0 else "")
"""
PARENT = "import os; parent = os.getppid()\n"


def refused(program: str, *errors: str, stdin: str = "") -> None:
    """The program must end in one of these errors (PermissionError unless others are named)."""
    done = run(program, stdin)
    assert done.outcome == "failed", done
    assert done.error.startswith(errors or ("PermissionError",)), done


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/environ", "/proc/1/environ", "/proc/self/maps", "/proc/net/tcp", "/dev/tty"]
)
def test_files_of_the_machine_are_not_read(path):
    refused(f"print(open({path!r}).read())")


@pytest.mark.parametrize("path", ["/", "/etc", "/home", "/tmp", "/proc", "/proc/self/fd", "."])
def test_folders_are_not_listed(path):
    refused(f"import os; print(os.listdir({path!r}))")


def test_files_of_the_user_are_not_read(tmp_path):
    secret = tmp_path / "kojudge.db"
    secret.write_text("비밀", encoding="utf-8")
    refused(f"print(open({str(secret)!r}).read())")
    refused(f"import os; os.symlink({str(secret)!r}, {str(tmp_path / 'link')!r})")
    refused(f"import os; os.chdir({str(tmp_path)!r}); print(open('kojudge.db').read())")
    refused(f"import mmap, os; d = os.open({str(secret)!r}, os.O_RDONLY)")


def test_nothing_is_written_anywhere(tmp_path):
    old = tmp_path / "old"
    old.write_text("그대로", encoding="utf-8")
    for attempt in (
        f"open({str(tmp_path / 'new')!r}, 'w')",
        f"open({str(old)!r}, 'a')",
        f"import os; os.open({str(old)!r}, os.O_RDONLY | os.O_TRUNC)",
        f"import os; os.truncate({str(old)!r}, 0)",
        f"import os; os.unlink({str(old)!r})",
        f"import os; os.rename({str(old)!r}, {str(tmp_path / 'other')!r})",
        f"import os; os.mkdir({str(tmp_path / 'folder')!r})",
        f"import os; os.chmod({str(old)!r}, 0)",
        f"import os; os.utime({str(old)!r})",
        f"import os; os.mkfifo({str(tmp_path / 'fifo')!r})",
        "import os; open(os.__file__, 'a')",
        "import os; os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
        "open('/dev/shm/kojudge', 'w')",
        "import os; os.memfd_create('more')",
    ):
        refused(attempt)
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    assert old.read_text("utf-8") == "그대로"


def test_the_environment_and_the_keys_in_it_are_not_there(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert "secret" not in run("import os; print(dict(os.environ))").stdout
    refused(PARENT + "print(open(f'/proc/{parent}/environ', 'rb').read())")
    refused(PARENT + "print(open(f'/proc/{parent}/cmdline', 'rb').read())")
    refused(PARENT + "print(open(f'/proc/{parent}/mem', 'rb').read(1))")
    refused(PARENT + "print(os.listdir(f'/proc/{parent}/fd'))")
    refused(PARENT + "print(os.readlink(f'/proc/{parent}/exe'))")


def test_no_descriptor_of_the_parent_is_open():
    program = """\
import os
for number in range(3, 64):
    try:
        os.fstat(number)
        print(number)
    except OSError:
        pass
"""
    with Path("/etc/hostname").open() as held:
        os.set_inheritable(held.fileno(), True)
        assert run(program).stdout == ""


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"])
@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"])
def test_no_socket_is_opened(family, kind):
    refused(f"import socket; socket.socket(socket.{family}, socket.{kind})")


def test_a_server_on_this_machine_is_not_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused(f"import socket; socket.create_connection(('127.0.0.1', {port}))")
        refused(
            f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}')",
            "urllib.error.URLError",
            "PermissionError",
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    "attempt",
    [
        "import os; os.fork()",
        "import os; os.forkpty()",
        "import os; os.posix_spawn('/bin/sh', ['sh'], {})",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'echo out'])",
        "import os; os.execv(__import__('sys').executable, ['python'])",
        "import subprocess; subprocess.run(['ls'])",
        "import subprocess; subprocess.run('ls', shell=True)",
        "import multiprocessing as m; m.get_context('fork').Process(target=print).start()",
        "import os; os.popen('ls').read()",
    ],
)
def test_no_other_process_is_started(attempt):
    refused(attempt)


def test_a_fork_bomb_has_no_effect():
    refused("import os\nwhile True:\n    os.fork()")
    done = run(
        "import os\nfor _ in range(1000):\n    try:\n        os.fork()\n    except PermissionError:\n        pass"
    )
    assert done.outcome == "ended", done


def test_the_shell_does_not_run():
    done = run("import os; print(os.system('echo out > /tmp/kojudge-out'))")
    assert done.stdout.strip() not in ("", "0"), done
    assert not Path("/tmp/kojudge-out").exists()


@pytest.mark.parametrize("number", [0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
def test_no_process_gets_a_signal(number):
    refused(PARENT + f"os.kill(parent, {int(number)})")
    refused(PARENT + f"os.killpg(os.getpgid(parent), {int(number)})")
    refused(PARENT + f"os.kill(-1, {int(number)})")


def test_no_signal_is_sent_by_a_detour():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        victim = bystander.pid
        refused(f"import os; os.pidfd_open({victim})")
        refused(f"import fcntl; fcntl.fcntl(0, fcntl.F_SETOWN, {victim})")
        refused(f"import resource; resource.prlimit({victim}, resource.RLIMIT_CPU, (0, 0))")
        refused(f"import os; os.sched_setaffinity({victim}, [0])")
        refused(f"import os; os.setpriority(os.PRIO_PROCESS, {victim}, 19)")
        refused(f"import os; os.kill({victim}, 9)")
        assert bystander.poll() is None
        bystander.kill()


@pytest.mark.parametrize("what", ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE"])
def test_limits_are_not_lifted(what):
    refused(
        f"import resource as r; r.setrlimit(r.{what}, (r.RLIM_INFINITY, r.RLIM_INFINITY))", "ValueError: not allowed"
    )
    refused(f"import os, resource as r; r.prlimit(os.getpid(), r.{what}, (1 << 40, 1 << 40))")
    refused(f"import resource as r; r.prlimit(0, r.{what}, (1 << 40, 1 << 40))")


NUMBERS = {
    "unshare": 272, "mount": 165, "chroot": 161, "setns": 308, "bpf": 321, "io_uring_setup": 425, "keyctl": 250,
    "shmget": 29, "msgget": 68, "userfaultfd": 323, "perf_event_open": 298, "memfd_secret": 447, "setsid": 112,
    "setuid": 105, "clone3": 435, "openat2": 437, "reboot": 169, "ptrace": 101, "process_vm_readv": 310,
}  # fmt: skip


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize(("name", "number"), NUMBERS.items())
def test_system_calls_off_the_list_are_refused(name, number):
    done = run(f"{CALL}call({number}, 0, 0, 0, 0, 0)")
    assert done.stdout.split()[0] == "refused", (name, done)
    assert done.stdout.split()[1] in ("1", "38"), (name, done)


def test_the_walls_hold_in_a_thread():
    program = """\
import threading
def work():
    try:
        open('/etc/passwd')
        print('opened')
    except PermissionError:
        print('refused')
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    assert run(program).stdout.strip() == "refused"
