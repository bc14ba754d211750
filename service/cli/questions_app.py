"""The `questions` commands and their help."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import (
    DATABASE_DEFAULT,
    AnalysisFormat,
    AnalysisUnit,
    Database,
    ItemKind,
    ListFormat,
    ListFormatOption,
    Output,
)

questions_app = typer.Typer(help="The shipped question sets, and question files.", no_args_is_help=True)

As = Annotated[
    str | None,
    typer.Option("--as", metavar="READER", help="The file's format; `kojudge questions formats` lists them."),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="PART=COLUMN", help="Which column of a table is what; commas or several options."),
]


@questions_app.command("list", epilog="Example: `kojudge questions list --format json`")
def questions_list(list_format: ListFormatOption = ListFormat.table) -> None:
    """List the shipped sets."""
    from service.cli.questions import list_sets

    list_sets(list_format)


@questions_app.command("formats")
def questions_formats(list_format: ListFormatOption = ListFormat.table) -> None:
    """List the formats of question files that are read: yours and other people's."""
    from service.cli.questions import list_formats

    list_formats(list_format)


@questions_app.command(
    "show",
    epilog="Examples: `kojudge questions show starter` · `kojudge questions show --as kobbq samples.tsv` · "
    "`kojudge questions show hub:OWNER/NAME`",
)
def questions_show(
    question_set: Annotated[str, typer.Argument(metavar="SET", help="A shipped set, or [READER:]FILE.")],
    reader: As = None,
    columns: Map = None,
    list_format: ListFormatOption = ListFormat.table,
) -> None:
    """Print a set's questions."""
    from service.cli.questions import show_set

    show_set(question_set, reader, columns or [], list_format)


@questions_app.command(
    "lint",
    epilog="Examples: `kojudge questions lint my-questions.yaml` · "
    "`kojudge questions lint items.csv --map prompt=물음`",
)
def questions_lint(
    question_set: Annotated[
        list[str] | None, typer.Argument(metavar="[SET]", help="Default: all shipped sets.")
    ] = None,
    reader: As = None,
    columns: Map = None,
    allow_code_execution: Annotated[
        bool, typer.Option("--allow-code-execution", help="Run the programs in references, in a sandbox (Linux).")
    ] = False,
) -> None:
    """Check question sets; status 1 if an error was found."""
    from service.cli.questions import lint_sets

    found = lint_sets(question_set or [], reader, columns, allow_code_execution=allow_code_execution)
    raise typer.Exit(found)


@questions_app.command(
    "convert",
    epilog="Examples: `kojudge questions convert question_ko.jsonl ko-mt.yaml` · "
    "`kojudge questions convert items.csv mine.yaml --map prompt=물음,reference=모범답` · "
    "`kojudge questions convert kobbq:samples.tsv kobbq.jsonl`",
)
def questions_convert(
    question_set: Annotated[str, typer.Argument(metavar="SET", help="A shipped set, or [READER:]FILE.")],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="OUT.yaml to edit, OUT.jsonl for long sets, or a new folder of leaf files."),
    ],
    reader: As = None,
    columns: Map = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT, if it is a file.")] = False,
) -> None:
    """Write any set that can be read in kojudge's own format."""
    from service.cli.questions import convert_set

    convert_set(question_set, target, reader, columns or [], force=force)


@questions_app.command(
    "new", epilog="Examples: `kojudge questions new shop.yaml` · `kojudge questions new --folder my-set`"
)
def questions_new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that ends in .yaml, or a new folder.")],
    folder: Annotated[bool, typer.Option("--folder", help="One file for each leaf of the taxonomy.")] = False,
) -> None:
    """Write a small set to begin one's own with."""
    from service.cli.questions import new_set

    new_set(path, folder=folder)


@questions_app.command(
    "analyse",
    epilog="Examples: `kojudge questions analyse logickor` · "
    "`kojudge questions analyse monday tuesday --only suspicious --format json`",
)
def questions_analyse(
    run_names: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs that share questions.")],
    unit: Annotated[AnalysisUnit, typer.Option("--by", help="An item is a turn or a whole question.")] = (
        AnalysisUnit.turn
    ),
    turn: Annotated[int | None, typer.Option(min=1, help="List only the items of this turn.")] = None,
    category: Annotated[str | None, typer.Option(help="List only the items of this category.")] = None,
    only: Annotated[ItemKind | None, typer.Option(help="List only items that were found to be so.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="List only the first N, the most doubtful.")] = None,
    mixed: Annotated[bool, typer.Option("--mixed", help="Pool runs that are not comparable.")] = False,
    analysis_format: Annotated[AnalysisFormat, typer.Option("--format", "-f", help="How to print it.")] = (
        AnalysisFormat.table
    ),
    output: Output = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Examine the questions by the scores that models got: too easy, too hard, telling nothing, reference wrong.

    The most doubtful items come first. Needs five independent models or more, in one run or in several.
    """
    from service.cli.analyse import analyse_items

    analyse_items(
        run_names,
        database,
        analysis_format,
        output,
        unit=unit,
        turn=turn,
        category=category,
        only=only,
        top=top,
        mixed=mixed,
    )
