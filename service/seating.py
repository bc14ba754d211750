"""Which judges of a run grade which of its models: in a jury nobody grades its own family, unless told to."""

from collections.abc import Iterator, Sequence

from providers.family import family
from service.endpoint_plan import EndpointPlan

Seats = tuple[tuple[int, ...], ...]
"""For each model the positions of its judges."""


def seats(models: Sequence[EndpointPlan], judges: Sequence[EndpointPlan], *, allow_self: bool) -> Seats:
    """Everybody judges, but in a jury no judge its own family; a model that this would leave to nobody keeps all."""
    everybody = tuple(range(len(judges)))
    if allow_self or len(judges) == 1:
        return (everybody,) * len(models)
    return tuple(tuple(j for j in everybody if not _related(judges[j], model)) or everybody for model in models)


def seating_notices(models: Sequence[EndpointPlan], judges: Sequence[EndpointPlan], found: Seats) -> Iterator[str]:
    """What a person should know of who grades whom."""
    for model, mine in zip(models, found, strict=True):
        for place, judge in enumerate(judges):
            if not _related(judge, model):
                continue
            both = f"{judge.label} and {model.label} are of one family ({family(judge.model)})"
            if place not in mine:
                yield f"{both}: the one does not grade the other; --allow-self-judging lets it"
            else:
                yield f"{both}: its scores of that model may be too kind; a judge of another family is safer"


def excluded(models: Sequence[EndpointPlan], judges: Sequence[EndpointPlan], found: Seats) -> list[tuple[int, int]]:
    """(judge, model) pairs that are left out."""
    return [(j, m) for m in range(len(models)) for j in range(len(judges)) if j not in found[m]]


def _related(judge: EndpointPlan, model: EndpointPlan) -> bool:
    recorded = {"replay", "scripted"}
    return not {judge.provider, model.provider} & recorded and family(judge.model) == family(model.model)
