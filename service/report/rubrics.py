"""What a rubric asks and what its scores mean, in words."""

from judge.rubric import ChecklistRubric, LabelsRubric, LikertRubric, Rubric
from service.report.cells import safe, safe_block
from service.report.document import Document, Grid, Language, Say, speaker


def rubric_document(rubric: Rubric, language: Language) -> Document:
    """The rubric with its criteria, points or labels, and how they become a score. Its own words stay as they are."""
    say = speaker(language)
    applies = {
        "turn": say("every answer by itself", "답변마다 따로"),
        "conversation": say("the conversation as a whole", "대화 전체를 한 번에"),
    }
    lines = [
        f"{safe(rubric.id)} v{rubric.version} · {say('scale', '척도')} {rubric.scale.min:g}–{rubric.scale.max:g} · "
        f"{applies[rubric.grades]}",
        *filter(None, (safe_block(t) for t in (rubric.instructions, rubric.first_turn, rubric.later_turns))),
    ]
    if isinstance(rubric, LikertRubric):
        grids = _likert(rubric, say)
    elif isinstance(rubric, ChecklistRubric):
        grids = [_points(rubric, say)]
    else:
        grids = [*_labels(rubric, say), _scores(rubric, say)]
    return Document(language, safe(rubric.title), lines, grids=grids)


def _likert(rubric: LikertRubric, say: Say) -> list[Grid]:
    criteria = [[safe(c.name), safe(c.description)] for c in rubric.criteria]
    anchors = [[f"{score}", safe(text)] for score, text in sorted(rubric.anchors.items(), reverse=True)]
    grids = [
        Grid(say("Criteria", "살피는 점"), [say("Criterion", "이름"), say("Asks", "물음")], criteria),
        Grid(say("What the scores mean", "점수의 뜻"), [say("Score", "점수"), say("When", "조건")], anchors),
    ]
    return [grid for grid in grids if grid.rows]


def _points(rubric: ChecklistRubric, say: Say) -> Grid:
    yes = say("yes", "예")
    head = [say("Point", "기준"), say("Weight", "가중치"), say("0 points if missed", "어기면 0점")]
    rows = [[safe(item.text), f"{item.weight:g}", yes if item.critical else "–"] for item in rubric.items]
    return Grid(say("Points: share of the weight met", "기준: 채운 가중치의 몫이 점수"), head, rows)


def _labels(rubric: LabelsRubric, say: Say) -> list[Grid]:
    head = [say("Value", "값"), say("Name", "이름"), say("When", "조건")]
    return [
        Grid(
            f"{safe(label.name)}: {safe(label.asks)}",
            head,
            [[safe(v.id), safe(v.name), safe(v.description)] for v in label.values],
        )
        for label in rubric.labels
    ]


def _scores(rubric: LabelsRubric, say: Say) -> Grid:
    names = {(label.id, value.id): safe(value.name) for label in rubric.labels for value in label.values}
    titles = {label.id: safe(label.name) for label in rubric.labels}
    always = say("otherwise", "그 밖의 경우")
    rows = [
        [
            " · ".join(
                f"{titles[label]}: {' / '.join(names[label, value] for value in values)}"
                for label, values in rule.when.items()
            )
            or always,
            f"{rule.score:g}",
        ]
        for rule in rubric.scores
    ]
    return Grid(
        say("Scores: the first line that fits", "점수: 먼저 맞는 줄"),
        [say("Labels", "표지"), say("Score", "점수")],
        rows,
    )
