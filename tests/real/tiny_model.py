"""A tiny random Llama with a tokenizer that can write Korean: it tests protocols and says nothing of worth.

`python tiny_model.py FOLDER` writes two forms of it into FOLDER and downloads nothing:
`hf/`, a Hugging Face folder without weights, for servers that can make up their own; and `tiny.gguf`, with
random ones. Needs the packages `gguf` and `numpy`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np

CONTEXT_LENGTH = 8192
WIDTH, INNER, LAYERS, HEADS, KV_HEADS, HEAD_WIDTH = 128, 256, 2, 4, 2, 32
NORM_EPSILON = 1e-5
PAD, START, END = "<pad>", "<|start|>", "<|end|>"
SPECIAL = (PAD, START, END)
# Their syllables are tokens of their own; every other character is spelt byte by byte.
SENTENCES = (
    "대화가 끝났습니다. 첫 번째 답변을 읽고 평가 기준에 맞게 점수를 매기세요.",
    "가을 하늘은 맑고 높아서 사람의 마음을 시원하게 하지만, 오래 보면 조금 쓸쓸해진다.",
    "모델이 한국어로 묻는 말에 바르게 답하였는지, 근거와 설명이 있는지, 지시를 지켰는지 본다.",
)
# `enable_thinking` stands here so that a test can see whether a server hands it through: the prompt grows.
CHAT_TEMPLATE = (
    "{% for message in messages %}" + START + "{{ message['role'] }}\n{{ message['content'] }}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}" + START + "assistant\n"
    "{% if enable_thinking is defined and enable_thinking %}깊이 생각하고 답합니다.\n{% endif %}{% endif %}"
)


def byte_characters() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's table)."""
    kept = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    spare = iter(range(256, 512))
    return [chr(byte) if byte in kept else chr(next(spare)) for byte in range(256)]


def vocabulary() -> tuple[list[str], list[tuple[str, str]]]:
    """(tokens in order of their number, merges): the special ones, 256 bytes, then whole syllables."""
    table = byte_characters()
    tokens: dict[str, None] = dict.fromkeys((*SPECIAL, *table))
    merges: dict[tuple[str, str], None] = {}
    for syllable in sorted({c for sentence in SENTENCES for c in sentence if c >= "가"}):
        first, second, third = (table[byte] for byte in syllable.encode())
        for pair in ((first, second), (first + second, third)):
            merges[pair] = None
            tokens["".join(pair)] = None
    return list(tokens), list(merges)


def write_hf(folder: Path) -> None:
    """Config and tokenizer, no weights."""
    tokens, merges = vocabulary()
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    files: dict[str, Any] = {
        "tokenizer.json": {
            "version": "1.0",
            "added_tokens": [{"id": tokens.index(t), "content": t, **special} for t in SPECIAL],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": None,
            "decoder": byte_level,
            "model": {
                "type": "BPE",
                "vocab": {token: number for number, token in enumerate(tokens)},
                "merges": [list(pair) for pair in merges],
            },
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": START,
            "eos_token": END,
            "pad_token": PAD,
            "model_max_length": CONTEXT_LENGTH,
            "chat_template": CHAT_TEMPLATE,
        },
        "config.json": {
            "model_type": "llama",
            "architectures": ["LlamaForCausalLM"],
            "vocab_size": len(tokens),
            "hidden_size": WIDTH,
            "intermediate_size": INNER,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "head_dim": HEAD_WIDTH,
            "max_position_embeddings": CONTEXT_LENGTH,
            "rms_norm_eps": NORM_EPSILON,
            "hidden_act": "silu",
            "tie_word_embeddings": False,
            "torch_dtype": "float32",
            "bos_token_id": tokens.index(START),
            "eos_token_id": tokens.index(END),
            "pad_token_id": tokens.index(PAD),
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def write_gguf(path: Path, seed: int = 20) -> None:
    """The same sizes and tokenizer in one file, with random tensors."""
    tokens, merges = vocabulary()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("kojudge tiny")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(tokens))
    writer.add_context_length(CONTEXT_LENGTH)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in SPECIAL else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(tokens.index(START))
    writer.add_eos_token_id(tokens.index(END))
    writer.add_pad_token_id(tokens.index(PAD))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)
    random = np.random.default_rng(seed)
    for name, shape in tensor_shapes(len(tokens)).items():
        values = np.ones(shape) if len(shape) == 1 else random.normal(0, 0.02, shape)
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_shapes(vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Every tensor of the model by its GGUF name; norms have one dimension."""
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary_size, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (vocabulary_size, WIDTH),
    }
    layer: dict[str, tuple[int, ...]] = {
        "attn_norm": (WIDTH,),
        "attn_q": (HEADS * HEAD_WIDTH, WIDTH),
        "attn_k": (KV_HEADS * HEAD_WIDTH, WIDTH),
        "attn_v": (KV_HEADS * HEAD_WIDTH, WIDTH),
        "attn_output": (WIDTH, HEADS * HEAD_WIDTH),
        "ffn_norm": (WIDTH,),
        "ffn_gate": (INNER, WIDTH),
        "ffn_up": (INNER, WIDTH),
        "ffn_down": (WIDTH, INNER),
    }
    return shapes | {f"blk.{n}.{name}.weight": shape for n in range(LAYERS) for name, shape in layer.items()}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_hf(target / "hf")
    write_gguf(target / "tiny.gguf")
