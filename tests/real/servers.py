"""Real servers as processes of the tests: started on a free port, waited for, and ended with all their children."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import clean_environment
from tests.real.install import is_installed, real_dir

MODEL = "tiny"
KEY = "the-key-of-the-real-servers"
HOST = "127.0.0.1"
_STOP_DEADLINE_S = 15.0
QUIET = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": ""}
# An Ollama template: what Hugging Face's Jinja template of the same model says.
OLLAMA_TEMPLATE = "{{ range .Messages }}<|start|>{{ .Role }}\n{{ .Content }}<|end|>\n{{ end }}<|start|>assistant\n"  #


@dataclass(frozen=True)
class RealServer:
    """A server that is ready. `environ` holds the key that it wants, under the names that kojudge reads."""

    url: str
    log: Path
    environ: Mapping[str, str]

    def spec(self, provider: str, model: str = MODEL, path: str = "/v1") -> str:
        return f"{provider}:{model}@{self.url}{path}"

    def raw(self, path: str, body: object = None, key: str | None = KEY, method: str | None = None) -> httpx.Response:
        """What the server answers to a request that kojudge has no part in."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with httpx.Client(timeout=120, base_url=self.url, headers=headers) as client:
            return client.request(method or ("GET" if body is None else "POST"), path, json=body)


def require(*parts: str) -> None:
    """Skip what needs a part that is not installed."""
    for part in parts:
        if not is_installed(part):
            pytest.skip(f"{part} is not installed in {real_dir()}: make real-servers PARTS={part}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def running(
    name: str,
    command: list[str | Path],
    port: int,
    ready: str,
    folder: Path,
    deadline_s: float,
    environ: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
) -> Iterator[RealServer]:
    """The server of `command`, ready once `GET ready` answers 200; its output goes to a file in `folder`."""
    log = folder / f"{name}.log"
    url = f"http://{HOST}:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=clean_environment({**QUIET, **(environ or {})}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its children are ended with it
        )
    try:
        _wait(name, process, url + ready, log, deadline_s)
        yield RealServer(url, log, keys or {})
    finally:
        stop(process)


def _wait(name: str, process: subprocess.Popen[bytes], ready: str, log: Path, deadline_s: float) -> None:
    end = time.monotonic() + deadline_s
    with httpx.Client(timeout=5, headers={"Authorization": f"Bearer {KEY}"}) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(ready).status_code == 200:
                    return
            if process.poll() is not None or time.monotonic() > end:
                how = "did not become ready" if process.poll() is None else f"ended with {process.returncode}"
                pytest.fail(f"{name} {how}; the end of {log}:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.2)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and everything it started: asked first, then made to."""
    for asked in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, asked)
        end = time.monotonic() + _STOP_DEADLINE_S
        while time.monotonic() < end:
            process.poll()  # takes the leader's exit status, so that the group can be empty
            if not _group_lives(process.pid):
                return
            time.sleep(0.1)
    raise RuntimeError(f"the processes of group {process.pid} do not end")


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def vllm(folder: Path) -> Iterator[RealServer]:
    """vLLM on the CPU, with weights of its own making; the tiny model loops on whitespace unless it may not."""
    require("vllm", "model")
    port = free_port()
    # The distribution is not called vllm, so the command of that name does not start.
    command: list[str | Path] = [real_dir() / "vllm/venv/bin/python", "-m", "vllm.entrypoints.openai.api_server"]
    options = {
        "--model": real_dir() / "model/hf",
        "--load-format": "dummy",
        "--served-model-name": MODEL,
        "--host": HOST,
        "--port": port,
        "--api-key": KEY,
        "--dtype": "float32",
        "--max-model-len": 8192,
        "--structured-outputs-config": '{"backend": "xgrammar", "disable_any_whitespace": true}',
    }
    words = [str(word) for option in options.items() for word in option]
    environ = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
        "OMP_NUM_THREADS": "1",
        "HOME": str(folder),
    }
    keys = {"VLLM_API_KEY": KEY}
    with running("vllm", [*command, *words, "--enforce-eager"], port, "/health", folder, 300, environ, keys) as server:
        yield server


@contextlib.contextmanager
def ollama(folder: Path) -> Iterator[RealServer]:
    """Ollama with the tiny model created in it under the name `tiny`."""
    require("ollama", "model")
    port = free_port()
    part = real_dir() / "ollama"
    environ = {
        "HOME": str(folder),
        "OLLAMA_HOST": f"{HOST}:{port}",
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_NUM_GPU": "0",
        "OLLAMA_INTEL_GPU": "false",
        "OLLAMA_NUM_PARALLEL": "1",
        "LD_LIBRARY_PATH": ":".join(map(str, (part / "bin", part / "stub", part / "venv/lib"))),
    }
    with running("ollama", [part / "bin/ollama-lib", "serve"], port, "/api/version", folder, 60, environ) as server:
        _create_in_ollama(server)
        yield server


def _create_in_ollama(server: RealServer) -> None:
    weights = (real_dir() / "model/tiny.gguf").read_bytes()
    digest = f"sha256:{hashlib.sha256(weights).hexdigest()}"
    httpx.post(f"{server.url}/api/blobs/{digest}", content=weights, timeout=60).raise_for_status()
    body = {
        "model": MODEL,
        "files": {"tiny.gguf": digest},
        "template": OLLAMA_TEMPLATE,
        "parameters": {"stop": ["<|end|>"], "num_thread": 1},  # two threads wait for each other on a busy machine
        "stream": False,
    }
    httpx.post(f"{server.url}/api/create", json=body, timeout=60).raise_for_status()


@contextlib.contextmanager
def llamacpp(folder: Path) -> Iterator[RealServer]:
    """llama-cpp-python's server."""
    require("llamacpp", "model")
    port = free_port()
    command: list[str | Path] = [real_dir() / "llamacpp/venv/bin/python", "-m", "llama_cpp.server"]
    options = {
        "--model": real_dir() / "model/tiny.gguf",
        "--model_alias": MODEL,
        "--host": HOST,
        "--port": port,
        "--n_ctx": 8192,
        "--n_threads": 1,
        "--logits_all": True,
        "--api_key": KEY,
    }
    words = [str(word) for option in options.items() for word in option]
    keys = {"LLAMACPP_API_KEY": KEY, "KOJUDGE_API_KEY": KEY}
    with running("llamacpp", [*command, *words], port, "/v1/models", folder, 60, keys=keys) as server:
        yield server


@contextlib.contextmanager
def open_webui(folder: Path, upstream: RealServer) -> Iterator[RealServer]:
    """Open WebUI in front of another server; its key is the token of its only account."""
    require("open-webui")
    port = free_port()
    environ = {
        "HOME": str(folder),
        "DATA_DIR": str(folder / "data"),
        "WEBUI_AUTH": "False",
        "WEBUI_SECRET_KEY": "for-these-tests-only",
        "OFFLINE_MODE": "true",
        "ENABLE_VERSION_UPDATE_CHECK": "False",
        "ENABLE_OLLAMA_API": "False",
        "OPENAI_API_BASE_URL": f"{upstream.url}/v1",
        "OPENAI_API_KEY": KEY,
        "RAG_EMBEDDING_ENGINE": "openai",  # else it looks for a model of its own
    }
    (folder / "data").mkdir()
    command: list[str | Path] = [
        real_dir() / "open-webui/venv/bin/open-webui",
        "serve",
        "--host",
        HOST,
        "--port",
        str(port),
    ]
    with running("open-webui", command, port, "/health", folder, 300, environ) as server:
        account = {"email": "admin@localhost", "password": "admin"}  # what WEBUI_AUTH=False makes
        answer = httpx.post(f"{server.url}/api/v1/auths/signin", json=account, timeout=60).raise_for_status()
        yield RealServer(server.url, server.log, {"OPENWEBUI_API_KEY": answer.json()["token"]})
