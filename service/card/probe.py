"""Try a judge: two stored runs of kind `probe`, whose answers are fixed and of known origin.

NAME holds every variant of every answer, NAME-pairs the answers as they are, graded and compared in both orders. They
are runs like any other, so that whatever was paid for is kept, resumed and capped like the rest.
"""

import hashlib
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from judge.checks.language import check_turn_language
from judge.probes.items import BLANK, Base, built_in, variants
from judge.probes.material import TRANSLATED_RUBRIC, english_rubric
from judge.prompt import template_hash
from judge.prompt_template import DEFAULT_TEMPLATE, PromptTemplate, load_template
from judge.rubric import Rubric, load_rubric
from questions.types import Question
from service.conversation import usable
from service.endpoint_plan import EndpointPlan, plan_judges
from service.errors import UsageError
from service.judge_pack import PackLabel, unpacked
from service.pairwise_plan import ALL_PAIRS, plan_pairs
from service.plan import FrozenRun, PlanFile, RunPlan
from service.questions_plan import QuestionsPlan, SetPlan
from service.sampling import Sampling
from service.store import Store, reads
from service.store.resume import conversation_state
from service.store.writes import TurnKey, save_answer

KIND = "probe"
VARIANTS = "variants"
"""The one "model" of the run that holds all variants."""
PLACES = ("first", "second", "third")
"""What the answers of somebody's run are called: which model gave one is not for the judge's card."""

_SEED = 20_260_101
_SAMPLED = 24
_LONGEST_ID = 60
_ANYBODY = "scripted:perfect"  # a plan file names a model; a probe asks none


@dataclass(frozen=True, slots=True)
class Probe:
    """A run to be made with its answers: by model the texts in the order of the questions."""

    run: FrozenRun
    answers: Sequence[Sequence[str]]

    def seed(self, connection: Connection, run_id: int) -> None:
        """Write the answers of a run that was just made."""
        for model, texts in enumerate(self.answers):
            for position, (question, text) in enumerate(zip(self.run.questions, texts, strict=True)):
                key = TurnKey(run_id, model, position, 0, 1)
                save_answer(key, "ok", text=text, language=check_turn_language(question, 1, text))(connection)


@dataclass(frozen=True, slots=True)
class Material:
    """What a probe is made of, and the rubrics that its questions name (None: the judge's own)."""

    name: str
    bases: Sequence[Base]
    rubrics: Mapping[str, Rubric]
    default_rubric: str | None = None


def pairs_name(name: str) -> str:
    """The name of the run that goes with a probe."""
    return f"{name}-pairs"


def shipped_material(limit: int | None) -> Material:
    """Kojudge's own questions."""
    return Material("built-in", built_in(limit), {})


def material_of_run(store: Store, name: str, limit: int | None) -> Material:
    """A random sample of the first turns of a run, each with up to three of its models' answers.

    Raises:
        StoreError, UsageError: there is no such run, or it has no usable answer.
    """
    with store.read() as connection:
        run = reads.get_run(connection, name)
        for answers in range(min(len(PLACES), len(run.plan.models)), 0, -1):
            bases = list(itertools.islice(_sampled(connection, run, answers), limit or _SAMPLED))
            if bases:
                return Material(f"run:{name}", bases, dict(run.plan.rubrics), run.plan.default_rubric)
    raise UsageError(f"run {name!r} holds no answer that could be graded; try the judge without --on")


def _sampled(connection: Connection, run: reads.StoredRun, answers: int) -> Iterator[Base]:
    """The questions that have so many different answers, in an order drawn once and for all."""
    positions = list(range(run.plan.questions.n))
    random.Random(_SEED).shuffle(positions)
    for position in positions:
        question = next(reads.question_chunks(connection, run.id, 1, first=position))[position]
        base = _base(connection, run, position, question, answers)
        if base is not None:
            yield base


def _base(connection: Connection, run: reads.StoredRun, position: int, question: Question, wanted: int) -> Base | None:
    said: dict[str, str] = {}
    models = list(range(len(run.plan.models)))
    random.Random(f"{_SEED}-{position}").shuffle(models)
    for model in models:
        answer = conversation_state(connection, run.id, model, position, 0).answers.get(1)
        if answer is not None and usable(answer.status, answer.text) and answer.text not in said.values():
            said[PLACES[len(said)]] = answer.text or ""
        if len(said) == wanted:
            break
    if len(said) < wanted:
        return None
    base_id = question.id if len(question.id) <= _LONGEST_ID else f"q{position}"
    first = question.turns[0].model_copy(update={"checks": ()})
    asked = question.model_copy(update={"id": base_id, "turns": (first,), "rationale": None})
    return Base(base_id, asked, said, BLANK)


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How a judge is tried: `repeats` verdicts on every answer as it is, 2 at least."""

    repeats: int = 3
    name: str | None = None
    max_cost: float | None = None
    allow_unpriced: bool = False
    concurrency: int | None = None


def plan_probe(
    judge: str, material: Material, environ: Mapping[str, str], options: ProbeOptions
) -> tuple[Probe, Probe]:
    """(variants, pairs) for a judge, named by its spec or by a pack of one judge.

    Raises:
        UsageError, SpecError, SourceError: one line that says what is wrong.
    """
    tried = _tried(judge, material, environ)
    english = english_rubric()
    translated: dict[str | None, str] = {None: english.id} if tried.default_rubric == TRANSLATED_RUBRIC else {}
    if translated:
        tried.rubrics[english.id] = english
    items = list(variants(material.bases, options.repeats, translated))
    questions, texts = [item.question for item in items], [[item.answer for item in items]]
    plan = tried.plan([VARIANTS], questions, texts, options)
    name = options.name or f"probe-{plan.hash()[:8]}"
    every = Probe(FrozenRun(name=name, plan=plan, questions=tuple(questions)), texts)

    levels = list(material.bases[0].answers)
    questions, texts = [b.question for b in material.bases], [[b.answers[x] for b in material.bases] for x in levels]
    plan = tried.plan(levels, questions, texts, options)
    if len(levels) > 1:
        pairwise = plan_pairs(ALL_PAIRS, plan.models, plan.judges, plan.rubrics)
        plan = plan.model_copy(update={"pairwise": pairwise})
    return every, Probe(FrozenRun(name=pairs_name(name), plan=plan, questions=tuple(questions)), texts)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A judge with all that decides how it is asked."""

    judge: EndpointPlan
    request: PlanFile
    pack: PackLabel | None
    wording: PromptTemplate
    default_rubric: str
    rubrics: dict[str, Rubric]
    set_name: str

    def plan(
        self,
        labels: Sequence[str],
        questions: Sequence[Question],
        texts: Sequence[Sequence[str]],
        options: ProbeOptions,
    ) -> RunPlan:
        named = sorted({self.default_rubric, *(q.rubric or self.default_rubric for q in questions)})
        rubrics = {name: self.rubrics.get(name) or load_rubric(name) for name in named}
        digest = hashlib.sha256("".join(q.digest() for q in questions).encode()).hexdigest()
        return RunPlan(
            models=tuple(_fixed(label, mine) for label, mine in zip(labels, texts, strict=True)),
            judges=(self.judge,),
            sets=(SetPlan(name=self.set_name, version="1", digest=digest),),
            questions=QuestionsPlan.of(questions),
            rubrics=rubrics,
            default_rubric=self.default_rubric,
            prompt_hashes={name: template_hash(rubric, self.wording) for name, rubric in rubrics.items()},
            prompt=self.wording if self.wording != DEFAULT_TEMPLATE else None,
            samples=1,
            judge_repeats=1,
            generation=Sampling(temperature=None, max_output_tokens=None),
            judging=self.request.judging,
            reask=self.request.reask,
            concurrency=options.concurrency or self.request.concurrency,
            max_cost=options.max_cost,
            allow_unpriced=options.allow_unpriced,
            pack=self.pack,
        )


def _tried(judge: str, material: Material, environ: Mapping[str, str]) -> _Tried:
    request, pack = unpacked(PlanFile(models=(_ANYBODY,), judges=(judge,)), (judge,))
    judges = plan_judges(request.judges, request.endpoints, environ)
    if len(judges) != 1:
        raise UsageError(f"{judge} names {len(judges)} judges; a card is of one, so name one of them by its spec")
    if judges[0].is_rule_judge:
        raise UsageError("the built-in rules are no model; a probe needs a judge that is one, e.g. -j solar:solar-pro4")
    return _Tried(
        judge=judges[0],
        request=request,
        pack=pack.label() if pack is not None else None,
        wording=load_template(request.prompt) if request.prompt is not None else DEFAULT_TEMPLATE,
        default_rubric=material.default_rubric or request.rubric,
        rubrics={**material.rubrics, **(pack.rubrics if pack is not None else {})},
        set_name=f"probe:{material.name}",
    )


def _fixed(label: str, texts: Sequence[str]) -> EndpointPlan:
    """A "model" whose answers are in the store already: a recording without a file."""
    digest = hashlib.sha256("\x00".join(texts).encode(errors="replace")).hexdigest()
    return EndpointPlan(label=label, provider="replay", model=label, digest=digest)
