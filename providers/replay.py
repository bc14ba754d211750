"""Answers recorded in a file, given back without asking anyone.

Two formats are read, one JSON object a line:
LogicKor's `generated`/`evaluated` rows (`questions`, `outputs`), one model a file, and
kojudge's own export (`model`, `turns[prompt, answer]`), any number of models a file.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from providers.errors import InvalidRequestError, SpecError
from providers.http_errors import storable
from providers.types import Capabilities, ChatCompletion, ChatRequest, ModelIdentity

Prompts = tuple[str, ...]
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Recording:
    """One model's recorded answers. `answers` maps the user prompts up to a turn to that turn's answer."""

    label: str
    path: Path
    digest: str
    answers: dict[Prompts, str]


def read_recordings(path: Path) -> list[Recording]:
    """Every recorded model under `path`, a file or a folder of `*.jsonl`, sorted by label.

    Raises:
        SpecError: nothing there, or a file that is not a recording; the message names file and line.
    """
    if not path.exists():
        raise SpecError(f"replay: {path} does not exist")
    files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise SpecError(f"replay: {path} holds no .jsonl file")
    recordings = [r for file in files for r in _read_file(file, path)]
    if twice := sorted(label for label, times in Counter(r.label for r in recordings).items() if times > 1):
        raise SpecError(f"replay: {path} holds {twice[0]!r} more than once")
    return sorted(recordings, key=lambda r: r.label)


def _read_file(file: Path, root: Path) -> Iterator[Recording]:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise SpecError(f"replay: {file} is larger than {_MAX_BYTES >> 20} MiB")
        raw = file.read_bytes()
    except OSError as error:
        raise SpecError(f"replay: cannot read {file}: {error.strerror}") from error
    answers: dict[str, dict[Prompts, str]] = {}
    for number, row in _rows(raw, file):
        label, prompts, outputs = _conversation(row, _label(file, root), f"{file}:{number}")
        recorded = answers.setdefault(label, {})
        for turn, output in enumerate(outputs, 1):
            if output is not None and turn <= len(prompts):
                recorded[prompts[:turn]] = storable(output)
    if not answers:
        raise SpecError(f"replay: {file} holds no rows")
    digest = hashlib.sha256(raw).hexdigest()
    for label, recorded in answers.items():
        yield Recording(label, file, digest, recorded)


def _rows(raw: bytes, file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"replay: {file} is not UTF-8 text") from error
    # Split on "\n" alone: model answers may hold U+2028 and friends inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"replay: {file}:{number}: not a whole JSON line; was the file cut?") from error
        if not isinstance(row, dict):
            raise SpecError(f"replay: {file}:{number}: expected a JSON object a line")
        yield number, row


def _conversation(row: dict[str, Any], label: str, where: str) -> tuple[str, Prompts, list[str | None]]:
    if "outputs" in row:
        prompts, outputs = row.get("questions"), row["outputs"]
    elif isinstance(row.get("turns"), list) and isinstance(row.get("model"), str):
        turns = [t for t in row["turns"] if isinstance(t, dict)]
        prompts, outputs = [t.get("prompt") for t in turns], [t.get("answer") for t in turns]
        label = row["model"]
    else:
        raise SpecError(f"replay: {where}: no recorded answers (`outputs`, or `model` and `turns`) in this row")
    if not isinstance(prompts, list) or not isinstance(outputs, list):
        raise SpecError(f"replay: {where}: questions and answers must be lists")
    if not all(isinstance(p, str) for p in prompts) or not all(o is None or isinstance(o, str) for o in outputs):
        raise SpecError(f"replay: {where}: questions and answers must be text")
    return label, tuple(p.strip() for p in prompts), outputs


def _label(file: Path, root: Path) -> str:
    """VENDOR/MODEL/STRATEGY, as far as the path tells."""
    if file != root:
        return file.relative_to(root).with_suffix("").as_posix()
    parts = file.absolute().with_suffix("").parts
    for folder in ("generated", "evaluated"):
        if folder in parts[:-1]:
            return "/".join(parts[len(parts) - 1 - parts[-2::-1].index(folder) :])
    return file.stem


class ReplayProvider:
    """Gives back what a recording holds for the same user prompts."""

    name = "replay"
    capabilities = Capabilities()

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        prompts = tuple(m.content.strip() for m in request.messages if m.role == "user")
        answer = self._recording.answers.get(prompts)
        if answer is None:
            raise InvalidRequestError(f"{self._recording.path.name} holds no answer to this question")
        return ChatCompletion(text=answer, requested_model=self._recording.label, finish_reason="stop")

    async def describe(self) -> ModelIdentity:
        return ModelIdentity(self.name, self._recording.label, digest=self._recording.digest)

    async def aclose(self) -> None:
        """Nothing is open."""
