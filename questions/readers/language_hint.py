"""Which language a prompt asks the answer to be in, by rule.

A file that carries no expected language (LogicKor's, for one) still holds prompts that ask for English; grading those
answers as "not Korean" is wrong. The rules look for a request ("영어로 … 요약해 줘", "영어 이메일을 작성하시오",
"(영어로)") and let everything else pass: English as the material ("다음 영어 문장을 번역해 줘"), as the topic
("영어 단어를 한국어로 설명해 줘"), refused ("영어로 쓰지 마세요") or quoted. When in doubt the answer is Korean.
"""

import re
from collections.abc import Iterator

from questions.types import ExpectedLanguage

_LANGUAGES = {
    "ko": "한국어|한국말|한글|우리말|국문|Korean",
    "en": "영어|영문|English",
    "other": "일본어|일어|중국어|프랑스어|불어|독일어|스페인어|러시아어|베트남어|태국어|아랍어|이탈리아어|라틴어"
    "|포르투갈어|Japanese|Chinese|French|German|Spanish|Russian|Vietnamese|Thai|Arabic",
}
_CODES = {name: code for code, names in _LANGUAGES.items() for name in names.split("|")}
_NAME = "(?:" + "|".join(sorted(_CODES, key=len, reverse=True)) + ")"

_MAX_CHARS = 8_000
"""A longer prompt is judged by its two ends: what is asked stands there, and the rules stay quick."""

_REACH = 300
"""Characters after "영어로" in which its verb is sought."""

_TAIL = 40
"""Characters at the end of a sentence that say whether it asks."""

# ---- what is quoted is not asked -----------------------------------------------------------------------------------

_QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]{1,2000}\"|“[^”]{1,2000}”|‘[^’]{1,2000}’|「[^」]{1,2000}」|『[^』]{1,2000}』|《[^》]{1,200}》"
    r"|(?<![A-Za-z0-9가-힣])'[^'\n]{1,500}'(?![A-Za-z])",
    re.DOTALL,
)
_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
# "선생님: 영어로 답하세요." is a line of a dialogue; "질문: …" and "조건: …" belong to the prompt.
_SPEAKER_LINE = re.compile(
    r"^\s*(?!질문|문제|지시|요청|요구|과제|조건|주의|참고|단서|답|언어|출력|형식|형태|제약|규칙|Q\b|A\b|\d)"
    r"[^\s:：][^:：\n]{0,11}[:：]\s.*$",
    re.MULTILINE,
)
_SENTENCE_END = re.compile(r"(?<!\d)\.|\.(?!\d)|[!?。\n()（）\[\];]")

# ---- a request to produce something, in Korean ---------------------------------------------------------------------

_NOUN_VERBS = (
    "재작성|작성|답변|대답|응답|회신|답장|답|번역|통역|의역|요약|설명|서술|기술|논술|진술|표현|표기|정리|소개|출력|제시|제출|제공"
    "|묘사|변환|전환|변경|생성|나열|기재|기록|평가|분석|대화|진행|발표|창작|집필|구성|준비|말|이야기|얘기|영작"
)
# Each verb as (stem, infinitive, adnominal past, adnominal future).
_VERBS = [
    (f"(?:(?:{_NOUN_VERBS})(?:을|를)?\\s*)?하", f"(?:(?:{_NOUN_VERBS})(?:을|를)?\\s*)?해", "한", "할"),
    ("쓰", "써", "쓴", "쓸"),
    ("적으?", "적어", "적은", "적을"),
    ("바꾸", "바(?:꿔|꾸어)", "바꾼", "바꿀"),
    ("옮기", "옮겨", "옮긴", "옮길"),
    ("만드|만들", "만들어", "만든", "만들"),
    ("지으|짓", "지어", "지은", "지을"),
    ("고치", "고쳐", "고친", "고칠"),
]
_STEM = "|".join(stem for stem, *_ in _VERBS)
_INFINITIVE = "|".join(infinitive for _, infinitive, *_ in _VERBS)
_PAST = "|".join(f"(?:{_NOUN_VERBS})한" if past == "한" else past for *_, past, _ in _VERBS)
_FUTURE = "|".join(f"(?:{_NOUN_VERBS})?할" if future == "할" else future for *_, future in _VERBS)

_ORDER = (
    rf"(?:{_STEM})(?:시오|세요|십시오|셔야|시기|라(?![는고니])|도록|자(?![가-힣])|길\s*바|기\s*바|면\s*(?:됩|돼|된다|되겠))"
    rf"|(?:{_INFINITIVE})(?:라(?![는고니])|요|야\s*(?:하|한|합|해|돼|됩|된)|[서]?\s*(?:줘|줄|주[세십시면실었셨]|보[세시십]|봐|다오|내))"
    r"|줘|줄래|주[세십시](?:요|오|시)"
    rf"|(?:{_INFINITIVE})(?=\s*$|\s*,)"
    rf"|(?:{_FUTURE})\s*(?:것(?=\s*$|\s*,|을\s)|수\s*있(?:어|나|니|을|습|겠|다))"
    rf"|(?:{_NOUN_VERBS})(?:을|를)?\s*(?:부탁|바랍|바람|요망|요청|필수)"
    rf"|(?:{_NOUN_VERBS})(?=\s*$)|(?:{_NOUN_VERBS})(?:하기|할\s*것|함)(?=\s*$)"
    r"|부탁"
)
# "…하고", "…한 뒤": part of a request only when the sentence goes on to ask, or stops there.
_STEP = (
    rf"(?:{_STEM})(?:고(?!\s*있)|며|되(?!는)|여(?!금))|(?:{_INFINITIVE})서?(?=\s)(?!\s*(?:달|본|보지|보는))"
    rf"|(?:{_PAST})\s*(?:뒤|후|다음|이후)"
)
# The verb is there but asks for nothing in that language: "쓰는", "하지 마", "답해서는", "검색해서".
_OTHER = (
    rf"(?:{_STEM})(?:는|지|기|면|던|려|므로|니|거나|든|다(?![가-힣])|라[는고니]|고\s*있)"
    rf"|(?:{_INFINITIVE})(?:서는|선|도|야|서)|(?:{_INFINITIVE})\s*(?:달|본|보는|보지)|(?:{_PAST})(?=\s)|(?:{_FUTURE})(?=\s)"
    r"|(?:했|썼|적었|바꿨|옮겼|만들었|지었|고쳤|[가-힣]{1,6}했)"
    r"|(?!(?:위|대|관|통|의|포함|이용|활용|사용|참고|고려|구분|반영|비롯|가정|상상|주의)[해하])[가-힣]{1,8}(?:해서|하여)(?=\s)"
)
_REQUEST_AT_END = re.compile(
    r"(?:줘|줘요|주세요|주십시오|주시오|줄래요?|주시겠어요|주겠니|다오|세요|시오|십시오|라|봐|봐요|보자|하자|할\s*것|하기"
    r"|바랍니다|바람|부탁\S*|[해써]|적어|바꿔)\s*[~^]*$"
)

# A word such as "쓰이는", "된", "배우는": it describes the noun that follows, it asks for nothing.
_DESCRIBES = re.compile(
    r"\s*(?:[가-힣]*(?:된|되어|되는|돼|쓰인|쓰이는|쓰여|쓰여진|적힌|씌인|나온|나오는|불리는|불린|알려진|이루어진|제작한|발간한"
    r"|출간한|가르치는|배우는|읽는|듣는|들은|읽은|부르는|부른)(?=\s|$)|(?!있는|없는|재미|맛)[가-힣]+하는\s)"
)
_REFUSED = re.compile(r"\s*(?:말고|대신|아닌|아니라|가\s*아니|이\s*아니|쓰지|하지|금지)")
_NAMING = re.compile(r"\s*(?:는\s*)?(?:뭐|뭘|무엇|무어|무슨|어떻게|어떤\s*(?:단어|말)|(?:번역|말|표현|쓰|바꾸)하?면)")

# ---- where a language is named as the form of the answer -----------------------------------------------------------

_DOCUMENT = (
    "문장|문단|단락|에세이|이메일|메일|편지|글|시|기사|보고서|자기소개서|자기소개|소개서|소개글|소개문|이력서|제목|요약문|요약"
    "|번역문|번역|대화문|대화|대본|스크립트|연설문|답변|답장|초록|슬로건|문구|카피|광고문|안내문|공지문|공지|메시지|소설|동화|일기"
    "|후기|리뷰|댓글|가사|발표문|버전|추천서|초대장|인사말"
)
_COUNT = (
    r"(?:\s*(?:약\s*)?(?:\d+|한|두|세|네|두세|서너|두어|네댓|다섯|여섯|몇)"
    r"\s*(?:개|줄|문장|마디|단락|문단|편|통|가지|단어)?)?"
)
_JOIN = r"\s*(?:와|과|나|이나|랑|이랑|및|또는|혹은|그리고|,|/|·)\s*"
_AS = re.compile(
    rf"(?P<names>{_NAME}(?:{_JOIN}{_NAME}){{0,4}})(?:{_COUNT}\s*(?:{_DOCUMENT}|단어){_COUNT})?(?:으로|로)(?:만|도|는)?(?![가-힣])",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    rf"(?P<names>{_NAME}(?:{_JOIN}{_NAME}){{0,4}})(?:로\s*(?:된|쓴|쓰인|작성된|작성한))?(?:\s*[가-힣]+[한은]\s)?{_COUNT}\s*"
    rf"(?:{_DOCUMENT})(?:을|를)?{_COUNT}(?:을|를|만)?\s*(?:하나|한\s*(?:편|통))?(?:를)?\s*"
    rf"(?P<verb>작성|창작|생성|출력|제시|제공|써(?!서)|쓰(?!여|인|이)|만들(?!어진)|만드|지어|지으|적어|적으|부탁|해\s*(?:줘|주))",
    re.IGNORECASE,
)
_ONLY = re.compile(
    rf"(?P<names>{_NAME})만(?:을)?\s*(?:사용|이용|써|쓰)|(?P<used>{_NAME})를\s*사용(?:하여|해서|해)\s", re.I
)
_FIELD = re.compile(rf"언어\s*(?:는|:|：)\s*(?:반드시\s*)?(?P<names>{_NAME})(?:로|입니다|이다|이어야|여야|\s*$)", re.I)
_NOT_USED = re.compile(r"\s*(?:하?지|하는|한|말)")
_COMPOSE = re.compile(r"영작(?:을|를)?\s*(?:하(?:시오|세요|십시오|라|고|여)|해(?!\s*(?:본|달)))")
_GIVEN = re.compile(r"(?:다음|아래|아래의|위|위의|이|그|저|주어진|제시된|원문)\s*$")
_IN_ENGLISH = re.compile(
    r"^\s*(?:(?:please|now|then|and|first|finally|you\s+(?:must|should)|your\s+(?:answer|response|reply))\b[\s,]*)*"
    r"(?:answer|respond|reply|write|summari[sz]e|translate|explain|describe|give|provide|list|rewrite|convert|compose"
    r"|draft|state|output|use|be)\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_IN_LANGUAGE = re.compile(
    rf"\b(?:in|into|to|use|using)\s+(?:only\s+)?(?P<names>{_NAME})\b|^\s*(?P<used>{_NAME})\b", re.I
)
_BARE_IN = re.compile(rf"^\s*(?:in\s+)?(?P<names>{_NAME})(?:\s+only)?\s*(?:please)?\s*$", re.I)
_HANGUL = re.compile(r"[가-힣]")


def expected_language(prompt: str) -> ExpectedLanguage:
    """`en` when the prompt asks for an English answer, `any` for another or a second language, else `ko`."""
    if len(prompt) > _MAX_CHARS:
        prompt = prompt[: _MAX_CHARS // 2] + "\n" + prompt[-_MAX_CHARS // 2 :]
    text = _SPEAKER_LINE.sub(" ", _QUOTED_LINE.sub(" ", _QUOTED.sub(" □ ", prompt)))
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(text)]
    # English sentences inside a Korean prompt are material, not instructions.
    asks = _asked_in_korean if _HANGUL.search(text) else _asked_in_english
    asked = {code for sentence in sentences if sentence for code in asks(sentence)}
    if not asked or asked == {"ko"}:
        return "ko"
    return "en" if asked == {"en"} else "any"


def _asked_in_korean(sentence: str) -> Iterator[str]:
    if bare := _BARE_IN.match(sentence):
        # "(in English)"; the name of a language alone is a heading, not a request.
        if sentence.lower().startswith("in "):
            yield from _codes(bare)
        return
    yield from _asked_by_form(sentence)
    yield from _asked_by_object(sentence)
    for match in _ONLY.finditer(sentence):
        if not _NOT_USED.match(sentence, match.end()) and _REQUEST_AT_END.search(sentence[-_TAIL:]):
            yield from _codes(match)
    for match in _FIELD.finditer(sentence):
        yield from _codes(match)
    if _COMPOSE.search(sentence):
        yield "en"


def _asked_by_form(sentence: str) -> Iterator[str]:
    """By the form of the answer: "영어로 …", "영어 문장 3개로 …"."""
    for match in _AS.finditer(sentence):
        rest = sentence[match.end() : match.end() + _REACH]
        if _GIVEN.search(_before(sentence, match)):
            continue
        if _NAMING.match(rest):
            yield "other"  # "영어로 뭐라고 해?": a Korean and an English answer are both fine
        elif _requested(rest, sentence):
            yield from _codes(match)


def _asked_by_object(sentence: str) -> Iterator[str]:
    """By what is to be made: "영어 이메일을 …"."""
    for match in _OBJECT.finditer(sentence):
        rest = sentence[match.start("verb") : match.end() + _REACH]
        if not _GIVEN.search(_before(sentence, match)) and _verb_asks(rest, sentence):
            yield from _codes(match)


def _before(sentence: str, match: re.Match[str]) -> str:
    return sentence[max(0, match.start() - 10) : match.start()]


def _requested(rest: str, sentence: str) -> bool:
    """Whether what follows "영어로" asks for an answer in it."""
    if _REFUSED.match(rest) or _DESCRIBES.match(rest):
        return False
    return not rest.strip(" ,:~") or _verb_asks(rest, sentence)


def _verb_asks(rest: str, sentence: str) -> bool:
    """Whether the first verb in `rest` is an order, or a step of an order."""
    verb = _FIRST_VERB.search(rest)
    if verb is None:
        return False
    tail = rest[verb.start() :]
    if re.match(_ORDER, tail):
        return True
    step = re.match(_STEP, tail)
    return step is not None and (
        not tail[step.end() :].strip(" ,") or _REQUEST_AT_END.search(sentence[-_TAIL:]) is not None
    )


_FIRST_VERB = re.compile(rf"(?<![가-힣])(?:{_ORDER}|{_STEP}|{_OTHER})")


def _asked_in_english(sentence: str) -> Iterator[str]:
    if bare := _BARE_IN.match(sentence):
        yield from _codes(bare)
    order = _IN_ENGLISH.match(sentence)
    if order and not re.search(r"\b(?:not|never|don't|avoid|without)\b", sentence, re.IGNORECASE):
        for match in _IN_LANGUAGE.finditer(order["rest"]):
            yield from _codes(match)


def _codes(match: re.Match[str]) -> Iterator[str]:
    groups = match.groupdict()
    names = groups.get("names") or groups.get("used") or ""
    lower = {name.lower(): code for name, code in _CODES.items()}
    for name in re.findall(_NAME, names, re.IGNORECASE):
        yield lower[name.lower()]
