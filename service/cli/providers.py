"""`providers list|check`."""

import asyncio
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from judge.checks.language import check_language
from judge.grading.rules import RULE_JUDGE
from providers.catalogue import ASKS_NOBODY, ProviderInfo, address, catalogue, key_is_set, provider_info
from providers.check import (
    ESSENTIAL,
    MAX_CALLS,
    MAX_OUTPUT_TOKENS,
    OPTIONAL,
    CheckResult,
    KeyInUse,
    check,
    unasked,
)
from providers.errors import SpecError
from providers.registry import ModelSpec, open_provider, parse_spec, resolve
from service.cli.failures import OK, SOME_FAILED
from service.cli.options import ListFormat
from service.cli.terminal import err, out, table
from service.errors import UsageError
from service.report.cells import safe

_STYLE = {"ok": "green", "no": "red", "unknown": "yellow"}
_YES_NO = {True: "yes", False: "no", None: "–"}
_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET")
_SECRET_CHARS = 8


def list_providers(list_format: ListFormat) -> None:
    listed = [_listing(info, os.environ) for info in catalogue()]
    if list_format is ListFormat.json:
        typer.echo(json.dumps({"providers": listed}, ensure_ascii=False, indent=2))
        return
    out().print(_provider_table(listed))
    err().print(Text("Try one with: kojudge providers check PROVIDER:MODEL[@URL]"))


def _listing(info: ProviderInfo, environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        url, source = address(info, environ)
        problem = None
    except SpecError as error:
        url, source, problem = None, "environment", safe(str(error))
    return {
        "provider": info.name,
        "title": info.title,
        "key_variable": info.key_variable,
        "key_set": key_is_set(info, environ),
        "address_variable": info.address_variable,
        "address": url,
        "address_from": source,
        "address_problem": problem,
        "schema_mode": info.schema_mode,
        "start": info.start,
        "example": info.example,
    }


def _provider_table(listed: list[dict[str, Any]]) -> Table:
    body = [
        [
            f"{p['provider']}\n  {p['title']}",
            p["key_variable"] or "–",
            _YES_NO[p["key_set"]],
            p["schema_mode"] or "–",
            "\n".join(line for line in (_where(p), p["start"], p["example"]) if line) + "\n",
        ]
        for p in listed
    ]
    return table(None, ["Provider", "Key variable", "Set", "Schema", "Address, how to reach it, example"], body)


def _where(listed: Mapping[str, str | None]) -> str:
    if listed["address_problem"]:
        return f"unusable: {listed['address_problem']}"
    if listed["address_from"] == "spec":
        return "no default: the spec names it"
    if listed["address_from"] == "environment":
        return f"{listed['address']} (from {listed['address_variable']})"
    return listed["address"] or ""


def check_provider(model: str, timeout_s: float, list_format: ListFormat) -> int:
    """Ask the model; the status says whether it can be used."""
    spec = resolve(parse_spec(model), os.environ)
    if (spec.provider, spec.model) == ("scripted", RULE_JUDGE):
        raise UsageError(f"{spec} is the built-in rule judge: it asks no model, so there is nothing to check")
    show = _print_result if list_format is ListFormat.table else _silent
    results = asyncio.run(_check(spec, os.environ, timeout_s, show))
    usable = _usable(spec, results)
    if list_format is ListFormat.json:
        checked = {"model": safe(str(spec)), "usable": usable, "checks": [asdict(r) for r in results]}
        typer.echo(json.dumps(checked, ensure_ascii=False, indent=2))
    err().print(Text(f"{safe(str(spec))} {'can be used' if usable else _why_not(results)}."))
    return OK if usable else SOME_FAILED


def _announce(spec: ModelSpec) -> None:
    asking = (
        "no calls, its answers were written beforehand"
        if spec.provider in ASKS_NOBODY
        else f"at most {MAX_CALLS} small calls of up to {MAX_OUTPUT_TOKENS} tokens, each made once"
    )
    err().print(Text(f"Checking {safe(str(spec))}: {asking}."))


def _usable(spec: ModelSpec, results: list[CheckResult]) -> bool:
    """Every essential holds; written answers are not asked for a sentence, so there only a failure counts."""
    outcomes = {r.outcome for r in results if r.name in ESSENTIAL}
    return "no" not in outcomes if spec.provider in ASKS_NOBODY else outcomes == {"ok"}


def _why_not(results: list[CheckResult]) -> str:
    """The essentials that failed, else those that nothing proved."""
    essential = [r for r in results if r.name in ESSENTIAL]
    failed = [r.name for r in essential if r.outcome == "no"]
    if failed:
        return f"cannot be used: {', '.join(failed)}"
    return f"may not be usable: {', '.join(r.name for r in essential if r.outcome == 'unknown')} unknown"


async def _check(
    spec: ModelSpec, environ: Mapping[str, str], timeout_s: float, show: Callable[[CheckResult], None]
) -> list[CheckResult]:
    info = provider_info(spec.provider)
    provider = open_provider(spec, environ, max_connections=1)
    _announce(spec)
    results: list[CheckResult] = []
    hidden = _secrets(environ)
    try:
        if spec.provider in ASKS_NOBODY:
            identity = await provider.describe()
            results = _written(identity.model)
            for result in results:
                show(result)
            return results
        key = KeyInUse(info.key_variable, bool(key_is_set(info, environ)))
        async for found in check(provider, _is_korean, key, timeout_s):
            results.append(CheckResult(found.name, found.outcome, round(found.seconds, 3), hidden(found.finding)))
            show(results[-1])
    finally:
        await provider.aclose()
    return results


def _is_korean(answer: str, prompt: str) -> bool | None:
    return check_language(answer, "ko", prompt).passed


def _written(model: str) -> list[CheckResult]:
    """The check of answers that were written beforehand: they are there, and there is nobody to ask."""
    found = {"reachable": "nothing to reach", "key": "needs none", "model": f"{safe(model)} is there"}
    certain = [CheckResult(name, "ok", 0.0, finding) for name, finding in found.items()]
    return certain + unasked("written answers to known questions only", ("korean", *OPTIONAL))


def _secrets(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A server's words made fit to print: one line, and no key from the environment that they may echo.

    A key is known by its start: the words may have been cut in the middle of it.
    """
    values = (value.strip() for name, value in environ.items() if name.upper().endswith(_SECRET_NAMES))
    starts = sorted({re.escape(value[:_SECRET_CHARS]) for value in values if len(value) >= _SECRET_CHARS})
    secret = re.compile(rf"(?:{'|'.join(starts)})[^\s\"'”]*") if starts else None

    def clean(text: str) -> str:
        return safe(secret.sub("[key]", text) if secret else text)

    return clean


def _print_result(result: CheckResult) -> None:
    took = f"{result.seconds:.2f} s" if result.seconds else ""
    line = Text.assemble(
        (f"{result.outcome:<8}", _STYLE[result.outcome]), f"{result.name:<12}{took:>9}  {result.finding}"
    )
    out().print(line, soft_wrap=True)


def _silent(result: CheckResult) -> None:
    """JSON is printed whole, at the end."""
