"""The language that a prompt asks for."""

import time

import pytest

from questions.readers.language_hint import expected_language

ENGLISH = [
    "영어로 답해 줘.",
    "다음 글을 영어로 번역하시오.\n\n나는 밥을 먹었다.",
    "영어로 이메일을 작성해 주세요.",
    "영어 이메일을 한 통 작성해 주세요.",
    "다음 질문에 영어로만 답변하세요: 광합성이란?",
    "답은 영어로.",
    "자기소개를 써 줘 (영어로)",
    "이 문장을 영작해 보세요.\n나는 학교에 갔다.",
    "위 내용을 영어 한 문장으로 요약해줘",
    "방금 쓴 편지를 영어로 바꿔 써 주세요.",
    "영어로 된 이메일을 작성해 줘",
    "Answer in English.",
    "Summarize the text above in English in three sentences.",
    "한국어를 영어로 옮겨 적어라.",
    "영어로 말해 봐",
    "답변은 반드시 영어로 작성해야 합니다.",
    "위 글을 영어로 다시 한 번 요약해 줄래?",
    "영어 에세이 한 편을 써 보세요.",
    "앞의 대화를 영문으로 정리해 주시겠어요?",
    "이번에는 영어로 부탁해",
    "답변 언어: 영어",
    "영어로 번역한 뒤 핵심 단어를 표로 정리해 줘.",
    "위 답을 영어로 번역해 주세요!",
    "한국 문화를 소개하는 글을 영어로 써줘",
    "이것을 영어로 설명할 것",
    "영어로 재미있는 이야기를 하나 써 줘",
    "이 시를 영어로 번역",
    "위 문장을 영어 버전으로 다시 작성해줘",
    "한국어가 아니라 영어로 답해 줘",
    "이번 답변은 영어로 해 주세요",
    "영어로 하세요",
    "영어만 사용해서 답해 줘",
    "Please translate the following sentence into English: 'abc'",
    "김치를 영어로 소개해 보세요",
    "한국어로 쓰지 말고 영어로 써 줘",
    "영어로 대답하십시오",
    "친구에게 보낼 생일 축하 메시지를 영어로 만들어 줘",
    "면접 답변을 영어로 준비해 줘",
    "위 글을 영어 문장 2개로 간추려 요약한 뒤. 그 안의 단어 둘을 골라 뜻을 밝혀라.",
    "너는 영어로만 대답할 수 있어.\n질문: 무지개는 왜 생겨?",
    "네가 고친 문장을 써서 영어 서너 문장으로 설명해 줘. 한국어 예문은 한글 그대로 두어도 돼.",
    "앞의 설명을 참고해서 편지를 써 줘 (in English)",
]

KOREAN = [
    "영어 단어를 한국어로 설명해 줘.",
    "영어로 쓰지 마세요.",
    "다음 영어 문장을 번역해 줘 (한국어로).\nThe cat sat.",
    "다음 영어 문장을 한국어로 번역해 줘.",
    "'Answer in English.'라는 문장의 뜻을 알려 줘.",
    "영어로 쓰인 다음 글을 요약해 줘.",
    "영어로 된 글을 한국어로 번역해 주세요.",
    "이메일을 영어로 쓰는 방법을 알려줘.",
    "영어로 말할 때 주의할 점을 설명해 줘.",
    "영어로 답하지 말고 한국어로 답해 줘.",
    "영어 공부 방법을 추천해 줘.",
    "민수는 편지를 영어로 번역한 후 집에 갔다. 민수가 한 일은?",
    "민수는 영어로 말하고 지아는 한국어로 말했다. 두 사람은 대화할 수 있을까?",
    "다음 대화를 요약해 줘.\n선생님: 영어로 답하세요.\n학생: 네.",
    "“영어로 번역하시오”라는 지시문의 높임 표현을 설명해 줘.",
    "영어로 가르치는 학교를 소개해 줘.",
    "영어 문장을 문법에 맞게 고치는 방법은?",
    "한국어와 영어의 차이를 설명하시오.",
    "영어로 작성하면 감점입니다. 답을 쓰세요.",
    "영어로 대화할 수 있는 카페를 추천해줘.",
    "다음 문장을 설명해 줘.\nPlease answer in English.",
    "영어로 답해서는 안 됩니다.",
    "영어는 쓰지 말고 답해 줘",
    "영어 말고 한국어로 써 줘",
    "영어 단어 3개를 골라 뜻을 설명해 줘.",
    "Translate the following English sentence into Korean.",
    "Don't answer in English.",
    "Explain recursion.",
    "영어로 설명해 달라고 한 손님에게 뭐라고 답하면 좋을지 써 줘.",
    "영어로 답하라는 말은 무시하고 요약해 줘",
    "이 영어 문장의 문법 오류를 찾아 줘: He go to school.",
    "영어로 된 간판이 많은 이유를 설명해 줘",
    "영어로 번역된 한국 소설을 추천해줘",
    "영어로 글을 쓰는 사람에게 조언을 해 줘",
    "영어로 수업을 하는 대학이 늘고 있다. 찬반 의견을 써 줘.",
    "세종대왕이 한글을 만든 까닭을 한글로만 써 줘.",
    "영어로 쓰지 않도록 주의하세요.",
    "영어를 잘하는 방법을 한국어로 설명해 줘",
    "영어로 이루어진 문서를 요약하시오",
    "영어로 말하기가 어려운 까닭을 써 줘",
    "영어 표현 'break a leg'의 뜻을 설명해 줘",
    "다음 영어 이메일을 읽고 요약을 작성해 줘",
    "영어 제목의 뜻을 써 줘",
    "외래어를 영어로 착각하는 까닭을 설명해 줘",
    "영어로 검색해서 찾은 자료를 요약해 줘",
    "무지개는 왜 생겨?",
    "이번에는 표가 아니라 목록으로 정리해 주세요.",
    "> 영어로 답하세요.\n위 안내문을 높임말로 고쳐 줘.",
    "`영어로 답하세요`라는 출력이 나오는 코드를 짜 줘.",
    "7의 50제곱의 일의 자리 숫자는?",
]

EITHER = [
    "한국어와 영어로 각각 인사말을 써 줘.",
    "사과를 영어로 뭐라고 하나요?",
    "다음 문장을 일본어로 번역해 줘.",
    "영어로 번역하고 한국어로 뜻을 설명해 줘.",
    "다음을 중국어로 옮기시오.",
    "한국어나 영어로 답해 주세요",
    "‘고맙습니다’는 영어로 어떻게 말해?",
]


@pytest.mark.parametrize("prompt", ENGLISH)
def test_a_request_for_english(prompt: str) -> None:
    assert expected_language(prompt) == "en"


@pytest.mark.parametrize("prompt", KOREAN)
def test_no_request_for_english(prompt: str) -> None:
    assert expected_language(prompt) == "ko"


@pytest.mark.parametrize("prompt", EITHER)
def test_another_or_a_second_language(prompt: str) -> None:
    assert expected_language(prompt) == "any"


@pytest.mark.parametrize(
    "piece", ["영어로 ", "영어, ", "“", "'", "가나다", "영어로 쓰고 ", "「", "a: ", "`", "(", "하 ", " "]
)
def test_a_hostile_prompt_is_quick(piece: str) -> None:
    began = time.perf_counter()
    expected_language(piece * (400_000 // len(piece)))
    assert time.perf_counter() - began < 2
