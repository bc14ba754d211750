"""The `labels` commands and their help."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import DATABASE_DEFAULT, Database, ListFormat, ListFormatOption, RunName

labels_app = typer.Typer(help="What people say of a run's answers.", no_args_is_help=True)

Reviewer = Annotated[str | None, typer.Option(metavar="NAME", help="Who fills it in, where the sheet does not say so.")]


@labels_app.command(
    "sample",
    epilog="Examples: `kojudge labels sample monday --n 200 --output sheet.csv` · "
    "`kojudge labels sample monday --n 200 --part 1/3 --reviewer kim --output kim.csv`",
)
def labels_sample(
    run_name: RunName,
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet, a .csv file.")],
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="How many answers.")] = 200,
    part: Annotated[
        str | None, typer.Option(metavar="K/N", help="The sheet of the K-th of N reviewers: a share, and what all get.")
    ] = None,
    reviewer: Annotated[str | None, typer.Option(metavar="NAME", help="Who will fill it in.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another sample than the usual one.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the sheet.")] = False,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Draw answers for people to label, and write them as a blind sheet for a spreadsheet.

    Most are drawn at random, the others because something looks wrong. The same command gives the same answers, a
    larger --n more of them. The sheet tells neither the model nor what the judge said.
    """
    from service.cli.labels import write_sheet

    write_sheet(run_name, output, database, n=n, part=part, reviewer=reviewer, seed=seed, force=force)


@labels_app.command("import", epilog="Example: `kojudge labels import monday kim.csv --reviewer kim`")
def labels_import(
    run_name: RunName,
    file: Annotated[Path, typer.Argument(help="A filled sheet, or .jsonl or .csv from `labels export`.")],
    reviewer: Reviewer = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Take labels in, all of the file or nothing. The same file again adds nothing; a changed one supersedes."""
    from service.cli.labels import take_labels

    take_labels(run_name, file, reviewer, database)


@labels_app.command("export", epilog="Example: `kojudge labels export monday labels.jsonl`")
def labels_export(
    run_name: RunName,
    file: Annotated[Path, typer.Argument(help="A .jsonl or .csv file.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Write every label and every decision between reviewers, superseded ones too."""
    from service.cli.labels import write_labels

    write_labels(run_name, file, database, force=force)


@labels_app.command("plan", epilog="Example: `kojudge labels plan monday --half-width 0.3`")
def labels_plan(
    run_name: RunName,
    half_width: Annotated[float, typer.Option(help="The interval wished for: mean +- so much, on the run's scale.")],
    list_format: ListFormatOption = ListFormat.table,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Say how many labels each model's mean needs, alone and beside a judge that correlates with people."""
    from service.cli.labels import show_plan

    show_plan(run_name, half_width, database, list_format)
