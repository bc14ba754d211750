"""`labels sample`, `import`, `export` and `plan`."""

import json
import re
from pathlib import Path
from typing import Any

import typer
from rich.text import Text
from sqlalchemy.engine import Row

from service.cli.options import ListFormat
from service.cli.terminal import err, out, plain, table
from service.errors import UsageError
from service.files import refuse_existing, write_lines
from service.review.files import export_labels, import_labels
from service.review.planning import plan_labels
from service.review.queue import blind_items, in_order, take_sample
from service.review.sheet import sheet_lines
from service.store import Store, reads
from service.store.labels import check_name


def write_sheet(
    name: str,
    output: Path,
    database: str,
    *,
    n: int,
    part: str | None,
    reviewer: str | None,
    seed: int | None,
    force: bool,
) -> None:
    if output.suffix.lower() != ".csv":
        raise UsageError(f"the sheet is a .csv file; name one instead of {output.name}")
    refuse_existing(output, force=force)
    _check_reviewer(reviewer)
    place = _part(part)
    store = Store.open(database, create=False)
    try:
        with store.transaction() as connection:
            run = reads.get_run(connection, name)
            items = take_sample(connection, run, n, seed)
            mine = in_order(_of_part(items, place), reviewer or str(place))
            write_lines(output, sheet_lines(list(blind_items(connection, run, mine)), reviewer))
    finally:
        store.close()
    random = sum(item.stratum == "random" for item in items)
    plain(f"wrote {output}: {len(mine)} answers to label")
    plain(
        f"The sample has {len(items)}: {random} random ones, which count, "
        f"and {len(items) - random} in which something may be wrong; every reviewer gets {_shared(items)} of them."
    )
    err().print(Text(f"Next: fill it in, then kojudge labels import {name} {output} --reviewer NAME"))


def _check_reviewer(reviewer: str | None) -> None:
    try:
        check_name("-" if reviewer is None else reviewer)
    except ValueError as error:
        raise UsageError(f"--reviewer: {error}") from error


def _part(part: str | None) -> tuple[int, int]:
    """(k, n) with k from 1."""
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", part or "1/1")
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--part is {part!r}; write K/N, such as 1/3 for the first of three reviewers")
    return int(found[1]), int(found[2])


def _of_part(items: list[Row[Any]], place: tuple[int, int]) -> list[Row[Any]]:
    """What all get, and every n-th of the rest; items are in the order of their codes, which mean nothing."""
    k, n = place
    alone = [item for item in items if not item.shared]
    return [item for item in items if item.shared] + alone[k - 1 :: n]


def _shared(items: list[Row[Any]]) -> int:
    return sum(item.shared for item in items)


def take_labels(name: str, file: Path, reviewer: str | None, database: str) -> None:
    _check_reviewer(reviewer)
    store = Store.open(database, create=False)
    try:
        with store.transaction() as connection:
            done = import_labels(connection, reads.get_run(connection, name), file, reviewer)
    finally:
        store.close()
    plain(f"{done.new} new labels, {done.known} known already, {done.empty} rows not filled in")
    err().print(Text(f"Next: kojudge judge agree {name}"))


def write_labels(name: str, file: Path, database: str, *, force: bool) -> None:
    refuse_existing(file, force=force)
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            count = export_labels(connection, reads.get_run(connection, name), file)
    finally:
        store.close()
    plain(f"wrote {file}: {count} labels")


def show_plan(name: str, half_width: float, database: str, list_format: ListFormat) -> None:
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            plan = plan_labels(connection, reads.get_run(connection, name), half_width)
    finally:
        store.close()
    if list_format is ListFormat.json:
        typer.echo(json.dumps(plan, ensure_ascii=False, indent=2, allow_nan=False))
        return
    seen = "" if plan["correlation"] is None else f", who correlate with the judge at {plan['correlation']:.2f}"
    plain(
        f"{plan['run']}: {plan['turns']} judged turns a model, standard deviation {plan['sd']:.2f} "
        f"by {'people' + seen if plan['sd_from'] == 'people' else 'the judge'}"
    )
    title = f"Labels for a mean of ±{half_width:g}"
    head = ["Judge and people correlate", "Labels a model", f"All {plan['models']} models", "labels sample --n"]
    out().print(table(title, head, [_plan_row(row) for row in plan["plans"]]))


def _plan_row(row: dict[str, Any]) -> list[str]:
    label = f"{row['correlation']:.2f}" + (" (labels alone)" if row["correlation"] == 0 else "")
    if row["labels"] is None:
        return [label, "more than there are", "–", "–"]
    return [label, *(str(row[key]) for key in ("labels", "all_models", "sample"))]
