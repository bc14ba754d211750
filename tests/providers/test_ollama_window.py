"""A prompt that a server cut to fit its window is an error, and one that it read whole is not."""

from collections.abc import Sequence
from typing import Any

import pytest

from providers.errors import ContextOverflowError
from providers.ollama_window import PromptSize, WindowGuard
from providers.types import ChatCompletion, ChatMessage, ChatProvider, ChatRequest
from tests.providers.asking import QUICK, ask, ollama_spec, request, with_provider
from tests.servers.faults import FAULTS, MISSING, Fault, Reply, TokenUsage
from tests.servers.model_server import ModelServer

SENTENCE = "가을에는 습기가 적어 하늘이 더욱 맑고 높아 보입니다. "
ENGLISH = "The quick brown fox jumps over the lazy dog and then goes home to rest for a while. "
CUT_AT_8192 = 8192 - (8192 - 4) // 2


@pytest.fixture
def old_server(model_server: ModelServer) -> ModelServer:
    """A server whose candidate never refuses a long prompt."""
    model_server.behave("candidate", always_cuts=True)
    return model_server


def counted(prompt: int | None, reply: int = 20) -> Fault:
    """The next reply counts its tokens so."""
    return Fault("counted", patch={"ollama": {"prompt_eval_count": prompt, "eval_count": reply}})


def asked_in_turn(server: ModelServer, prompts: Sequence[str | ChatRequest], **extra: Any) -> list[ChatCompletion]:
    """The replies of one provider to one prompt after another."""

    async def work(provider: ChatProvider) -> list[ChatCompletion]:
        return [await provider.complete(request(p) if isinstance(p, str) else p) for p in prompts]

    return with_provider(ollama_spec(server), work, extra=extra)


def test_a_prompt_with_more_words_than_the_window_has_tokens_is_never_sent(model_server: ModelServer) -> None:
    with pytest.raises(ContextOverflowError, match=r"8200 words .* for example to 16384") as caught:
        ask(ollama_spec(model_server), request("네 " * 8200), policy=QUICK)
    assert caught.value.param == "num_ctx"
    assert not model_server.requests
    with pytest.raises(ContextOverflowError):
        ask(ollama_spec(model_server), request("네 " * 60), extra={"num_ctx": 60})
    assert not model_server.requests


@pytest.mark.parametrize("num_ctx", [512, 2048])
def test_an_old_server_that_cuts_in_silence_is_found_out(old_server: ModelServer, num_ctx: int) -> None:
    """The first prompts fit and teach how the model's tokenizer treats Hangul."""
    short = SENTENCE * (num_ctx // 100)
    long = SENTENCE * (num_ctx // 15)
    with pytest.raises(ContextOverflowError, match="cut the prompt without saying so"):
        asked_in_turn(old_server, [short, short, long], num_ctx=num_ctx)
    assert [record.truncated for record in old_server.chats] == [False, False, True]


def test_a_conversation_whose_start_was_dropped_is_found_out(old_server: ModelServer) -> None:
    first, answer = SENTENCE * 100, SENTENCE * 60
    turns = ChatRequest(
        (ChatMessage("user", first), ChatMessage("assistant", answer), ChatMessage("user", SENTENCE * 20))
    )
    with pytest.raises(ContextOverflowError, match="cut the prompt"):
        asked_in_turn(old_server, [SENTENCE * 23] * 8 + [turns], num_ctx=2048)
    assert old_server.chats[-1].truncated


@pytest.mark.parametrize("prompt_tokens", [8192, 8200, 20_000])
def test_a_prompt_that_fills_the_window_was_cut_by_an_older_server(old_server: ModelServer, prompt_tokens: int) -> None:
    old_server.inject("candidate", counted(prompt_tokens))
    with pytest.raises(ContextOverflowError, match="fills the window"):
        ask(ollama_spec(old_server), request(SENTENCE * 800))


@pytest.mark.parametrize(("prompt_tokens", "reply_tokens", "shifted"), [(8000, 192, 0), (8000, 193, 0), (8000, 194, 1)])
def test_a_reply_that_pushed_the_prompt_out_is_an_error(
    old_server: ModelServer, prompt_tokens: int, reply_tokens: int, shifted: int
) -> None:
    old_server.inject("candidate", counted(prompt_tokens, reply_tokens))
    if shifted:
        with pytest.raises(ContextOverflowError, match=r"8000 \+ 194 tokens.*for example to 16384"):
            ask(ollama_spec(old_server))
    else:
        assert ask(ollama_spec(old_server)).usage.completion_tokens == reply_tokens


def test_fewer_tokens_than_words_is_a_cut_without_any_learning(old_server: ModelServer) -> None:
    text = ENGLISH * 400  # 7,200 words
    old_server.inject("candidate", counted(CUT_AT_8192), counted(7199), counted(7200))
    for _ in range(2):
        with pytest.raises(ContextOverflowError, match=r"of a prompt of 7200 words"):
            ask(ollama_spec(old_server), request(text))
    assert ask(ollama_spec(old_server), request(text)).usage.prompt_tokens == 7200


@pytest.mark.parametrize("count", [CUT_AT_8192, CUT_AT_8192 + 1])
def test_the_exact_count_a_cut_leaves_is_found_out_when_the_text_is_too_thin_for_it(
    old_server: ModelServer, count: int
) -> None:
    text = "가나다라마바사아자차" * 1000  # 30,000 bytes
    old_server.inject("candidate", counted(count), counted(count - 2))
    with pytest.raises(ContextOverflowError, match=f"only {count} tokens"):
        ask(ollama_spec(old_server), request(text))
    assert ask(ollama_spec(old_server), request(text)).text


def test_a_changed_num_keep_changes_the_count_that_a_cut_leaves(old_server: ModelServer) -> None:
    text = "가나다라마바사아자차" * 1000
    old_server.inject("candidate", then=counted(8192 - (8192 - 100) // 2))
    assert ask(ollama_spec(old_server), request(text)).text
    with pytest.raises(ContextOverflowError):
        ask(ollama_spec(old_server), request(text), extra={"num_keep": 100})


@pytest.mark.parametrize("count", [None, MISSING, "many", -1])
def test_a_count_that_is_missing_proves_nothing(old_server: ModelServer, count: Any) -> None:
    old_server.inject("candidate", counted(count))
    assert ask(ollama_spec(old_server), request(SENTENCE * 800)).usage.prompt_tokens is None


def test_a_prompt_too_small_to_be_cut_is_believed_whatever_the_count(old_server: ModelServer) -> None:
    """A server that counts only what was not in its cache, as those of old did."""
    old_server.inject("candidate", counted(1), counted(0))
    texts = ["네 " * 1900, ENGLISH * 90]
    assert all(said.text for said in asked_in_turn(old_server, texts))


def guard_taught_by(*replies: tuple[str, int], num_ctx: int = 8192) -> WindowGuard:
    """A guard that has seen these prompts with their counts."""
    guard = WindowGuard(num_ctx, 4)
    for text, tokens in replies:
        guard.check_reply(size_of(text), tokens, 10)
    return guard


def size_of(text: str) -> PromptSize:
    return PromptSize.of((ChatMessage("user", text),))


# Tokens for one byte of text: Hangul as a good and as a poor tokenizer splits it, English, code.
DENSE, SPARSE = 0.25, 0.95


@pytest.mark.parametrize("taught", [DENSE, SPARSE])
@pytest.mark.parametrize("asked", [0.2, DENSE, 0.4])
def test_no_false_alarm_when_the_next_prompt_is_tokenized_otherwise(taught: float, asked: float) -> None:
    """English, code and numbers beside Korean, with every tokenizer, and after tiny prompts with long templates."""
    korean = SENTENCE * 80
    guard = guard_taught_by((korean, int(taught * len(korean.encode()))), ("안녕?", 120), ("네.", 15))
    for text in (ENGLISH * 350, "x = [1, 2]  # 값\n" * 900, "1234567 " * 900, " \n" * 9000, "한 " + ENGLISH * 300):
        size = size_of(text)
        tokens = max(size.words, int(asked * size.utf8_bytes))
        if tokens < 8000:
            guard.check_reply(size, tokens, 10)


@pytest.mark.parametrize("ratio", [DENSE, 0.35, 0.6])
def test_korean_prompts_up_to_the_window_are_never_suspected(ratio: float) -> None:
    taught = SENTENCE * 80
    guard = guard_taught_by((taught, int(ratio * len(taught.encode()))))
    for times in range(90, 700, 5):
        size = size_of(SENTENCE * times)
        # Real text is now and then tokenized a third better than what was seen before.
        for better in (1.0, 0.67):
            tokens = int(better * ratio * size.utf8_bytes) + 20
            if size.words <= tokens < 8100:
                guard.check_reply(size, tokens, 10)


@pytest.mark.parametrize("ratio", [DENSE, 0.35, 0.6])
def test_korean_prompts_just_beyond_the_window_are_found_out_by_what_a_cut_leaves(ratio: float) -> None:
    taught = SENTENCE * 80
    guard = guard_taught_by((taught, int(ratio * len(taught.encode()))))
    times = int(8192 * 1.1 / (ratio * len(SENTENCE.encode())))
    with pytest.raises(ContextOverflowError):
        guard.check_reply(size_of(SENTENCE * times), CUT_AT_8192, 10)


def test_an_injected_fault_that_tells_no_usage_is_no_cut(old_server: ModelServer) -> None:
    old_server.behave("candidate", Reply("네.", usage=TokenUsage(5, 5)))
    old_server.inject("candidate", FAULTS["no_usage"])
    assert ask(ollama_spec(old_server), request(SENTENCE * 300)).text == "네."
