"""An answer in which a model names itself tells the reviewer who wrote it: such names are covered."""

import re
from collections.abc import Iterable, Mapping

from providers.family import family

COVER = "[이름 가림]"

_MAKERS: Mapping[str, str] = {
    "openai": r"(?:chat)?gpt(?:-?\d[\w.]*)?|open\s?ai|오픈\s?ai|챗\s?gpt",
    "anthropic": r"claude|anthropic|클로드|앤트로픽",
    "google": r"gemini|gemma|제미나이|젬마",
    "meta": r"llama|meta ai|라마\s?\d",
    "upstage": r"solar(?:[- ](?:pro|mini)\w*)?|upstage|솔라\s?프로|업스테이지",
    "lg": r"exaone|lg ai(?: research|\s?연구원)?|엑사원",
    "naver": r"hyperclova(?:\s?x)?|hcx[\w-]*|clova\s?x?|하이퍼클로바\s?x?|클로바\s?x?|네이버",
    "kakao": r"kanana|카나나|카카오",
    "kt": r"mi:?-?dm|믿음\s?\d",
    "skt": r"a\.x|에이닷\s?엑스",
    "alibaba": r"qwen|tongyi|qianwen|alibaba|큐원|통이\s?첸원|알리바바",
    "mistral": r"mistral(?: ai)?|미스트랄",
    "deepseek": r"deepseek|딥시크",
    "microsoft": r"phi-?\d|microsoft|마이크로소프트",
    "cohere": r"cohere|command r\+?|aya expanse",
    "ibm": r"granite|ibm",
    "xai": r"grok|xai|그록",
    "zhipu": r"chatglm|glm-?\d|zhipu",
    "moonshot": r"kimi|moonshot",
}


def self_names(models: Iterable[str]) -> re.Pattern[str] | None:
    """What models of these names may call themselves: the names, and those of their makers and families."""
    words: set[str] = set()
    makers: set[str] = set()
    for model in models:
        short = model.rpartition("/")[2]
        # A name such as `good` is a word like others; one with a digit or a hyphen is a name.
        words |= {re.escape(name) for name in {model, short} if re.search(r"[\d:/_-]", name)}
        makers |= {maker} if (maker := _MAKERS.get(family(model))) else set()
    # Whole names first, the longest before others: a maker's pattern would take a part and leave the rest.
    alternatives = [*sorted(words, key=len, reverse=True), *sorted(makers)]
    if not alternatives:
        return None
    # Korean particles may follow a name at once, Latin letters may not.
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(alternatives)})(?![a-z])", re.IGNORECASE | re.ASCII)


def masked(text: str, names: re.Pattern[str] | None, asked: str) -> str:
    """`text` with the names covered, but for those that stand in what was `asked`."""
    if names is None:
        return text
    known = {found.casefold() for found in names.findall(asked)}
    return names.sub(lambda found: found[0] if found[0].casefold() in known else COVER, text)
