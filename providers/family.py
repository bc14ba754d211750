"""Which family a model belongs to, by its name: models of one family tend to like each other's answers."""

import re
from collections.abc import Mapping

_FAMILIES: Mapping[str, str] = {
    "openai": r"gpt|chatgpt|o[134](?:-|$)|davinci",
    "anthropic": r"claude",
    "google": r"gemini|gemma|palm",
    "meta": r"llama|codellama",
    "upstage": r"solar",
    "lg": r"exaone",
    "naver": r"hcx|hyperclova",
    "kakao": r"kanana",
    "kt": r"mi-?dm|mi:dm",
    "skt": r"a\.?x-|ax-?\d",
    "alibaba": r"qwen|qwq",
    "mistral": r"mistral|mixtral|ministral|magistral|codestral",
    "deepseek": r"deepseek",
    "microsoft": r"phi-?\d|phi$",
    "cohere": r"command-|c4ai|aya",
    "ibm": r"granite",
    "xai": r"grok",
    "zhipu": r"glm|chatglm",
    "moonshot": r"kimi|moonshot",
    "01ai": r"yi-",
    "prometheus": r"prometheus",
}
_PATTERNS = {name: re.compile(rf"(?:^|[/_.-])(?:{pattern})", re.IGNORECASE) for name, pattern in _FAMILIES.items()}


def family(model: str) -> str:
    """The maker's family of a model's name; a name that is not known is a family of its own.

    A distilled model belongs to the one that is named first: `deepseek-r1-distill-qwen` to deepseek.
    """
    found = [(match.start(), name) for name, pattern in _PATTERNS.items() if (match := pattern.search(model))]
    return min(found)[1] if found else model.casefold()
