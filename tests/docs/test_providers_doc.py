"""The guide to the providers is held to the records, constants and output that it describes."""

import asyncio
import json
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from providers import limits, replicas
from providers.catalogue import catalogue, provider_info
from providers.dialects import DIALECTS, Dialect
from providers.ollama import DEFAULT_BASE_URL
from providers.ollama_options import DEFAULT_NUM_CTX, fixed_options
from providers.openai_compatible import OpenAICompatibleProvider
from providers.registry import PROVIDERS, parse_spec
from providers.retry import RetryPolicy
from providers.types import ChatCompletion, ChatMessage, ChatRequest, ModelIdentity, SamplingParams
from service.cli import main
from service.endpoint_plan import EndpointSettings, PriceSetting
from service.plan import PlanFile, RunPlan, freeze
from tests.docs.test_docs import PLANS, READMES, REPORT, ROOT, Run, example, fences, table_keys
from tests.servers.model_server import ModelServer

GUIDE = ROOT / "docs" / "providers.md"
PLAN_EXAMPLES = [(guide, block) for guide in (GUIDE, PLANS) for block in fences(guide, "yaml")]
NUMBER = re.compile(r"\d[\d.]*")


def section(name: str, level: int = 3) -> str:
    """The text below a heading, up to the next one of its level or above."""
    parts = re.split(rf"^#{{{level}}} {re.escape(name)}$", GUIDE.read_text("utf-8"), flags=re.MULTILINE)
    assert len(parts) == 2, f"docs/providers.md needs one section {name!r}"
    return re.split(rf"^#{{1,{level}}} ", parts[1], maxsplit=1, flags=re.MULTILINE)[0]


def table(head: str) -> dict[str, str]:
    """First column (in code) to second column of the table whose head starts so."""
    rows = GUIDE.read_text("utf-8").split(f"\n{head}", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    return {first.strip("`"): second for first, second, *_ in cells}


def blocks(text: str) -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


# ── one by one ──


def test_every_provider_has_its_section_and_no_other_stands_there() -> None:
    written = re.findall(r"^### (.+)$", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert sorted(written) == sorted(PROVIDERS)
    assert {spec.removesuffix(":") for spec in table("| spec | key |")} == set(PROVIDERS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_section_names_key_address_and_a_command(name: str) -> None:
    text, info = section(name), provider_info(name)
    if info.key_variable:
        assert f"`{info.key_variable}`" in text
    if info.address_variable:
        assert f"`{info.address_variable}`" in text
    address = DIALECTS[name].base_url if name in DIALECTS else DEFAULT_BASE_URL if name == "ollama" else None
    if address:
        assert f"`{address}`" in text
    lines = [line for block in blocks(text) for line in block.splitlines() if line.startswith("kojudge run ")]
    specs = [parse_spec(word) for line in lines for word in re.findall(r"-m (\S+)", line)]
    assert [spec.provider for spec in specs] == [name]


@pytest.mark.parametrize("name", [n for n, d in DIALECTS.items() if d.extras is not None])
def test_the_extras_of_a_section_are_accepted(name: str) -> None:
    text = " ".join(section(name).split()) + " "
    listed = re.search(r"(?:Extras:|Accepted are:|So only) (.*?)(?:\. | are accepted)", text)
    assert listed, f"the section {name} lists no extras"
    assert set(re.findall(r"`(\w+)`", listed[1])) <= (DIALECTS[name].extras or set())


def test_the_extras_of_ollama_are_all_there() -> None:
    listed = re.search(r"Extras: (.*?)\.\s", section("ollama"), re.DOTALL)
    assert listed
    with pytest.raises(ValueError, match="it reads: ") as refused:
        fixed_options({"unknown": 1})
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(str(refused.value).partition("it reads: ")[2].split(", "))
    assert f"`num_ctx` to {DEFAULT_NUM_CTX} tokens" in section("ollama")


def test_the_readmes_know_every_key() -> None:
    for readme in READMES:
        text = readme.read_text("utf-8")
        for info in catalogue():
            assert f"`{info.name}:`" in text or f"`{info.name}:" in text, f"{readme.name} lacks {info.name}"
            if info.key_variable and info.name in DIALECTS:
                assert f"`{info.key_variable}`" in text, f"{readme.name} lacks {info.key_variable}"


# ── plans ──


@pytest.mark.parametrize(
    ("guide", "block"), PLAN_EXAMPLES, ids=[f"{g.stem}-{n}" for n, (g, _) in enumerate(PLAN_EXAMPLES)]
)
def test_the_plans_can_be_run(guide: Path, block: str) -> None:
    run = freeze(PlanFile(**yaml.safe_load(block)), {})
    for endpoint in (*run.plan.models, *run.plan.judges):
        if endpoint.provider == "ollama":
            fixed_options(endpoint.extra)


def test_every_setting_of_a_plan_is_explained() -> None:
    assert table_keys(PLANS, "| key | flag |") == set(PlanFile.model_fields)
    settings = PLANS.read_text("utf-8").split("\n| setting | default |", 1)[1].split("\n\n", 1)[0]
    for name in (*EndpointSettings.model_fields, *PriceSetting.model_fields):
        assert f"`{name}`" in settings, f"docs/plans.md does not explain {name}"
    for name in EndpointSettings.model_fields:
        assert f"\n| `{name}` |" in settings


def test_what_is_no_part_of_a_run_is_said() -> None:
    text = PLANS.read_text("utf-8").split("\nHow a run is asked", 1)[1].split("\n\n", 1)[0]
    said = set(re.findall(r"`(\w+)`", text)) - {"endpoints", "extra"}
    run = freeze(PlanFile(models=("openai:gpt-6-luna",), judges=("scripted:rules",)), {})
    settings_outside = set(EndpointSettings.model_fields) - {"extra"}
    where_set = {"reask", "drop_unsupported", "pairwise", "allow_code_execution", "jury", "allow_self_judging"}
    where_set |= {"prompt", "pack", "imported"}
    assert said == (set(RunPlan.model_fields) - set(run.plan.identity()) - where_set) | settings_outside


# ── constants ──


def test_the_constants_of_the_limit() -> None:
    quoted = {name: float(value) for name, value in table("| constant | value |").items()}
    assert set(quoted) >= {"START", "P_FULL", "P_SPORADIC", "FULL_AT", "FULL_AGAIN_AT", "SHRINK"}
    assert quoted == {name: float(getattr(limits, name)) for name in quoted}
    written = GUIDE.read_text("utf-8")
    assert f"rests for {replicas.FIRST_REST_S:g} second, doubling up to {replicas.LONGEST_REST_S:g}" in written
    assert f"`--concurrency` ({PlanFile.model_fields['concurrency'].default})" in written


def test_the_constants_of_the_retries() -> None:
    quoted = {name: float(value) for name, value in table("| retry | value |").items()}
    assert quoted == {field.name: getattr(RetryPolicy(), field.name) for field in fields(RetryPolicy)}


# ── what is printed ──


def test_the_check_prints_what_is_shown(run_cli: Run, model_server: ModelServer) -> None:
    done = run_cli("providers", "check", f"vllm:candidate@{model_server.openai_url}")
    assert done.code == 0, done
    (shown,) = [block for block in fences(GUIDE) if block.startswith("Checking ")]
    first, *lines, last = shown.splitlines()

    def plain(line: str) -> str:
        return " ".join(re.sub(r"\d+\.\d\d s", "", re.sub(r"127\.0\.0\.1:\d+", "HOST", line)).split())

    assert [plain(line) for line in lines] == [plain(line) for line in done.out.splitlines()]
    assert [plain(first), plain(last)] == [plain(line) for line in done.err.splitlines()]


def test_the_list_prints_what_is_shown(run_cli: Run) -> None:
    printed = [" ".join(line.split()) for line in run_cli("providers", "list").out.splitlines()]
    (shown,) = [block for block in fences(GUIDE) if "Key variable" in block]
    for line in shown.splitlines():
        assert " ".join(line.split()) in printed


def test_the_dry_run_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith(("OPENAI_", "UPSTAGE_", "KOJUDGE_"))]:
        monkeypatch.delenv(variable)
    (command,) = [block for block in fences(GUIDE) if "--dry-run" in block]
    (shown,) = [block for block in fences(GUIDE) if block.startswith("Run ")]
    with pytest.raises(SystemExit) as ended:
        main(command.split()[1:])
    assert not ended.value.code
    # Prices move with every release; the words are what is tested.
    assert NUMBER.sub("#", capsys.readouterr().out.strip()) == NUMBER.sub("#", shown.strip())


def test_an_endpoint_of_a_report_has_the_documented_keys(run_cli: Run, model_server: ModelServer) -> None:
    spec = f"vllm:candidate@{model_server.openai_url}"
    done = run_cli("run", "-m", spec, "-j", "scripted:rules", "--format", "json")
    assert done.code == 0, done
    (actual,) = json.loads(done.out)["endpoints"]
    shown = example(REPORT, "served_models")
    url = f"127.0.0.1:{model_server.openai_url.rpartition(':')[2].partition('/')[0]}"
    assert json.loads(json.dumps(actual).replace(url, "127.0.0.1:8765")) == shown
    assert table_keys(REPORT, "| key of an endpoint |") >= set(actual)
    assert table_keys(REPORT, "| key of an identity |") == {field.name for field in fields(ModelIdentity)}


# ── adding a server ──


def test_the_record_of_a_new_server_works(model_server: ModelServer) -> None:
    (block,) = fences(GUIDE, "python")
    names: dict[str, Any] = {}
    exec(compile(block, GUIDE.name, "exec"), names)  # noqa: S102 - the guide's own code is under test
    written = re.findall(r"^    (\w+)=", block, re.MULTILINE)
    assert written == [field.name for field in fields(Dialect)]

    async def ask() -> ChatCompletion:
        url, extra = model_server.openai_url, {"top_k": 5}
        provider = OpenAICompatibleProvider(names["dialect"], "candidate", url, "a-key", 1, extra)
        params = SamplingParams(temperature=0.0, max_output_tokens=64)
        try:
            return await provider.complete(ChatRequest((ChatMessage("user", "안녕?"),), params))
        finally:
            await provider.aclose()

    completion = asyncio.run(ask())
    assert completion.text
    sent = {"seed_mode": "fixed", "top_k": 5, "temperature": 0.0, "max_completion_tokens": 64}
    assert completion.sent_params == sent
