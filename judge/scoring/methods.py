"""What each figure is, whence its formula comes and what it needs: `methods.yaml` with the constants of the code."""

from functools import cache
from pathlib import Path
from string import Template

from pydantic import BaseModel, ConfigDict

from judge.scoring.compare import FEWEST_QUESTIONS
from judge.scoring.corrected import FEWEST_LABELS
from judge.scoring.distribution import CEILING
from judge.scoring.multiplicity import ALPHA
from judge.scoring.power import POWER
from judge.scoring.raters import FEWEST_RATINGS
from judge.scoring.weights import weights
from questions.source import load_yaml

_FILE = Path(__file__).with_name("methods.yaml")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Record):
    """A text in both languages."""

    en: str
    ko: str


class Figure(_Record):
    """One figure of the reports; what is the same in both languages is written once."""

    id: str
    name: Words
    formula: str | Words
    source: str | Words
    needs: Words
    about: Words


class Methods(_Record):
    """All figures, and what none of them can tell."""

    version: str
    figures: tuple[Figure, ...]
    limits: tuple[Words, ...]


@cache
def methods() -> Methods:
    """The table, read once, its constants filled in."""
    read = load_yaml(_FILE, Methods)
    constants = {
        "alpha": f"{ALPHA:g}",
        "ceiling": f"{CEILING:.0%}",
        "fewest_labels": str(FEWEST_LABELS),
        "fewest_ratings": str(FEWEST_RATINGS),
        "fewest_shared": str(FEWEST_QUESTIONS),
        "power": f"{POWER:.0%}",
        "weights": weights().version,
    }

    def filled(text: str | Words) -> str | Words:
        if isinstance(text, str):
            return Template(text).substitute(constants)
        return Words(**{language: Template(words).substitute(constants) for language, words in text})

    figures = (
        f.model_copy(update={name: filled(getattr(f, name)) for name in ("formula", "source", "needs", "about")})
        for f in read.figures
    )
    return read.model_copy(update={"figures": tuple(figures)})
