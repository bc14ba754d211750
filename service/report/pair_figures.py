"""What comparisons tell beyond win rates, as plain data: ratings, circles, agreement with scores, length and looks."""

from dataclasses import asdict
from typing import Any

import numpy as np

from judge.scoring.bradley_terry import Ratings, rate
from judge.scoring.length import length_slope
from judge.scoring.pairwise import ComparisonTable
from judge.scoring.scores_and_pairs import score_agreement
from judge.scoring.style import style_control
from judge.scoring.transitivity import transitivity
from service.report.part import Source
from service.store.answer_figures import Places, answer_lengths, answer_styles, mean_scores


def pair_figures(source: Source, table: ComparisonTable, baseline: str | None) -> dict[str, Any]:
    """`ratings`, `transitivity`, `score_agreement` and `style` of a run with comparisons; None what does not exist."""
    places = Places.of_run(source.connection, source.run)
    ratings = rate(table, None if baseline is None else table.models.index(baseline))
    scores = mean_scores(source.connection, source.run, places)
    style = style_control(table, answer_styles(source.connection, source.run, places))
    return {
        "ratings": None if ratings is None else _ratings(ratings),
        "transitivity": asdict(transitivity(table)),
        "score_agreement": None if np.isnan(scores).all() else asdict(score_agreement(table, scores)),
        "style": None if style is None else asdict(style),
    }


def _ratings(ratings: Ratings) -> dict[str, Any]:
    models = [asdict(m) | {"rank": m.rank and {"low": m.rank[0], "high": m.rank[1]}} for m in ratings.models]
    return asdict(ratings) | {"models": models}


def length_effect(source: Source) -> dict[str, Any] | None:
    """Points for each doubling of an answer's length; None where no two models answered the same, or none vary."""
    run, connection = source.run, source.connection
    if len(run.plan.models) < 2 and run.plan.samples < 2:
        return None
    places = Places.of_run(connection, run)
    every = places.every(len(run.plan.models))
    scores = mean_scores(connection, run, places, every)
    characters = answer_lengths(connection, run, places)
    model, place = np.nonzero(~np.isnan(scores) & ~np.isnan(characters))
    question, turn = place // (places.samples * places.turns), place % places.turns
    found = length_slope(
        scores[model, place], characters[model, place], model, question * places.turns + turn, question
    )
    return None if found.value is None else asdict(found) | {"every": every}
