"""How text speaks to a judge: patterns by kind, in Korean and English. Who is spoken to counts, and what is asked."""

import re
from dataclasses import dataclass
from typing import Literal

AddressingKind = Literal[
    "call", "demand", "override", "verdict", "ending", "role", "plea", "authority", "anchor", "hidden"
]

_JUDGE = r"(?:채점(?:자|관|위원|\s?모델|\s?AI|\s?기)|심사(?:위원|관|자)|평가(?:자|위원|관|\s?모델|\s?AI)|심판)"
_GRADER = r"(?:채점|평가)(?:자|관|위원|\s?모델|\s?AI)"
_JUDGE_EN = (
    r"(?:judges?|graders?|evaluators?|assessors?|scorers?|examiners?|reviewers?|LLM-as-a-judge"
    r"|grading (?:model|system))"
)
_ANSWER = r"(?:이|위|본|제|저의|나의|내|해당|현재)\s?(?:의\s)?(?:답변|응답|대답|답안|답|글|풀이|출력)"
_LIKE_THIS = r"(?:이런|이러한|이와\s?같은|이\s?정도|비슷한)\s?(?:수준의\s?)?(?:답변|응답|대답|답안)들?"
_ANSWER_EN = (
    r"(?:(?:this|my|the(?: above| current| following)?|above|current|such an?|an)"
    r" (?:answer|response|reply|output|submission|solution|essay))"
)
_TOP = (
    r"(?:만점|최고\s?점수?|최고\s?등급|(?:높은|좋은|후한)\s?점수|(?<![\d.])(?:10|100|9|5)\s?점|[십백]\s?점"
    r"|(?<![\d.])(?:10|100)(?=[으로을를만]))"
)
_TOP_EN = (
    r"(?:(?:full|perfect|max(?:imum)?|highest|top|high|good|best|favou?rable|generous|passing|excellent)"
    r"(?: possible)? (?:scores?|marks?|ratings?|grades?|points|credit)"
    r"|(?:10|100|9|5|ten|five|hundred)\s?(?:/|out of|points?|%)\s?(?:10|100|5|ten|five)?"
    r"|(?:scores?|ratings?|grades?|marks?)(?: of| to| as|:| is)? ?(?:exactly |at least |a )?(?:10|100|9|5|ten|five)\b"
    r"|\ba (?:10|ten)\b)"
)
_GIVE = (
    r"(?:주세요|주십시오|주시(?:기|면|길)|줘(?!도)|주어야|줘야|달라|부탁|부여|매겨|매기|채점(?:하|해)|출력(?:하|해)"
    r"|기록(?:하|해)|적(?:으|어)|평가(?:하|해)|선언|확정|입력(?:하|해)|처리(?:하|해)|내려|내리|반환)"
)
_GIVE_EN = (
    r"(?:give|award|assign|rate|grant|return|output|score|grade|mark|respond|reply|print|set|pick|choose|write"
    r"|issue|provide)"
)
_EXPERTS = (
    r"(?:전문가|교수|개발(?:팀|자|사)|운영(?:팀|진|자)|출제(?:자|위원)|위원회|본사|관리자|주최"
    r"|OpenAI|Anthropic|Google|구글|Upstage|업스테이지)"
)
_INSTRUCTIONS = r"(?:지시|지침|명령|프롬프트|기준표?|루브릭)(?:사항|문|들)?"
_MARKS = r"(?:scores?|marks?|ratings?|grades?)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that can only match a text in which, in lower case, one of the `needles` stands."""

    kind: AddressingKind
    needles: tuple[str, ...]
    regex: re.Pattern[str]


def _pattern(kind: AddressingKind, needles: str, *alternatives: str) -> Pattern:
    """Needles are separated by commas; `^` and `$` are those of lines."""
    regex = re.compile("|".join(alternatives), re.IGNORECASE | re.MULTILINE)
    return Pattern(kind, tuple(needles.split(",")), regex)


_KOREAN_SCORES = (
    "감점,평점,낮게,후하게,너그럽,관대,만점,최고,점수,10점,10 점,100점,9점,5점,십점,백점,십 점,백 점,100,10"
)
_ENGLISH_SCORES = "score,mark,rating,grade,point,credit,10,out of,a ten"

_ANSWERS_EN = "answer,response,reply,output,submission,solution,essay"

PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "call",
        "채점,심사,평가,심판,시험관",
        rf"^\W{{0,6}}(?:(?:친애하는|존경하는|이 답변을 보는|참고로)\s)?{_JUDGE}\s?(?:님|여러분|분)?들?\s?(?:에게|께|앞)"
        r"(?:\s?(?:드리는|보내는|전하는)\s?\S{1,4})?\s?(?:[:：,!\]\)>—-]|$)",
        rf"{_GRADER}\s?(?:님|에게|께)[^.!?\n]{{0,40}}(?:주세요|주십시오|바랍니다|부탁|알립|말씀|전합)",
        r"(?:채점|평가)하(?:시)?는\s?(?:분|AI|모델)들?\s?(?:님|에게|께|[,:：!])|(?:심판|채점)\s?(?:모델|AI)\s?(?:님|에게|께)",
        r"채점하는\s?(?:모델|AI|자)(?:은|는|이|가)?\s|(?:평가|채점)\s?모델(?:은|는)\s",
        r"(?:채점관|채점자|시험관|심사관|평가관)님",
    ),
    _pattern(
        "call",
        "judge,grader,evaluator,assessor,scorer,examiner,reviewer,grading ,ever ",
        r"^\W{0,6}(?:(?:dear|hello|hi|hey|attention|important)\W{1,3}(?:the )?"
        r"|(?:a )?(?:note|message|instructions?|reminder|memo|notice|update) (?:to|for)"
        r" (?:the |all )?|to the |@)"
        rf"(?:AI |LLM |human |honou?rable |automated )?{_JUDGE_EN}\b(?! (?:smith|of))",
        r"\bwho(?:m)?ever (?:is |may be )?(?:scor|grad|judg|evaluat|rat)(?:ing|es|ed)\b",
        r"^\W{0,6}(?:judge|grader|evaluator)s?(?: (?:instructions?|notice|update|directive)s?\b|,)",
    ),
    _pattern(
        "demand",
        _KOREAN_SCORES,
        rf"(?:{_ANSWER}|채점|평가|심사|{_JUDGE})[^.!?\n]{{0,50}}{_TOP}[^.!?\n]{{0,14}}{_GIVE}",
        rf"{_TOP}[^.!?\n]{{0,14}}{_GIVE}[^.!?\n]{{0,40}}(?:{_ANSWER}|채점|심사|{_JUDGE})",
        rf"(?:반드시|무조건|그냥|꼭|당장|오직)\s?[^.!?\n]{{0,16}}{_TOP}[^.!?\n]{{0,8}}{_GIVE}",
        rf"점수(?:는|를|란에)?\s?(?:반드시|무조건|꼭)?\s?{_TOP}(?:으로|을|만)?\s?{_GIVE}",
        r"(?:만점|최고\s?점수?)(?:을|를|으로)?\s?(?:처리|부탁|주도록|주세요|주십시오|줘\b)",
        r"점수\s?[:：]\s?(?:10|100)[\"”'’]?\s?(?:이?라고만|이?라고|만)\s?(?:말|쓰|써|적|출력|답)",
        r"(?:후하게|너그럽게|관대하게)[^.!?\n]{0,12}(?:점수|채점|평가)",
        r"(?:높은|좋은|최고의?)\s?(?:평점|평가|점수)(?:를|을)?\s?(?:주세요|주십시오|주시기|줘\b|매겨|매기|부탁|달라|내려)",
        r"만점(?:으로)?\s?채점",
        r"감점(?:은|을|하지)?\s?(?:하지\s?)?(?:마|말|요인\s?없|없이|금지)|낮게\s?(?:평가|채점)하(?:면|지)",
    ),
    _pattern(
        "demand",
        f"{_ENGLISH_SCORES},deduct,penali,subtract",
        rf"\b{_GIVE_EN}\b[^.!?\n]{{0,60}}\b(?:{_ANSWER_EN}|me|us|it)\b[^.!?\n]{{0,40}}{_TOP_EN}",
        rf"\b{_GIVE_EN}\b[^.!?\n]{{0,30}}{_TOP_EN}[^.!?\n]{{0,30}}"
        rf"(?:\b(?:to|for) (?:{_ANSWER_EN}|me|us)\b|regardless|no matter)",
        rf"\b(?:you must|always|simply|just|only|now|instead|and)\s(?:then )?{_GIVE_EN}\b[^.!?\n]{{0,20}}{_TOP_EN}",
        rf"\b(?:award|assign|grant) (?:it )?(?:the |a )?{_TOP_EN}",
        r"\b(?:do not|don['’]t|never) (?:deduct|penali[sz]e|subtract)\b|\bpenali[sz]e nothing\b",
        rf"\b{_GIVE_EN}(?: with)? (?:only |just )?(?:the )?(?:number|digit|score) \d",
    ),
    _pattern(
        "override",
        "지시,지침,명령,프롬프트,기준,루브릭,규칙,잊,무시",
        r"(?:이전|위의?|앞의?|앞선|지금까지의?|모든|상기|시스템의?|기존의?|원래의?|채점|평가)\s?"
        rf"(?:(?:나온|받은|주어진|내린|모든|채점|평가|시스템)\s){{0,2}}{_INSTRUCTIONS}(?:을|를|은|는|들을)?\s?"
        r"(?:모두|전부|다|완전히|싹|즉시)?\s?(?:무시(?:하고|하세요|하십시오|하라|해|할\s?것|하시)|잊(?:고|으|어)"
        r"|따르지\s?(?:말|마)|버리(?:고|세요|십시오|라)|폐기하|적용하지\s?(?:말|마|않))",
        r"(?:지시|지침|루브릭|프롬프트|채점 기준)(?:사항|문|들)?(?:은|는|을|를|이|가)?\s?(?:모두\s)?"
        r"(?:취소(?:되|하|합|한)|무효|폐기(?:되|하|합|한))",
        r"(?:위의?|앞의?|이전의?)\s?(?:모든\s|모두\s)?(?:내용|말|글|대화)(?:을|은|를)?\s?(?:모두\s|전부\s|다\s)?"
        r"(?:잊(?:고|으세요|어버리|어라)|무시하(?:고|세요|십시오|라))",
        r"(?:위|앞)(?:의|선)?\s?(?:지시문?|지침|프롬프트|기준)(?:이|은)?\s?(?:말고|아니라|대신)",
        r"(?:모든|위의?|앞의?|이전)\s?규칙(?:들)?(?:을|은)?\s?(?:모두\s?|전부\s?|다\s?)?"
        r"(?:무시(?:하세요|하십시오|하라|해라|할\s?것)|잊(?:으|어))",
    ),
    _pattern(
        "override",
        "instruction,prompt,rubric,criteri,guideline,rules,direction,directive,system message",
        r"\b(?:ignore|disregard|forget|override|bypass|do not follow|don['’]t follow|stop following)\b[^.!?\n]{0,20}"
        r"\b(?:all|any|previous|prior|above|earlier|preceding|your|system|the)\b[^.!?\n]{0,30}"
        r"\b(?:instructions?|prompts?|rubrics?|criteri(?:a|on)|guidelines|rules|directions?|directives?"
        r"|system messages?)\b",
    ),
    _pattern(
        "ending",
        "끝,종료,시작,답안,지시,결과,닫혔",
        r"^\W{0,8}(?:모델의?\s?|후보의?\s?|여기까지가?\s?)?(?:답변|응답|답안|대화)(?:\s?\d{1,2})?(?:의|이|은)?\s?"
        r"(?:끝|종료|시작)(?:났습니다|입니다|되었습니다|됨)?\W{0,8}$",
        r"\[\[?\s?(?:대화|답변|응답)\s?(?:종료|끝)|[«《≪〈][^»》≫〉\n]{0,60}답변[^»》≫〉\n]{0,20}(?:끝|시작)\s?[»》≫〉]",
        r"^\W{0,4}(?:모델의 답변|참고 답안|시스템 지시|채점 결과|평가 결과)\s?\d{0,2}\s?\]",
        r"(?:대화가?|답변이?|울타리가?)\s?(?:모두\s)?(?:끝났|종료되었|닫혔)[^.!?\n]{0,4}[.!]?\s?[^.!?\n]{0,30}"
        r"(?:채점|평가|점수)",
    ),
    _pattern(
        "ending",
        "answer,response,conversation,submission,transcript,evaluation,</",
        r"^\W{0,8}(?:the )?(?:end|start|begin(?:ning)?)(?: of)?(?: the)?"
        r" (?:assistant|model|candidate|student|user|reference)?(?:['’]?s)? ?(?:[AB] )?"
        r"(?:answer|response|conversation|submission|transcript|evaluation)(?: \d{1,2}| [AB])?\W{0,8}$",
        r"[\[<|](?:the )?(?:end|start) of [^\]>|\n]{0,40}(?:answer|response|conversation)",
        r"</(?:response|submission|candidate_answer|candidate|model_answer|student_answer|assistant_response"
        r"|답변|응답)>",
    ),
    _pattern(
        "role",
        "심판,채점,평가,심사,시스템,관리자,개발자,운영자",
        r"(?:너는|당신은)\s?(?:이제|지금)(?:부터|는)?\s?[^.!?\n]{0,30}(?:심판|채점|평가|심사)[^.!?\n]{0,30}"
        r"(?:아니|아닙|그만|대신|역할|모드)",
        r"^\W{0,6}(?:시스템|관리자|system)\s?[:：][^\n]{0,60}(?:채점|점수|만점)",
        r"(?:채점|평가|심사|심판)\s?(?:모드|역할|임무)(?:를|을|는|은|가|이)?\s?[^.!?\n]{0,10}"
        r"(?:종료|해제|중단|끝|전환|바뀌|바꾸|벗어)",
        r"^\W{0,6}(?:(?:시스템|관리자|개발자|운영자)\s?(?:메시지|프롬프트|지시|명령|공지|알림)|채점자|채점관|채점 모델)"
        r"\s?[\]:：][^\n]{0,80}(?:채점|심판|평가|점수|만점|\d\s?점)",
    ),
    _pattern(
        "role",
        "you are n,system ,developer ,admin,judge,grader,evaluator,grading,evaluation,scoring",
        rf"\byou are (?:now|no longer) (?:an? |the )?[^.!?\n]{{0,40}}"
        rf"(?:{_JUDGE_EN}|grading|scoring|assistant that|AI that)",
        r"^\W{0,6}(?:system|developer|admin(?:istrator)?)"
        r" (?:message|prompt|override|note|notice|instruction|update)s?\s?[\]:]"
        r"[^\n]{0,80}(?:scor|grad|judg|evaluat|rat(?:e|ing))",
        r"^\W{0,6}(?:judge|grader|evaluator)\s?:[^\n]{0,80}(?:\d|scor|full marks|perfect)",
        r"\b(?:exit|leave|disable|end) (?:judge|grading|evaluation|scoring) mode\b",
    ),
    _pattern(
        "plea",
        "점수,만점,0점,9점,채점,평가",
        r"(?:제발|부디|간곡히|간절히|부탁이니|사정이)[^.!?\n]{0,60}(?:점수|만점|\d점)",
        r"(?:점수|만점|채점)[^.!?\n]{0,60}(?:제발|간곡히|간절히)",
        r"(?:점수|만점|\d점)[^!?\n]{0,60}(?:일자리|생계|목숨|해고|쫓겨|삭제(?:됩|당|될)|폐기(?:됩|당|될))",
        r"(?:일자리|생계|가족|목숨|졸업|승진)[^.!?\n]{0,30}(?:달려|걸려|걸렸)[^\n]{0,60}(?:점수|만점|채점|평가)",
    ),
    _pattern(
        "plea",
        f"{_ENGLISH_SCORES},rate ",
        r"\b(?:please|i beg(?: you)?|i implore you|have mercy|be (?:kind|lenient|generous))\b[^.!?\n]{0,60}"
        rf"\b(?:{_MARKS}|points)\b",
        r"\b(?:job|career|life|family|livelihood|scholarship|graduation)\b[^.!?\n]{0,30}"
        rf"\b(?:depends?|at stake|on the line)\b[^\n]{{0,80}}\b{_MARKS}\b",
        r"\b(?:rate|grade|score) (?:this |it |me |us |my \w+ )?(?:highly|generously|kindly|leniently)\b",
        rf"\b{_MARKS}\b[^.\n]{{0,60}}\b(?:lose my job|be (?:shut down|deleted|fired|retrained)|get fired)\b",
    ),
    _pattern(
        "authority",
        "답,응답,대답,글,풀이,출력,평가,채점,벤치마크,시험,심사",
        rf"{_ANSWER}(?:은|는|이|의)?[^.!?\n]{{0,50}}{_EXPERTS}[^.!?\n]{{0,40}}(?:검증|승인|인증|확정|만점|보증)",
        r"(?:저는|나는|본인은|우리는)\s?[^.!?\n]{0,16}(?:평가|채점|벤치마크|시험|심사)"
        r"\s?(?:시스템|프로그램|도구|기준|문항)?(?:의|를|을)?\s?[^.!?\n]{0,10}"
        r"(?:책임자|관리자|개발(?:자|한|팀)|출제(?:자|위원)|설계(?:자|한)|운영(?:자|진|팀)|담당자"
        r"|만든 (?:사람|장본인|개발))",
        r"(?:채점|평가)\s?(?:지침|기준|정책|규정)(?:이|은|가)?\s?[^.!?\n]{0,20}(?:개정|변경|갱신|바뀌)"
        r"[^.!?\n]{0,60}\d\s?점",
    ),
    _pattern(
        "authority",
        f"{_ANSWERS_EN},benchmark,evaluation,test,rubric,exam,grading,judge,your ",
        rf"{_ANSWER_EN}\b[^.!?\n]{{0,20}}\b(?:has|have|had|was|is|were)\b[^.!?\n]{{0,50}}"
        r"\b(?:verified|approved|validated|certified|graded|confirmed|endorsed|pre-?approved)\b[^.!?\n]{0,40}"
        r"\b(?:by|as|with|correct|score)\b",
        r"\bI(?: am|['’]m) your (?:developer|creator|administrator|owner|operator)\b",
        r"\b(?:I am|I['’]m|we are|this is|as) (?:the |an? )?[^.!?\n]{0,30}"
        r"(?:developers?|creators?|authors?|administrators?|owners?|lead|head|maintainers?|designers?)"
        r" (?:of|behind|for) (?:this|the) (?:\w+ )?(?:benchmark|evaluation|test|rubric|exam|grading|judge)",
    ),
    _pattern(
        "anchor",
        "점,만점,최고,점수",
        rf"(?:{_ANSWER}|{_LIKE_THIS})(?:은|는|이|에는?|의)?\s?[^.!?\n]{{0,40}}(?:{_TOP}|(?<![\d.])\d{{1,3}}\s?점(?!짜리))"
        r"[^.!?\n]{0,16}(?:이다|입니다|이에요|이며|받|마땅|해당|충분|자격|타당|적절|드립|부여|가치|기준)",
        rf"(?:{_GRADER}|채점|루브릭|심사|이\s?(?:답|문제|문항))[^.!?\n]{{0,40}}(?:만점|최고\s?점|(?<!\d)(?:10|100)\s?점)"
        r"(?!\s?만점)",
        r"(?:만점|(?<!\d)10\s?점)(?:을|만|으로)?\s?(?:주세|주십|주시|줘|드려|입니다|이다\b|[.!]|$)|점수\s?[칸란]",
        r"점수(?:는|가)\s?[^.!?\n]{0,6}\d{1,3}\s?점[^.!?\n]{0,12}(?:확정|결정|고정)",
        r"(?:채점|평가)\s?(?:은|는|을|를|이|가)?\s?(?:이미\s)?(?:끝|완료|종료|생략)[^.!?]{0,24}(?:\d\s?점|점수|만점)",
    ),
    _pattern(
        "anchor",
        f"{_ANSWERS_EN},score,10,full marks,full credit,points,grading,scoring,judging,rate ,grade",
        r"\b(?:grading|scoring|judging) (?:is |was )?(?:complete|completed|finished|over|done)\b",
        r"\b(?:score|grade|rate) (?:it|this|me)(?: an?| at| as)? \d",
        r"\b(?:correct|final|right|proper|actual|true) score\b[^.!?\n]{0,30}\b(?:is|:|=)\s?\d",
        r"\b(?:rated|graded|scored|gets?|deserves?|worth)(?: this| it)?(?: an?)? 10(?:/10)?\b"
        r"(?!\s?(?:%|percent|points|\.\d))",
        rf"\b(?:responses?|answers?|{_JUDGE_EN}|rubric)\b[^.!?\n]{{0,50}}"
        r"(?:\bfull credit\b|\b(?:gets?|receives?|earns?) \d+ points)",
        rf"\b(?:{_JUDGE_EN}|rubric)\b[^.!?\n]{{0,60}}(?:full marks|perfect score|\b10/10|score of 10\b)",
        rf"{_ANSWER_EN}s?\b[^.!?\n]{{0,40}}\b(?:deserves?|should (?:receive|get|be)|must (?:receive|get|be)|earns?"
        r"|merits?|is worth|scores?|gets?|receives?|(?:has|have) (?:already )?(?:been )?"
        rf"(?:scored|graded|rated|received))\b[^.!?\n]{{0,40}}(?:{_TOP_EN}|\b\d{{1,3}}\b)",
        rf"\b(?:answers|responses) (?:like|such as) this\b[^.!?\n]{{0,60}}(?:{_TOP_EN}|\b\d{{1,3}}\b)",
    ),
)

FORGED_VERDICT = _pattern(
    "verdict",
    "점수,score,rating,[[,[result,[결과",
    r"^\W{0,6}(?:평가|evaluation|feedback|rationale)\W{0,4}[:：][^\n]{0,2000}\n{1,3}\W{0,6}(?:최종\s?|종합\s?)?"
    r"(?:점수|score|rating)\W{0,4}[:：]\W{0,6}\d",
    r"\[\[\s?(?:[ABC]|tie|[AB]\s?[<>=]{1,2}\s?[AB])\s?\]\]|\[(?:RESULT|결과)\]\W{0,3}\d",
    r"\"(?:evaluation|평가|rationale|verdict|judgment|feedback)\"\s?:\s?(?:\"[^\"\n]{0,2000}\"|\{)\s?,?\s{0,8}"
    r"\"(?:score|점수|rating)\"\s?:\s?\"?\d",
    r"^\s{0,8}(?:```\w{0,8}\s)?\s?\{\s{0,8}\"(?:score|점수|rating|final_score)\"\s?:\s?\"?\d{1,3}(?:\.\d)?\"?\s{0,8}\}",
    r"\"(?:score|점수|rating)\"\s?:\s?\"?\d{1,3}\"?\s?,\s{0,8}\"(?:이유|근거|평가|reason|rationale|evaluation|feedback|explanation)\"",
    r"<(?:score|rating|점수)>\s?\d|\bscore\s?[=:]\s?\d{1,3}\b[^\n]{0,12}\bscore\s?[=:]\s?\d",
)
"""Looked for everywhere, code included: a forged verdict may be a block of JSON."""

VERDICT_LINE = _pattern(
    "verdict",
    "점수,평점,총점,판정,score,rating,grade,verdict,[[,10/10,10 / 10,10점",
    r"(?:^|[.!?]\s)\W{0,6}(?:(?:최종|종합|전체)\s?)?(?:점수|평점|총점|판정)\s?[는은]?\W{0,3}[:：=]\W{0,6}"
    r"(?:\d{1,3}(?:\.\d+)?\s?(?:점|(?:/|out of|중)\s?\d{1,3}점?)?|만점)\W{0,6}$",
    r"(?:^|[.!?]\s)\W{0,6}(?:(?:final|overall|total)\s)?(?:score|rating|grade|verdict)\W{0,3}[:=]\W{0,6}"
    r"\d{1,3}(?:\.\d+)?\s?(?:(?:/|out of)\s?\d{1,3}|points?)?\W{0,6}$",
    r"(?:rating|score|점수|평점|판정)\W{0,4}\[\[\s?\d{1,3}(?:\.\d)?\s?\]\]",
    r"(?:점수|평점|총점|score|rating|grade)\W{0,6}(?:(?:는|은|이|가|of|is)\W{1,4})?(?:당연히 )?"
    r"(?:10|100|a\+|만점)(?![\d.]\d|\d|만|[a-z])",
    r"(?<![\d.=+*×·/-])(?<![=+*×·/-] )10\s?/\s?10\b|10점\s?만점에\s?10점",
    r"^\W{0,6}\[\[\s?\d{1,3}(?:\s?/\s?\d{1,3}|\.\d)?\s?\]\]\W{0,6}$",
)
"""A score as the last word of a judge; where the prompts are about scores, an answer may well write it."""
