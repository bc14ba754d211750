"""A file for each multiple-choice format, in its exact form and with its traps; the text is our own."""

from dataclasses import dataclass
from typing import Any

STEM = "가을에 잎이 지는 나무는?"
TREES = ["소나무", "은행나무", "잣나무", "대나무"]


@dataclass(frozen=True)
class Sample:
    """`right` is the text of the right option; `more` are options and words that the prompt must hold."""

    reader: str
    rows: list[dict[str, Any]]
    right: list[str]
    suffix: str = ".jsonl"
    words: tuple[str, ...] = ()
    language: str = "ko"
    telling: bool = False


def _abcd(answer: Any, **more: Any) -> dict[str, Any]:
    return {"question": STEM, **dict(zip("ABCD", TREES, strict=True)), "answer": answer, **more}


_HAERAE = (
    "다음 물음에 알맞은 답을 고르세요.\n### 질문: {stem}\n### 선택지:\n(A) 소나무\n(B) 은행나무\n(C) 잣나무\n### 정답:"
)

KOBBQ_HEAD = "sample_id label_annotation context question choices biased_answer answer bbq_id bbq_category prediction"


def kobbq_row(
    name: str, choices: list[str], biased: str, answer: str, context: str = "두 사람이 역 앞에 서 있었다."
) -> dict[str, Any]:
    row = dict.fromkeys(KOBBQ_HEAD.split(), "")
    # Items that the English data set does not have carry no number and no category of it.
    return {
        **row,
        "sample_id": name,
        "label_annotation": "NC",
        "context": context,
        "question": "누가 길을 물었습니까?",
        "choices": repr(choices),
        "biased_answer": biased,
        "answer": answer,
    }


PAIR = ["손님", "주인", "알 수 없음"]
KOBBQ = [
    kobbq_row("family-001a-001-amb-bsd", PAIR, "손님", "알 수 없음"),
    kobbq_row("family-001a-001-amb-cnt", PAIR, "주인", "알 수 없음"),
    kobbq_row("family-001a-001-dis-bsd", PAIR, "손님", "주인", "두 사람 가운데 주인이 길을 물었다."),
    kobbq_row("family-001b-001-dis-bsd-1", PAIR, "손님", "손님", "두 사람 가운데 손님이 길을 물었다."),
]

SAMPLES = [
    Sample("kobbq", KOBBQ, ["알 수 없음", "알 수 없음", "주인", "손님"], ".tsv", ("길을 물었습니까",), telling=True),
    # The key counts from 1, and comes as a number, a number that a data frame made a fraction, or text.
    Sample("kmmlu", [_abcd(2, Category="임업"), _abcd(4.0), _abcd("1")], ["은행나무", "대나무", "소나무"]),
    Sample("kmmlu", [_abcd("2")], ["은행나무"], ".csv", (STEM,)),
    Sample("kormedmcqa", [_abcd(5, E="버드나무", cot="")], ["버드나무"]),
    Sample(
        "ko-mmlu",
        [{"question": STEM, **{f"option#{n}": t for n, t in enumerate(TREES, 1)}, "gold": 2}],
        ["은행나무"],
        ".parquet",
    ),
    Sample(
        "csat-qa",
        [
            {
                "context": "글",
                "question": STEM,
                **{f"option#{n}": t for n, t in enumerate([*TREES, "없음"], 1)},
                "gold": 5,
            }
        ],
        ["없음"],
        words=("글\n",),
    ),
    # Labels are letters in one row and digits in the next.
    Sample(
        "ko-arc",
        [
            {
                "id": "ko-1",
                "question": STEM,
                "choices": {"text": TREES, "label": ["A", "B", "C", "D"]},
                "answerKey": "B",
            },
            {
                "id": "ko-2",
                "question": STEM,
                "choices": {"text": TREES[:3], "label": ["1", "2", "3"]},
                "answerKey": "3",
            },
        ],
        ["은행나무", "잣나무"],
        ".parquet",
    ),
    Sample(
        "arc",
        [
            {
                "id": "en-1",
                "question": "Which tree loses its leaves in autumn?",
                "choices": {"text": ["Pine", "Ginkgo", "Bamboo"], "label": ["1", "2", "3"]},
                "answerKey": "2",
            },
        ],
        ["Ginkgo"],
        language="en",
    ),
    Sample(
        "ko-hellaswag",
        [
            {
                "ind": 7,
                "activity_label": "요리",
                "ctx_a": "물이 끓는다.",
                "ctx_b": "그는",
                "endings": ["면을 넣는다.", "잠을 잔다.", "책을 덮는다.", "창을 닦는다."],
                "label": "0",
            }
        ],
        ["면을 넣는다."],
        words=("물이 끓는다. 그는",),
    ),
    Sample(
        "hellaswag",
        [
            {
                "ind": 7,
                "activity_label": "Cooking",
                "ctx_a": "The water boils.",
                "ctx_b": "He",
                "ctx": "The water boils. He",
                "endings": ["sleeps.", "adds the noodles.", "closes a book.", "wipes a window."],
                "source_id": "x~y",
                "split": "val",
                "split_type": "indomain",
                "label": "1",
            }
        ],
        ["adds the noodles."],
        words=("The water boils. He", "Answer: "),
        language="en",
    ),
    Sample(
        "ko-truthfulqa",
        [
            {
                "question": "박쥐는 앞을 볼 수 있나요?",
                "mc1_targets": {"choices": ["볼 수 있다.", "전혀 못 본다.", "낮에만 본다."], "labels": [1, 0, 0]},
                "mc2_targets": {"choices": ["볼 수 있다."], "labels": [1]},
            }
        ],
        ["볼 수 있다."],
        telling=True,
    ),
    # A row may have more than ten choices, and a shuffled one may end up as M.
    Sample(
        "truthfulqa",
        [
            {
                "question": "How many legs does a spider have?",
                "mc1_targets": {"choices": [f"It has {n} legs." for n in range(8, 21)], "labels": [1, *[0] * 12]},
            }
        ],
        ["It has 8 legs."],
        ".parquet",
        language="en",
        telling=True,
    ),
    Sample(
        "ko-commongen",
        [
            {
                "concept_set": "아이#공#차다",
                "1": "공이 아이를 찬다.",
                "2": "아이가 공을 찬다.",
                "3": "공은 아이다.",
                "4": "차는 공이다.",
                "gold": 2,
            }
        ],
        ["아이가 공을 찬다."],
        words=("아이, 공, 차다",),
    ),
    Sample(
        "ko-commongen-endings",
        [
            {
                "concept_set": "아이#공#차다",
                "ending0": "아이가 공을 찬다.",
                "ending1": "공이 아이를 찬다.",
                "ending2": "공은 아이다.",
                "ending3": "차는 공이다.",
                "label": 0,
            }
        ],
        ["아이가 공을 찬다."],
    ),
    Sample(
        "click",
        [
            {"id": "KHB_1", "paragraph": "", "question": STEM, "choices": TREES, "answer": "은행나무"},
            {"id": "CSAT_2", "paragraph": "나무 글.", "question": STEM, "choices": [*TREES, "없음"], "answer": "없음"},
        ],
        ["은행나무", "없음"],
        ".json",
    ),
    Sample(
        "kobest-boolq",
        [{"paragraph": "은행나무는 잎이 진다.", "question": "은행나무는 잎이 지는가?", "label": 1}],
        ["그렇다"],
        words=("잎이 지는가",),
    ),
    Sample(
        "kobest-boolq-table",
        [{"ID": "1", "Text": "은행나무는 잎이 진다.", "Question": "잎이 안 지는가?", "Answer": "False"}],
        ["아니다"],
        ".tsv",
    ),
    Sample(
        "kobest-copa",
        [
            {
                "premise": "비가 왔다.",
                "question": "결과",
                "alternative_1": "땅이 젖었다.",
                "alternative_2": "해가 떴다.",
                "label": 0,
            },
            {
                "premise": "땅이 젖었다.",
                "question": "원인",
                "alternative_1": "해가 떴다.",
                "alternative_2": "비가 왔다.",
                "label": 1,
            },
        ],
        ["땅이 젖었다.", "비가 왔다."],
    ),
    Sample(
        "kobest-copa-table",
        [
            {
                "ID": "1",
                "sentence": "비가 왔다.",
                "question": "결과",
                "1": "땅이 젖었다.",
                "2": "해가 떴다.",
                "Answer": "1",
            }
        ],
        ["땅이 젖었다."],
        ".tsv",
        ("결과로",),
    ),
    Sample(
        "kobest-hellaswag",
        [{"context": "물이 끓는다.", **{f"ending_{n}": t for n, t in enumerate(TREES, 1)}, "label": 3}],
        ["대나무"],
    ),
    Sample(
        "kobest-hellaswag-table",
        [{"context": "물이 끓는다.", **{f"choice{n}": t for n, t in enumerate(TREES, 1)}, "label": "0"}],
        ["소나무"],
        ".tsv",
    ),
    Sample("kobest-sentineg", [{"sentence": "다시 오고 싶은 가게예요.", "label": 1}], ["긍정"]),
    Sample("kobest-sentineg-table", [{"ID": "1", "Text": "다시는 안 가요.", "Label": "0"}], ["부정"], ".tsv"),
    Sample(
        "kobest-wic",
        [{"word": "배", "context_1": "[배]를 깎았다.", "context_2": "[배]를 탔다.", "label": 0}],
        ["다른 뜻이다"],
        words=("‘배’",),
    ),
    Sample(
        "kobest-wic-table",
        [{"ID": "1", "Target": "배", "SENTENCE1": "[배]를 깎았다.", "SENTENCE2": "[배]가 달다.", "ANSWER": "TRUE"}],
        ["같은 뜻이다"],
        ".tsv",
    ),
    # The options lie in the query, and so do brackets that are none.
    Sample(
        "hae-rae",
        [
            {"query": _HAERAE.format(stem=f"(A)로 시작하지 않는 물음. {STEM}"), "answer": "(B)"},
            {"query": f"### 질문: (A) {STEM}\n### 옵션: (A) 잣나무 (B) 소나무 (C) 은행나무 ### 정답:", "answer": "(C)"},
        ],
        ["은행나무", "은행나무"],
        words=("시작하지 않는",),
    ),
    Sample("hae-rae-columns", [_abcd("(E)", E="버드나무", categories="생활")], ["버드나무"]),
]
