"""The commands `compare` and `power` with their help."""

from enum import StrEnum
from typing import Annotated

import typer

from service.cli.options import (
    DATABASE_DEFAULT,
    Database,
    Language,
    LanguageOption,
    ListFormat,
    ListFormatOption,
    Output,
    ReportFormat,
    ReportFormatOption,
)

COMPARE_EXAMPLES = (
    "Examples: `kojudge compare demo` · `kojudge compare demo --baseline scripted:weak` · "
    "`kojudge compare monday tuesday --format html --output compared.html`"
)
POWER_EXAMPLES = (
    "Examples: `kojudge power demo --difference 0.5` · `kojudge power demo --n 200` · "
    "`kojudge power --sd 3.3 --n 42 --difference 0.3`"
)


class Correction(StrEnum):
    holm = "holm"
    bh = "bh"


Difference = Annotated[
    float | None,
    typer.Option(min=0, metavar="POINTS", help="Count the questions that a difference of so many points needs."),
]


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="One run, or several that are comparable.")],
    baseline: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Compare each model with this one, not all pairs.")
    ] = None,
    correction: Annotated[
        Correction, typer.Option(help="For several comparisons: Holm, or Benjamini-Hochberg's false discovery rate.")
    ] = Correction.holm,
    difference: Difference = None,
    mixed: Annotated[bool, typer.Option("--mixed", help="Compare runs that are not comparable all the same.")] = False,
    report_format: ReportFormatOption = ReportFormat.table,
    language: LanguageOption = Language.en,
    output: Output = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Say which models differ and which cannot be told apart, question by question.

    Several runs are one comparison over the questions that all of them asked.
    """
    from service.cli.comparing import print_comparison

    print_comparison(
        runs,
        database,
        report_format,
        output,
        language,
        baseline=baseline,
        correction=correction.value,
        wished=difference,
        mixed=mixed,
    )


def power(
    run_name: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run; without one, --sd is needed.")] = None,
    n: Annotated[int | None, typer.Option("--n", min=2, help="So many questions; without it those of the run.")] = None,
    difference: Difference = None,
    sd: Annotated[
        float | None, typer.Option(min=0, help="Standard deviation of the paired differences between two models.")
    ] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="With so many answers to each question.")] = None,
    judge_repeats: Annotated[int | None, typer.Option(min=1, help="With so many verdicts on each answer.")] = None,
    target: Annotated[float, typer.Option("--power", help="Chance to find a difference that is there.")] = 0.8,
    alpha: Annotated[float, typer.Option(help="Level of the two-sided test.")] = 0.05,
    list_format: ListFormatOption = ListFormat.table,
    language: LanguageOption = Language.en,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Say which difference so many questions can show, and how many questions a wished one needs."""
    from service.cli.comparing import print_power

    print_power(
        run_name,
        database,
        list_format,
        language,
        n=n,
        difference=difference,
        sd=sd,
        samples=samples,
        judge_repeats=judge_repeats,
        power=target,
        alpha=alpha,
    )
