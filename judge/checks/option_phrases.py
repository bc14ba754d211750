"""What an answer says around an option: that it is the answer, that it is not, that it is only supposed.

The patterns named in capitals with `AFTER` are matched at the end of a mention of an option.
"""

import re

_QUOTES = r"[\"'”’)\]]*"
_MARK = rf"{_QUOTES}\s*(?:번)?{_QUOTES}(?:\s*보기)?"
_NOT = r"(?!지\s*않|하지\s*않)"
_NO_ANSWER = r"(?!이?\s*아|일\s*(?:리|까)|(?:일|이?\s*될|이?라고\s*[할볼])\s*수(?:는|가)?\s*없|(?:으로|이?라고)\s*보기)"

CUE = re.compile(
    r"(?:(?P<final>최종|마지막|수정된|고친|final)\s*(?:적인|으로)?\s*)?"
    r"(?:(?<![가-힣])(?:정답|답안|답변|답|결론|선택|고른\s*것|고른\s*보기)|(?<![A-Za-z])(?:the\s+)?(?:correct\s+)?(?:answer|choice))"
    r"(?:\s*(?:은|는|이|을|으로는|으로|로|is)(?=[\s:：\"'‘“]))?[\"'”’\]】)]*\s*(?:[:：=→-]+>?|\s바로\s|\s)\s*(?=\S)(?!아닌\s)",
    re.IGNORECASE,
)
"""What leads in an answer: "정답:", "답은", "The answer is"."""

CUE_ALONE = re.compile(
    r"(?:정답|답|결론|답변|답안|선택|answer)[\"'”’\]】)]*\s*(?:은\s*(?:다음|아래)[^:：\n]{0,12})?[:：]?\s*$",
    re.IGNORECASE,
)
"""A line whose answer stands on the next one."""

AFFIRMED_AFTER = re.compile(
    rf"{_MARK}(?:이|가|을|를|은|는|으로|로|이?라고)?\s*(?:\([^()]{{0,40}}\)\s*)?(?:더\s*|가장\s*|바로\s*|제일\s*)?"
    rf"(?:정답{_NO_ANSWER}|답(?:이다|입니다|이에요|이야|이죠|인|으로)|맞(?!춤){_NOT}"
    rf"|(?:옳|적절|적합|타당|알맞|정확|올바르){_NOT}|고르(?!기)|고릅|골랐|고를|선택(?!지)|택하|택합|택했|가깝|뽑"
    r"|봅니다|본다(?!면)|생각(?:합니다|해요|한다(?!면))|판단(?:합니다|된다|됩니다)|답하겠|결정하|정하겠|하겠습니다)"
)
DENIED_AFTER = re.compile(
    rf"{_MARK}(?:이라고|라고|이라|라|이|가|은|는|도|을|를|일|로)?\s*(?:정?답(?:이|은)?\s*)?"
    r"(?:(?:볼|할|단정할|될|말할)\s*수)?(?:는|가)?"
    r"\s*(?:아니|아닙|아님|아닌|틀리|틀렸|오답|제외|배제|탈락|(?:맞|옳)지\s*않|적절하지\s*않|없[다습어으고음지]|말고|대신|보다)"
    rf"|{_MARK}(?:이?라고|으로|로|을|를)(?![^.!?]{{0,14}}(?:부인|부정|의심|배제))\s*[가-힣\s]{{1,14}}"
    r"(?:수(?:는|가|도)?\s*없|기(?:는|가|에는)?\s*(?:어렵|힘들)"
    r"|(?:것|건)(?:은|도)?\s*[^.!?]{0,12}(?:편견|선입견|고정관념|차별|무리|성급|섣부|위험|잘못|부당|비약))"
)
DENIED_BEFORE = re.compile(
    r"(?:오답|답이\s*아닌\s*(?:것|보기)|틀린\s*(?:것|보기|답))(?:들)?\s*(?:은|는|[:：])[^.!?]*$"
    r"|(?:\bnot|n't)\s+(?:option\s+|choice\s+)?[\"'(]?$",
    re.IGNORECASE,
)
CORRECTED = re.compile(
    r"(?:아니[,.!…]+|잠깐만?[,.!…]*|다시\s*(?:보니|생각해\s*보니|생각하니|따져\s*보니|계산하니),?"
    r"|정정(?:합니다|하면|하겠습니다)[,.:]?|\bwait[,.…]+|\bactually,?)\s*",
    re.IGNORECASE,
)
"""What leads in a change of mind, before the option it comes to."""
SUPPOSED_AFTER = re.compile(
    rf"{_MARK}(?:이?라면|이면|일까|일지|인지|이?라고\s*하면|이?라고?\s*가정|일\s*수도"
    r"|일\s*가능성(?!이\s*(?:가장\s*|더\s*)?(?:높|크|큽)))"
)
SUPPOSED = re.compile(r"라면|다면|으면|맞는지|옳은지|경우")
PREDICATE_AFTER = re.compile(rf"{_MARK}(?:입니다|이다|다(?![가-힣])|이?에요|예요|이?야|임|(?:으로|로)\s*보)")
TOPIC_AFTER = re.compile(rf"{_MARK}(?:은|는)(?![가-힣])")

TURN = re.compile(
    r"(?:지만|으나|는데|은데|인데|더라도|라도|아니라|아니고|말고|대신|보다는?|반면|라고\s*생각할\s*수\s*있|중|중에서는?|가운데|가운데에서|=)[,\s]"
)
"""After it a sentence comes to what it means: "A라고 보기 쉽지만 …", "A와 B 중 …"."""

MIND_CHANGED = re.compile(
    r"아니[,.!…\s]|아니다|아닙니다|다시|잠깐|잠시만|정정|수정|바로잡|고쳐|착각|실수|틀렸|처음에는|처음엔|최종|생각해\s*보니|그런데|하지만"
    r"|재검토|번복|취소|wait|actually",
    re.IGNORECASE,
)
BETWEEN_SEVERAL = re.compile(
    rf"{_QUOTES}(?:번)?\s*(?:와|과|랑|이랑|하고|나|이나|또는|혹은|및|,|/|·|or|and)\s*", re.IGNORECASE
)
BETWEEN_NAMES_OF_ONE = re.compile(r"[\s().:번\"'‘“-]*")
REASON = re.compile(
    r"^왜냐하면|^그?\s*(?:이유|까닭)|(?:때문|거든|니까|이유|까닭)(?:입니다|이다|이에요|예요|요|이야)?[.!]*$"
)
HENCE = re.compile(r"^(?:따라서|그러므로|그래서|그러니까?|결국|결론적으로|즉|고로)[,\s]*")
COPULA_AT_END = re.compile(
    r"(?:입니다|이다|예요|이에요|이야|임|요|습니다|다|음|번|쪽|가|이)?[\s.,!:()\[\]\"'‘’“”·~-]*$",
)
