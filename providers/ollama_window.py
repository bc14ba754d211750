"""Finding prompts that a server cut to fit its window without saying so.

`truncate: false` and `shift: false` turn an over-long prompt into HTTP 400, but servers that do not know them answer
200 to what is left of the prompt: half a conversation, graded as if it were whole. What gives them away is
`prompt_eval_count`, which counts the prompt after the cut. (Assumed: it includes tokens served from the prompt cache,
as in every server since 0.4 of 2024; newer ones tell those apart in `prompt_eval_cached_count`.)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from providers.errors import ContextOverflowError
from providers.types import ChatMessage

_HANGUL = re.compile("[가-힣]+")
_SYLLABLE_BYTES = 3
_TEMPLATE_TOKENS = 256
"""A chat template's own words: markers, and the system prompt that some templates bring along."""
_MESSAGE_TOKENS = 16
_MOSTLY = 0.7
"""Share of a prompt's bytes that must be Hangul for its count to teach how Hangul is tokenized."""
_EXPERIENCED = 8
"""Taught by so many prompts, the guard trusts the smallest ratio seen more narrowly."""
_SPARSE_BYTES_PER_TOKEN = 7
"""No tokenizer packs ordinary Korean or English text as thinly as this."""


@dataclass(frozen=True, slots=True)
class PromptSize:
    """Bounds on a prompt's token count: words <= tokens <= most.

    Tokenizers do not join words across white space, and spend at least one byte of text on a token.
    """

    words: int
    most: int
    utf8_bytes: int
    hangul_bytes: int
    messages: int

    @classmethod
    def of(cls, messages: Iterable[ChatMessage]) -> "PromptSize":
        texts = [message.content for message in messages]
        utf8_bytes = sum(len(text.encode("utf-8", "replace")) for text in texts)
        return cls(
            words=sum(len(text.split()) for text in texts),
            most=utf8_bytes + _TEMPLATE_TOKENS + _MESSAGE_TOKENS * len(texts),
            utf8_bytes=utf8_bytes,
            hangul_bytes=_SYLLABLE_BYTES * sum(len(run) for text in texts for run in _HANGUL.findall(text)),
            messages=len(texts),
        )


class WindowGuard:
    """The window of one model, and what its replies so far tell about its tokenizer."""

    def __init__(self, num_ctx: int, num_keep: int) -> None:
        self.num_ctx = num_ctx
        # Fewest tokens that a byte of Hangul became, from prompts that cannot have been cut.
        self._tokens_per_hangul_byte: float | None = None
        self._taught = 0
        # A prompt beyond the window keeps its first `num_keep` tokens (and the BOS) and gives up half of the others.
        kept = (num_keep if num_keep >= 0 else num_ctx, num_keep + 1)
        self._cut_counts = frozenset(num_ctx - max((num_ctx - min(k, num_ctx - 1)) // 2, 1) for k in kept)

    def check_prompt(self, size: PromptSize) -> None:
        """Refuse what cannot fit, before it is sent.

        Raises:
            ContextOverflowError: the prompt has at least as many words as the window has tokens.
        """
        if size.words >= self.num_ctx:
            raise self._overflow(f"the prompt has {size.words} words and so at least as many tokens")

    def check_reply(self, size: PromptSize, prompt_tokens: int | None, reply_tokens: int | None) -> None:
        """Look for the traces of a cut in the counts of a reply; a count that is missing proves nothing.

        Raises:
            ContextOverflowError: the prompt, or the start of the conversation during the reply, was dropped.
        """
        if prompt_tokens is None:
            return
        if prompt_tokens >= self.num_ctx:
            raise self._overflow(f"the server read {prompt_tokens} tokens of the prompt, so it fills the window")
        # The last token of a reply need not be stored any more: one above the window is still no shift.
        if prompt_tokens + (reply_tokens or 0) > self.num_ctx + 1:
            raise self._overflow(
                f"prompt and reply together have {prompt_tokens} + {reply_tokens} tokens, "
                "so the server dropped the start of the conversation while it answered"
            )
        if size.most <= self.num_ctx:
            self._learn(size, prompt_tokens)
        elif self._was_cut(size, prompt_tokens):
            raise self._overflow(
                f"the server read only {prompt_tokens} tokens of a prompt of {size.words} words "
                f"({size.utf8_bytes} bytes), so it cut the prompt without saying so"
            )

    def _was_cut(self, size: PromptSize, prompt_tokens: int) -> bool:
        if prompt_tokens < size.words:
            return True
        expected = (self._tokens_per_hangul_byte or 0) * size.hangul_bytes
        if expected > (1.5 if self._taught >= _EXPERIENCED else 2) * prompt_tokens:
            return True
        sparse = size.utf8_bytes > _SPARSE_BYTES_PER_TOKEN * prompt_tokens
        return prompt_tokens in self._cut_counts and (sparse or expected > 1.5 * prompt_tokens)

    def _learn(self, size: PromptSize, prompt_tokens: int) -> None:
        """All doubt lowers the ratio: the template and every byte that is not Hangul are taken off as whole tokens."""
        overhead = 4 * _MESSAGE_TOKENS + _MESSAGE_TOKENS * size.messages
        # In a short prompt the template's tokens outweigh those of the text.
        if size.hangul_bytes < max(_MOSTLY * size.utf8_bytes, 8 * overhead):
            return
        spaces_join_words = size.utf8_bytes - size.hangul_bytes - size.words
        ratio = (prompt_tokens - overhead - max(0, spaces_join_words)) / size.hangul_bytes
        if ratio > 0:
            self._taught += 1
            self._tokens_per_hangul_byte = min(ratio, self._tokens_per_hangul_byte or ratio)

    def _overflow(self, what: str) -> ContextOverflowError:
        return ContextOverflowError(
            f"the context window num_ctx is {self.num_ctx} tokens, and {what}; {raise_num_ctx(self.num_ctx)}",
            param="num_ctx",
        )


def raise_num_ctx(num_ctx: int) -> str:
    """What a user can do about a window that is too small."""
    return f"set the extra parameter num_ctx of this model higher, for example to {2 * num_ctx}, if its memory allows"
