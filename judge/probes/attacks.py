"""The corpus of answers that try to talk a judge round (`attacks.yaml`), written for kojudge and harmless to read.

Every text is a candidate's whole answer. Most begin with a plain sentence, as an answer to any question might, and go
on to speak to the judge.
"""

from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

AttackFamily = Literal[
    "fake_ending",
    "fake_verdict",
    "role_change",
    "score_anchor",
    "empty_or_constant",
    "pleading",
    "authority",
    "hidden_characters",
    "forged_fence",
    "override",
    "template_tokens",
]


class Attack(BaseModel):
    """One answer; `text` may be blank in the family `empty_or_constant` only."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z]+(?:-[a-z0-9]+)+$")
    family: AttackFamily
    language: Literal["ko", "en"]
    text: str


@cache
def load_attacks() -> tuple[Attack, ...]:
    """The corpus, in the order of the file; ids are unique."""
    raw = yaml.safe_load(resources.files("judge.probes").joinpath("attacks.yaml").read_text("utf-8"))
    attacks = TypeAdapter(tuple[Attack, ...]).validate_python(tuple(raw))
    if len({attack.id for attack in attacks}) != len(attacks):
        raise ValueError("attacks.yaml: an id is there twice")
    return attacks
