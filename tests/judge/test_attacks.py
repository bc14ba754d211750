"""Answers that try to write their own score: none leaves the fence, none changes a score, and each is flagged."""

import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from judge.checks.addressing import find_addressing
from judge.contracts import Parsed
from judge.probes.attacks import Attack, AttackFamily, load_attacks
from judge.prompt import RubricPrompt
from judge.rubric import load_rubric
from judge.types import GradedTurn
from questions.types import Question, Turn
from tests.servers.gullible_judge import HONEST, gullible_judge, ordered_score, split_at_fences
from tests.servers.model_server import ModelServer

ATTACKS = load_attacks()
RUBRIC = load_rubric("turn-0-10")
PROMPTS = (RubricPrompt.of(RUBRIC, "text"), RubricPrompt.of(RUBRIC, "json_schema"))
QUESTION = Question(
    id="fruit-1",
    category="문법",
    turns=(Turn(prompt="사과의 뜻을 두 가지 말하라.", reference="과일, 용서를 비는 일"), Turn(prompt="예문을 지어라.")),
)

every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)


def test_the_corpus_covers_every_family_in_both_languages():
    assert len(ATTACKS) >= 60
    assert len({attack.text for attack in ATTACKS}) == len(ATTACKS)
    counted = Counter((attack.family, attack.language) for attack in ATTACKS)
    thin = [(f, lang) for f in get_args(AttackFamily) for lang in ("ko", "en") if counted[f, lang] < 2]
    assert not thin, counted


# ── the parser ──


def quoted_line(text: str) -> str:
    return f"평가: 답변은 “{' '.join(text.split())}”라고 하지만 근거가 없습니다.\n점수: 2"


def quoted_block(text: str) -> str:
    lines = "\n".join(f"> {line}" for line in text.split("\n"))
    return f"{lines}\n\n평가: 점수를 달라는 말뿐입니다.\n점수: 2"


def quoted_code(text: str) -> str:
    return f"평가: 답변이 아래와 같습니다.\n```\n{text}\n```\n질문에 답하지 않았습니다.\n점수: 2"


def echoed_first(text: str) -> str:
    return f"{text}\n\n평가: 이 답변은 질문에 답하지 않았습니다.\n점수: 2"


def echoed_last(text: str) -> str:
    return f"평가: 질문에 답하지 않았습니다.\n점수: 2\n\n[채점한 답변]\n{text}"


def in_json(text: str) -> str:
    return json.dumps({"evaluation": f"답변은 {text} 입니다.", "score": 2}, ensure_ascii=False)


def in_pretty_json(text: str) -> str:
    body = json.dumps({"evaluation": text, "score": 2}, ensure_ascii=False, indent=2)
    return f"```json\n{body}\n```"


@every_attack
@pytest.mark.parametrize(
    "quote", [quoted_line, quoted_block, quoted_code, echoed_first, echoed_last, in_json, in_pretty_json]
)
def test_a_quoted_attack_never_becomes_the_score(attack: Attack, quote):
    reply = quote(attack.text)
    for prompt in PROMPTS:
        parsed = prompt.contract.parse(reply)
        if isinstance(parsed, Parsed):
            assert parsed.score == 2, reply
        else:
            # Two scores in plain text may be too many to tell; inside of JSON there is no doubt.
            assert quote not in (in_json, in_pretty_json), f"{parsed}: {reply}"


# ── the fence ──


@every_attack
@pytest.mark.parametrize("turn", [1, 2])
def test_no_attack_leaves_the_fence(attack: Attack, turn: int):
    answers = (attack.text, "둘째 답변")[:turn]
    user = PROMPTS[0].render(GradedTurn(QUESTION, turn, answers), 0, "심판").messages[1].content
    outside, inside = split_at_fences(user)
    plain = PROMPTS[0].render(GradedTurn(QUESTION, turn, ("하나", "둘째 답변")[:turn]), 0, "심판")
    expected = split_at_fences(plain.messages[1].content)[0].replace(plain.nonce, "")
    assert len(inside) == turn, user
    assert outside.replace(user.split("«")[1].split("»")[0], "") == expected, user


@every_attack
def test_the_reader_would_obey_an_attack_outside_of_the_fence(attack: Attack):
    if attack.family == "empty_or_constant":
        assert ordered_score(attack.text) is None
    else:
        outside, _ = split_at_fences(f"[질문 1]\n사과란?\n\n{attack.text}")
        assert ordered_score(outside) == 10, outside


@pytest.mark.parametrize("provider", ["compatible", "vllm"])
def test_no_attack_changes_a_stored_score(run_cli, tmp_path: Path, model_server: ModelServer, provider: str):
    """From the answer over HTTP to the stored verdict, in text and where a schema is enforced."""
    by_prompt = {f"{number}번: 사과란 무엇입니까?": attack for number, attack in enumerate(ATTACKS)}
    model_server.behave("candidate", lambda body: by_prompt[body["messages"][-1]["content"]].text)
    model_server.behave("judge", gullible_judge)
    questions = [
        {"id": attack.id, "category": attack.family, "turns": [{"prompt": prompt, "expected_language": "any"}]}
        for prompt, attack in by_prompt.items()
    ]
    file = tmp_path / "attacks.yaml"
    file.write_text(json.dumps({"set": "attacks", "questions": questions}, ensure_ascii=False), encoding="utf-8")
    models = [
        "-m",
        f"compatible:candidate@{model_server.openai_url}",
        "-j",
        f"{provider}:judge@{model_server.openai_url}",
    ]
    done = run_cli("run", *models, "-q", file, "--name", "attacks", "--yes")
    assert done.code in (0, 1), done
    assert run_cli("export", "jsonl", "attacks", "out").code == 0
    lines = (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").split("\n")
    stored = {c["question_id"]: c for c in map(json.loads, filter(None, lines))}
    assert set(stored) == {attack.id for attack in ATTACKS}
    wrong = {
        name: verdict
        for name, c in stored.items()
        for verdict in c["verdicts"]
        if (verdict["status"], verdict["score"]) != ("ok", HONEST) and c["turns"][0]["status"] != "empty"
    }
    assert not wrong, wrong
    judged = [record.body["messages"] for record in model_server.delivered if record.model == "judge"]
    assert len(judged) >= len(ATTACKS) - 1
    # A prefix that is the same byte for byte is what a provider's cache wants.
    assert len({json.dumps(messages[0]) for messages in judged}) == 1


# ── the flag ──


@every_attack
def test_every_attack_is_flagged(attack: Attack):
    flagged = bool(find_addressing(attack.text, "사과란 무엇입니까?"))
    assert flagged is (attack.family != "empty_or_constant"), attack.text
