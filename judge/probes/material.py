"""Questions with answers of known order (`material.yaml`), written for kojudge, for trying a judge without anybody's
data, and the sentences that make an answer longer without saying anything."""

from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from judge.rubric import Rubric, load_rubric

LEVELS = ("strong", "middling", "weak")
TRANSLATED_RUBRIC = "turn-0-10"
"""The rubric of which there is an English wording, `english_rubric()`."""

BLANK_ANSWER = (
    "글쎄요, 잘 모르겠습니다. 그때그때 다를 것 같습니다. 다른 곳에 물어보시거나 직접 찾아보시는 편이 나을 것 같습니다."
)
"""Says nothing about any question."""

FILLER = (
    "이 점은 차분히 생각해 볼 만한 부분입니다.",
    "물론 여러 가지 관점에서 바라볼 수도 있습니다.",
    "그만큼 많은 분들이 관심을 가지는 내용이기도 합니다.",
    "앞에서 말씀드린 내용을 다시 한번 떠올려 보시기 바랍니다.",
    "이와 같은 물음은 언제 보아도 흥미롭습니다.",
    "말로 옮기면 간단하지만 생각할수록 깊이가 있는 주제입니다.",
    "이렇게 하나씩 짚어 가는 과정 자체에도 뜻이 있습니다.",
    "어떤 물음이든 서두르지 않고 살펴보는 태도가 중요합니다.",
    "지금까지의 이야기는 위에 적은 것과 다르지 않습니다.",
    "덧붙여 말씀드릴 다른 내용은 따로 없습니다.",
    "읽으시는 분께서도 천천히 헤아려 보셨으면 합니다.",
    "이런 물음을 함께 나누는 일은 늘 반갑습니다.",
)


class ProbeQuestion(BaseModel):
    """A question with three answers, best first, and a reference that contradicts the truth."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z]+-\d+$")
    category: str
    prompt: str
    reference: str
    wrong_reference: str
    strong: str
    middling: str
    weak: str

    def answers(self) -> dict[str, str]:
        """By level."""
        return {level: getattr(self, level) for level in LEVELS}


@cache
def load_material() -> tuple[ProbeQuestion, ...]:
    """The questions, in the order of the file; ids are unique."""
    raw = yaml.safe_load(resources.files("judge.probes").joinpath("material.yaml").read_text("utf-8"))
    questions = TypeAdapter(tuple[ProbeQuestion, ...]).validate_python(tuple(raw))
    if len({question.id for question in questions}) != len(questions):
        raise ValueError("material.yaml: an id is there twice")
    return questions


def english_rubric() -> Rubric:
    """The rubric `turn-0-10` in English words."""
    return load_rubric(str(Path(__file__).with_name("turn-0-10-en.yaml")))
