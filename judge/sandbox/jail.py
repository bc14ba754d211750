"""Locks this process up, then runs one program in it: `python jail.py PARENT PROGRAM READY MEMORY CPU`.

PARENT is the process that must outlive this one, PROGRAM a descriptor with the source, READY one that gets a byte once
everything is locked; MEMORY is in bytes, CPU in seconds. Started by `judge.sandbox.runner`, imports nothing of kojudge.

Two walls stand: Landlock (no file but those of the interpreter can be opened, none can be changed) and a seccomp filter
(no system call but those on a list, so no file for writing, no socket, no other process, no signal to one).
"""

# pathlib is slow to import, and every run of a program pays for it.
# ruff: noqa: PTH112, PTH118, PTH120

import ctypes
import fcntl
import os
import resource
import signal
import sys
import types
from collections.abc import Iterator, Sequence
from itertools import chain

# ── limits ──

_DESCRIPTORS = 32


def _limit(memory: int, cpu: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


# ── process attributes: prctl(2) ──

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def _die_with(parent: int, libc: ctypes.CDLL) -> None:
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)


# ── files: Landlock, landlock(7) ──

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights each version of Landlock knows
_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("directory", ctypes.c_int32))


def _readable() -> list[str]:
    """What an interpreter needs for its imports; none of it is anybody's own."""
    own = [os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "lib")]
    system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/etc/localtime"]
    return [*own, *system, "/dev/null", "/dev/urandom"]


def _hidden() -> str:
    """Where kojudge is installed: the questions there hold the outputs that the program must find by itself."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def _rules(path: str, hidden: str) -> Iterator[tuple[str, int]]:
    """(path, rights) of what may be read: all of `path`, or the names in it and every entry without `hidden`."""
    path = os.path.realpath(path)
    if path == hidden:
        return
    if not hidden.startswith(path + os.sep):
        yield path, _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        return
    yield path, _READ_DIR
    for entry in os.scandir(path):
        # A link that leads back up would be followed for ever.
        if not entry.is_symlink() or not hidden.startswith(os.path.realpath(entry.path) + os.sep):
            yield from _rules(entry.path, hidden)


def _close_files(libc: ctypes.CDLL) -> None:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        sys.exit("this kernel has no Landlock (it takes Linux 5.13 or newer, with landlock among its security modules)")
    rules = _Ruleset(
        files=(1 << _FILE_RIGHTS.get(version, 16)) - 1,
        network=_TCP if version >= 4 else 0,
        scoped=_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    hidden = _hidden()
    for path, rights in chain.from_iterable(_rules(path, hidden) for path in _readable()):
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        rule = _PathRule(rights, place)
        if libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0):
            sys.exit(f"Landlock refuses a rule: {os.strerror(ctypes.get_errno())}")
        os.close(place)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0):
        sys.exit(f"Landlock refuses: {os.strerror(ctypes.get_errno())}")
    os.close(ruleset)


# ── system calls: seccomp(2) through libseccomp, which knows the numbers of every architecture ──

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_EQUAL, _MASKED_EQUAL = 4, 7
_CLONE_THREAD = 0x10000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_TCGETS = 0x5401
# Not F_SETOWN: it would let the kernel send signals to any process of this user.
_FCNTL = (fcntl.F_DUPFD, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_DUPFD_CLOEXEC)

_HARMLESS = """
    read readv pread64 write writev lseek close dup dup2 dup3 pipe pipe2 poll ppoll select pselect6
    stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd getdents64 umask
    mmap mprotect munmap mremap madvise brk membarrier
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times
    getpid getppid gettid getuid geteuid getgid getegid getrandom getrusage uname sysinfo
    futex set_robust_list rseq sched_yield sched_getaffinity getcpu exit exit_group arch_prctl set_tid_address
"""


class _Argument(ctypes.Structure):
    _fields_ = (
        ("number", ctypes.c_uint),
        ("compare", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def _some_arguments() -> list[tuple[str, list[_Argument]]]:
    """System calls that are harmless only with certain arguments: each entry allows one more way to call."""
    return [
        ("open", [_Argument(1, _MASKED_EQUAL, _WRITING, 0)]),
        ("openat", [_Argument(2, _MASKED_EQUAL, _WRITING, 0)]),
        ("clone", [_Argument(0, _MASKED_EQUAL, _CLONE_THREAD, _CLONE_THREAD)]),
        ("ioctl", [_Argument(1, _EQUAL, _TCGETS, 0)]),
        ("prlimit64", [_Argument(0, _EQUAL, 0, 0), _Argument(2, _EQUAL, 0, 0)]),  # to look at its own, not to set
        ("tgkill", [_Argument(0, _EQUAL, os.getpid(), 0)]),
        *(("fcntl", [_Argument(1, _EQUAL, command, 0)]) for command in _FCNTL),
    ]


def _filter() -> tuple[ctypes.CDLL, ctypes.c_void_p]:
    """The filter, made while its library can still be opened."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        sys.exit(f"libseccomp cannot be loaded ({error}); its package is libseccomp2 or libseccomp")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(_ERRNO | _EPERM))

    def add(action: int, name: str, arguments: Sequence[_Argument] = ()) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        held = (_Argument * len(arguments))(*arguments)
        # A negative number is a call that this architecture does not have.
        if number >= 0 and library.seccomp_rule_add_array(rules, action, number, len(arguments), held):
            sys.exit(f"libseccomp refuses the rule for {name}")

    for name in _HARMLESS.split():
        add(_ALLOW, name)
    for name, arguments in _some_arguments():
        add(_ALLOW, name, arguments)
    add(_ERRNO | _ENOSYS, "clone3")  # its flags cannot be looked at; the C library falls back to clone
    return library, rules


# ── the program ──


def _read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


def main(parent: int, program: int, ready: int, memory: int, cpu: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    _die_with(parent, libc)
    source = _read_all(program)
    _limit(memory, cpu)
    library, rules = _filter()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        sys.exit("the kernel refuses no_new_privs")
    _close_files(libc)
    if library.seccomp_load(rules):
        sys.exit("the kernel refuses the seccomp filter")
    os.write(ready, b"1")
    os.close(ready)
    module = types.ModuleType("__main__")
    sys.modules["__main__"], sys.argv = module, ["program.py"]
    # Text, not bytes: it came as UTF-8, whatever a first line `# -*- coding: euc-kr -*-` says.
    exec(compile(source.decode(), "program.py", "exec"), module.__dict__)  # noqa: S102 - this is what the walls are for


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
