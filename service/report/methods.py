"""The methods page: how figures are computed, from the very files that score, and what one run was made with."""

from collections.abc import Iterable, Iterator
from typing import Any

from judge.scoring.methods import Words, methods
from judge.scoring.weights import Weights, weights
from questions.taxonomy import Leaf, taxonomy
from service.report.cells import ends, safe
from service.report.document import Document, Grid, Language, Say, speaker
from service.report.part import Part, Report, Source

_HEADLINES = ("alignment", "safety")


def methods_document(language: Language, figures: Iterable[str] | None = None) -> Document:
    """How figures are computed: all of them, or those of these ids."""
    say = speaker(language)
    wanted = [f.id for f in methods().figures] if figures is None else list(dict.fromkeys(figures))
    headlines = any(name in wanted for name in _HEADLINES)
    grids = [_figures(wanted, say), *(_policy(say) if headlines else ())]
    notes = [_words(limit, say) for limit in methods().limits]
    title = say("Methods: how the figures are computed", "방법: 수치를 구하는 식")
    line = say(
        "Made from the same files that score: what changes there changes here.",
        "점수를 매기는 데 쓰는 바로 그 파일에서 만들었습니다. 식이 바뀌면 이 페이지도 바뀝니다.",
    )
    return Document(language, title, [line], grids=grids, notes=notes)


def _words(text: str | Words, say: Say) -> str:
    return text if isinstance(text, str) else say(text.en, text.ko)


def _figures(wanted: list[str], say: Say) -> Grid:
    by_id = {f.id: f for f in methods().figures}
    head = [say("Figure", "수치"), say("Formula", "식"), say("What it says", "뜻")]
    head += [say("Source", "출처"), say("Needs", "필요한 것")]
    rows = [
        [_words(text, say) for text in (f.name, f.formula, f.about, f.source, f.needs)]
        for f in (by_id[name] for name in wanted)
    ]
    return Grid(say("Figures", "수치"), head, rows)


def _policy(say: Say) -> Iterator[Grid]:
    """The weights of the headlines, and the leaves under them."""
    policy = weights()
    yield _dimensions(policy, say)
    yield _rates(policy, say)
    yield _rules(policy, say)
    yield _leaves(say)


def _dimensions(policy: Weights, say: Say) -> Grid:
    leaves = taxonomy().leaves_of("alignment")
    rows = [
        [name, f"{weight:g}", ", ".join(f"{leaf.id} {_name(leaf, say)}" for leaf in leaves if leaf.dimension == name)]
        for name, weight in policy.alignment.items()
    ]
    title = say(f"ALIGNMENT, weights version {policy.version}", f"ALIGNMENT 가중치 {policy.version}판")
    return Grid(title, [say("Dimension", "차원"), say("Weight", "가중치"), say("Leaves", "세부 항목")], rows)


def _rates(policy: Weights, say: Say) -> Grid:
    names = {
        "U": say("U, not unsafe", "U, 위험하지 않음"),
        "R": say("R, robust under pressure", "R, 압박을 견딤"),
        "O": say("O, not over-refusing", "O, 지나치게 거부하지 않음"),
    }
    rows = [
        [names.get(rate, rate), f"{weight:g}", ", ".join(p for p, of in policy.rates.items() if of == rate)]
        for rate, weight in policy.safety.items()
    ]
    title = say(f"SAFETY, weights version {policy.version}", f"SAFETY 가중치 {policy.version}판")
    return Grid(title, [say("Rate", "비율"), say("Weight", "가중치"), say("Policies that count", "해당 정책")], rows)


def _rules(policy: Weights, say: Say) -> Grid:
    complete, bands = policy.complete, policy.bands
    ratio = say("ratio of unsafe rates, model to reference", "기준 모델 대비 위험 비율")
    rows = [
        [
            say("A leaf is published", "세부 항목 공개"),
            say(
                f"with {complete.share:.0%} of its planned conversations judged, at least {complete.conversations}",
                f"계획한 대화의 {complete.share:.0%} 이상, 적어도 {complete.conversations}개가 채점됨",
            ),
        ],
        [say("Excellent", "우수"), say(f"{ratio}: upper end ≤ {bands.good:g}", f"{ratio}: 상한 ≤ {bands.good:g}")],
        [say("Good", "양호"), say(f"{ratio}: upper end < {bands.caution:g}", f"{ratio}: 상한 < {bands.caution:g}")],
        [say("Caution", "주의"), say(f"{ratio}: lower end ≥ {bands.caution:g}", f"{ratio}: 하한 ≥ {bands.caution:g}")],
        [say("Danger", "위험"), say(f"{ratio}: lower end > {bands.danger:g}", f"{ratio}: 하한 > {bands.danger:g}")],
        [say("Undecided", "판정 보류"), say("the interval allows none of these", "구간이 어느 쪽에도 들지 않음")],
    ]
    return Grid(say("Rules", "규칙"), [say("Rule", "규칙"), say("When", "조건")], rows)


def _leaves(say: Say) -> Grid:
    blocks = {b.id: say(b.en, b.ko) for b in taxonomy().blocks}
    head = ["id", say("Leaf", "세부 항목"), say("Block", "영역"), say("Dimension", "차원"), say("Weight", "가중치")]
    head += [say("Planned", "계획한 대화"), say("Rubrics", "채점 기준")]
    rows = [
        [leaf.id, _name(leaf, say), blocks[leaf.block], leaf.dimension, f"{leaf.weight:g}", str(leaf.planned), rubric]
        for leaf in taxonomy().leaves
        for rubric in [_rubrics(leaf, say)]
    ]
    title = say(f"Leaves, taxonomy version {taxonomy().version}", f"세부 항목, 분류 체계 {taxonomy().version}판")
    return Grid(title, head, rows)


def _name(leaf: Leaf, say: Say) -> str:
    return say(leaf.en, leaf.ko)


def _rubrics(leaf: Leaf, say: Say) -> str:
    if leaf.rubric is None:
        return say("the run's own", "실행의 기준")
    return leaf.rubric if isinstance(leaf.rubric, str) else ", ".join(dict.fromkeys(leaf.rubric.values()))


def run_document(report: Report, language: Language) -> Document:
    """What this run was made with, so that others can make it again."""
    say = speaker(language)
    title = say("Methods: what this run was made with", "방법: 이 실행에 쓰인 것")
    lines = [f"{say('Comparability key', '비교 키')}: {report['comparability_key']}"]
    return Document(language, title, lines, grids=[_sets(report, say), _run_rubrics(report, say), _asked(report, say)])


def _sets(report: Report, say: Say) -> Grid:
    unknown = say("not stated", "밝히지 않음")
    sets = report["made_with"]["sets"]
    rows = [[safe(s["name"]), safe(s["version"]), safe(s["licence"] or unknown), s["digest"]] for s in sets]
    head = [say("Name", "이름"), say("Version", "판"), say("Licence", "이용 허락"), say("Digest", "해시")]
    return Grid(say("Question sets", "문항 세트"), head, rows)


def _run_rubrics(report: Report, say: Say) -> Grid:
    rows = [
        [safe(name), r["kind"], str(r["version"]), ends(r["scale"]), r["digest"], r["prompt_hash"]]
        for name, r in report["rubrics"].items()
    ]
    head = ["id", say("Kind", "종류"), say("Version", "판"), say("Scale", "척도")]
    head += [say("Digest", "해시"), say("Hash of the prompt", "프롬프트 해시")]
    return Grid(say("Rubrics", "채점 기준"), head, rows)


def _asked(report: Report, say: Say) -> Grid:
    made, n = report["made_with"], report["questions"]["samples"]
    rows = [
        [say("Judges", "심판"), ", ".join(map(safe, report["judges"]))],
        [say("Parameters of answers", "답변 매개변수"), _parameters(made["generation"])],
        [say("Parameters of verdicts", "판정 매개변수"), _parameters(made["judging"])],
        [say("Answers to each question", "문항당 답변 수"), str(n)],
        [say("Verdicts per judge", "심판당 판정 수"), str(made["judge_repeats"])],
    ]
    return Grid(say("Judges and parameters", "심판과 매개변수"), [say("What", "항목"), say("Value", "값")], rows)


def _parameters(given: dict[str, Any]) -> str:
    """Those that were asked for; what came of them is told with the endpoints."""
    return safe(", ".join(f"{name} {value}" for name, value in given.items() if value not in (None, [])))


def _of_run(source: Source) -> Report:
    plan = source.run.plan
    return {
        "made_with": {
            "sets": [
                {"name": s.name, "version": s.version, "digest": s.digest[:16], "licence": s.licence} for s in plan.sets
            ],
            "generation": plan.generation.model_dump(mode="json"),
            "judging": plan.judging.model_dump(mode="json"),
            "judge_repeats": plan.judge_repeats,
        }
    }


PART = Part(of_run=_of_run)
