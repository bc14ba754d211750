"""Recorded answers: both row formats, the labels of a folder, and files that are no recordings."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from providers.errors import InvalidRequestError, SpecError
from providers.registry import open_provider, parse_spec
from providers.replay import Recording, ReplayProvider, read_recordings
from providers.types import ChatCompletion, ChatMessage, ChatRequest

PROMPTS = ["가을 하늘은 왜 높아 보이나요?", "한 문장으로 줄여 주세요."]
ANSWERS = ["공기가 맑기 때문입니다.\u2028둘째 줄입니다.\x85", "맑은 공기 덕분입니다."]


def logickor_row(number: int = 1, prompts: Sequence[str] = PROMPTS, answers: Sequence[Any] = ANSWERS) -> dict[str, Any]:
    """A row of LogicKor's `generated` files."""
    return {
        "id": number,
        "category": "추론(Reasoning)",
        "questions": list(prompts),
        "outputs": list(answers),
        "references": [None, None],
    }


def export_row(model: str, answers: Sequence[Any] = ANSWERS, prompts: Sequence[str] = PROMPTS) -> dict[str, Any]:
    """A row of kojudge's export."""
    turns = [{"prompt": p, "answer": a, "score": 7} for p, a in zip(prompts, answers, strict=True)]
    return {"model": model, "question": "q1", "turns": turns}


def write(path: Path, *rows: object, bom: bool = False) -> Path:
    """A file of rows, with the separators left unescaped as other tools leave them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode("utf-8", "surrogatepass"))
    return path


def conversation(*turns: str) -> ChatRequest:
    """Prompts and answers in turn, ending with a prompt."""
    roles = ("user", "assistant")
    return ChatRequest(tuple(ChatMessage(roles[n % 2], text) for n, text in enumerate(turns)))  # type: ignore[arg-type]


def replayed(recording: Recording, asked: ChatRequest) -> ChatCompletion:
    """What the recording answers."""
    return asyncio.run(ReplayProvider(recording).complete(asked))


def test_logickor_rows_with_a_mark_and_line_separators(tmp_path: Path) -> None:
    file = write(tmp_path / "default.jsonl", logickor_row(), logickor_row(2, ["다른 질문"], ["다른 답"]), bom=True)
    (recording,) = read_recordings(file)
    assert recording.label == "default"
    assert replayed(recording, conversation(PROMPTS[0])).text == ANSWERS[0]
    second = replayed(recording, conversation(PROMPTS[0], ANSWERS[0], PROMPTS[1]))
    assert (second.text, second.finish_reason, second.requested_model) == (ANSWERS[1], "stop", "default")
    assert replayed(recording, conversation("다른 질문")).text == "다른 답"


def test_windows_line_ends_and_blank_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\r\n" + json.dumps(logickor_row()).encode() + b"\r\n\r\n")
    (recording,) = read_recordings(file)
    assert len(recording.answers) == 2


def test_a_turn_is_known_by_all_prompts_before_it(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl",
        logickor_row(1, ["앞", "줄여 주세요."], ["앞 답", "앞 요약"]),
        logickor_row(2, ["뒤", "줄여 주세요."], ["뒤 답", "뒤 요약"]),
    )
    (recording,) = read_recordings(file)
    assert replayed(recording, conversation("뒤", "무엇이든", "줄여 주세요.")).text == "뒤 요약"
    with pytest.raises(InvalidRequestError, match="no answer to this question"):
        replayed(recording, conversation("줄여 주세요."))


def test_a_system_message_and_outer_blanks_do_not_matter(tmp_path: Path) -> None:
    (recording,) = read_recordings(write(tmp_path / "a.jsonl", logickor_row(1, [" 질문 \n"], ["답"])))
    asked = ChatRequest((ChatMessage("system", "한국어로."), ChatMessage("user", "질문")))
    assert replayed(recording, asked).text == "답"


def test_export_rows_hold_many_models(tmp_path: Path) -> None:
    file = write(
        tmp_path / "export.jsonl",
        export_row("openai:gpt-6-luna"),
        export_row("solar:solar-pro4", ["다른 답입니다.", None]),
    )
    first, second = read_recordings(file)
    assert (first.label, second.label) == ("openai:gpt-6-luna", "solar:solar-pro4")
    assert first.digest == second.digest
    assert replayed(first, conversation(PROMPTS[0])).text == ANSWERS[0]
    assert replayed(second, conversation(PROMPTS[0])).text == "다른 답입니다."
    with pytest.raises(InvalidRequestError):
        replayed(second, conversation(PROMPTS[0], "다른 답입니다.", PROMPTS[1]))


def test_an_answer_that_was_never_given_is_missing_and_an_empty_one_is_not(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", logickor_row(1, PROMPTS, [None, ""]))
    (recording,) = read_recordings(file)
    with pytest.raises(InvalidRequestError):
        replayed(recording, conversation(PROMPTS[0]))
    assert replayed(recording, conversation(PROMPTS[0], "", PROMPTS[1])).text == ""


def test_text_no_database_takes_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(logickor_row(1, ["질문"], ["앞\ud800\x00뒤"])) + "\n")
    (recording,) = read_recordings(file)
    assert replayed(recording, conversation("질문")).text == "앞\ufffd\ufffd뒤"


def test_a_folder_labels_by_vendor_model_and_strategy(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    names = ("Qwen/Qwen2.5-7B/default", "vendor/model-0.5/1-shot", "vendor/model-0.5/cot-1-shot")
    for name in names:
        write(folder / f"{name}.jsonl", logickor_row())
    assert [r.label for r in read_recordings(folder)] == sorted(names)
    assert read_recordings(folder / f"{names[1]}.jsonl")[0].label == names[1]


def test_letter_case_keeps_vendors_apart(tmp_path: Path) -> None:
    for vendor, answer in (("Qwen", "큰 글자"), ("qwen", "작은 글자")):
        write(tmp_path / vendor / "m" / "default.jsonl", logickor_row(1, ["질문"], [answer]))
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system takes Qwen and qwen for one name")
    found = {r.label: replayed(r, conversation("질문")).text for r in read_recordings(tmp_path)}
    assert found == {"Qwen/m/default": "큰 글자", "qwen/m/default": "작은 글자"}


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("evaluated/v/m/default.jsonl", "v/m/default"),
        ("generated/old/generated/v/m/default.jsonl", "v/m/default"),
        ("generated.jsonl", "generated"),
        ("model-0.5.jsonl", "model-0.5"),
    ],
)
def test_the_label_of_a_file_alone(tmp_path: Path, path: str, label: str) -> None:
    assert read_recordings(write(tmp_path / path, logickor_row()))[0].label == label


def test_the_digest_follows_the_bytes(tmp_path: Path) -> None:
    same = [write(tmp_path / name / "a.jsonl", logickor_row()) for name in "ab"]
    other = write(tmp_path / "c" / "a.jsonl", logickor_row(1, PROMPTS, ["다른 답", "또 다른 답"]))
    first, second, third = (read_recordings(file)[0].digest for file in (*same, other))
    assert first == second != third


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_cut_file_is_refused_with_its_line(tmp_path: Path, cut: int) -> None:
    file = write(tmp_path / "cut.jsonl", logickor_row(1), logickor_row(2))
    file.write_bytes(file.read_bytes().rstrip(b"\n")[:-cut])
    with pytest.raises(SpecError, match=r"cut\.jsonl(:2: .*was the file cut| is not UTF-8)"):
        read_recordings(file)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([1], "expected a JSON object"),
        ({"id": 1}, "no recorded answers"),
        ({"outputs": ["답"]}, "must be lists"),
        ({"questions": ["질문"], "outputs": "답"}, "must be lists"),
        ({"questions": [1], "outputs": ["답"]}, "must be text"),
        ({"questions": ["질문"], "outputs": [{"text": "답"}]}, "must be text"),
        ({"model": "m", "turns": [{"answer": "답"}]}, "must be text"),
    ],
)
def test_an_odd_row_is_refused_with_its_line(tmp_path: Path, row: object, words: str) -> None:
    file = write(tmp_path / "odd.jsonl", logickor_row(), row)
    with pytest.raises(SpecError, match=rf"odd\.jsonl:2: .*{words}"):
        read_recordings(file)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="does not exist"):
        read_recordings(tmp_path / "absent.jsonl")
    with pytest.raises(SpecError, match=r"holds no \.jsonl file"):
        read_recordings(tmp_path)
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"\xef\xbb\xbf\n\n")
    with pytest.raises(SpecError, match="holds no rows"):
        read_recordings(empty)
    empty.write_bytes("답".encode("cp949"))
    with pytest.raises(SpecError, match="not UTF-8"):
        read_recordings(empty)


def test_one_model_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.jsonl", export_row("openai:gpt-6-luna"))
    with pytest.raises(SpecError, match="'openai:gpt-6-luna' more than once"):
        read_recordings(tmp_path)


def test_opened_by_its_spec(tmp_path: Path) -> None:
    file = write(tmp_path / "v@1.jsonl", logickor_row())
    provider = open_provider(parse_spec(f"replay:{file}"), {}, 1)
    identity = asyncio.run(provider.describe())
    assert (identity.provider, identity.model) == ("replay", "v@1")
    assert len(identity.digest or "") == 64
    write(file, export_row("a"), export_row("b"))
    with pytest.raises(SpecError, match="holds 2 models"):
        open_provider(parse_spec(f"replay:{file}"), {}, 1)
