"""What may be set for one Ollama model, checked before the first call: the server drops unknown options in silence."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from providers.errors import SpecError
from providers.types import SamplingParams

DEFAULT_NUM_CTX: Final = 8192
DEFAULT_NUM_KEEP: Final = 4
"""Tokens at the start that the server keeps when it cuts a prompt (`api.DefaultOptions`)."""

_DURATION = re.compile(r"[-+]?(?:0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)")


def _whole(low: int) -> tuple[Callable[[object], bool], str]:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= low, f"a whole number from {low}"


def _number(low: float, high: float) -> tuple[Callable[[object], bool], str]:
    return (
        lambda v: isinstance(v, int | float) and not isinstance(v, bool) and low <= v <= high,
        f"a number from {low:g} to {high:g}",
    )


def _is_duration(value: object) -> bool:
    if isinstance(value, str):
        return _DURATION.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


# `Options` and `Runner` of the server's api/types.go, less those that have a place in `SamplingParams`. What the
# Python package lists beyond them (mirostat, tfs_z, numa, ...) no server of today reads.
_OPTIONS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "num_ctx": _whole(1),
    "num_keep": _whole(-1),
    "num_batch": _whole(1),
    "num_gpu": _whole(-1),
    "main_gpu": _whole(0),
    "num_thread": _whole(0),
    "use_mmap": (lambda v: isinstance(v, bool), "true or false"),
    "top_k": _whole(0),
    "min_p": _number(0, 1),
    "typical_p": _number(0, 1),
    "repeat_last_n": _whole(-1),
    "repeat_penalty": _number(0, 10),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
}
_TOP_LEVEL: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "keep_alive": (_is_duration, 'seconds or a duration such as "30m" (-1: for ever)'),
}
_ELSEWHERE: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "num_predict": "max_output_tokens",
    "stop": "stop",
    "think": "reasoning_effort",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
}


@dataclass(frozen=True, slots=True)
class FixedOptions:
    """What every call of one provider sends: `options`, and fields beside them (`top_level`)."""

    num_ctx: int = DEFAULT_NUM_CTX
    options: Mapping[str, Any] = field(default_factory=dict)
    top_level: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_keep(self) -> int:
        return int(self.options.get("num_keep", DEFAULT_NUM_KEEP))


def fixed_options(extra: Mapping[str, Any]) -> FixedOptions:
    """The extras of a plan, checked; `num_ctx` is always there.

    Raises:
        SpecError: an extra that the server would ignore, or a value it would refuse.
    """
    for name, value in extra.items():
        if name in _ELSEWHERE:
            raise SpecError(f"{name!r} is no extra of ollama: it is the generation parameter {_ELSEWHERE[name]!r}")
        rule = _OPTIONS.get(name) or _TOP_LEVEL.get(name)
        if rule is None:
            known = ", ".join(sorted([*_OPTIONS, *_TOP_LEVEL]))
            raise SpecError(f"ollama does not read the extra parameter {name!r}; it reads: {known}")
        is_right, wanted = rule
        if not is_right(value):
            raise SpecError(f"ollama's extra parameter {name!r} must be {wanted}, not {value!r}")
    options = {"num_ctx": DEFAULT_NUM_CTX, **{name: value for name, value in extra.items() if name in _OPTIONS}}
    beside = {name: value for name, value in extra.items() if name in _TOP_LEVEL}
    return FixedOptions(options["num_ctx"], options, beside)


def sampling_options(params: SamplingParams) -> dict[str, Any]:
    """Ollama's names of the parameters that are set."""
    fields: dict[str, Any] = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        "num_predict": params.max_output_tokens,
        "stop": list(params.stop) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}
