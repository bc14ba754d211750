"""The `judge` commands and their help."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import (
    DATABASE_DEFAULT,
    CardFormat,
    Database,
    Language,
    LanguageOption,
    ListFormat,
    ListFormatOption,
    Output,
    RunName,
)

judge_app = typer.Typer(help="What judges are asked, and how far they can be trusted.", no_args_is_help=True)


@judge_app.command("rubrics", epilog="Example: `kojudge judge rubrics harm-refusal`")
def judge_rubrics(
    rubric: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A shipped rubric or a rubric file: print it whole.")
    ] = None,
    list_format: ListFormatOption = ListFormat.table,
) -> None:
    """List the shipped rubrics, or print one with the prompt that a judge is given."""
    from service.cli.rubrics import list_rubrics, show_rubric

    if rubric is None:
        list_rubrics(list_format)
    else:
        show_rubric(rubric, list_format)


@judge_app.command(
    "show",
    epilog="Examples: `kojudge judge show monday 'ollama:exaone3.5:7.8b#math-1' --turn 2` · "
    "`kojudge judge show monday math-1 --judge solar-pro4 --format json` · "
    "`kojudge judge show --question starter#math-1 --answer first.txt --judge judge.yaml` (without a run)",
)
def judge_show(
    run_name: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A stored run's name.")] = None,
    conversation: Annotated[
        str | None, typer.Argument(metavar="[CONVERSATION]", help="QUESTION, MODEL#QUESTION or MODEL#QUESTION#SAMPLE.")
    ] = None,
    turn: Annotated[int | None, typer.Option(min=1, help="Only this turn.")] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", "-j", help="Only this judge; without a run, a spec or a judge pack.")
    ] = None,
    repeat: Annotated[int, typer.Option(min=0, help="Which of the repeated judgments, from 0.")] = 0,
    question: Annotated[
        str | None, typer.Option(metavar="SET#ID", help="Without a run: a question of a set or file.")
    ] = None,
    answer: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Without a run: the answer to turn 1, then to turn 2, ...")
    ] = None,
    show_format: ListFormatOption = ListFormat.table,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Print the very messages that a judge got, or would get, for the answers of a conversation.

    With them stand the parameters, the schema where one is sent, and the key under which the reply is stored. On a
    terminal control characters are made visible; JSON holds every character.
    """
    from service.cli import judge_prompt

    if question is None and not answer:
        judge_prompt.show_of_run(run_name, conversation, turn, judge, repeat, database, show_format)
    else:
        judge_prompt.show_of_question(run_name, question, answer or [], turn, judge, repeat, show_format)


@judge_app.command(
    "agree",
    epilog="Examples: `kojudge judge agree monday --format json` · "
    "`kojudge judge agree monday --format html --language ko --output people.html`",
)
def judge_agree(
    run_name: RunName,
    agree_format: Annotated[CardFormat, typer.Option("--format", "-f", help="How to print it.")] = CardFormat.table,
    language: LanguageOption = Language.en,
    output: Output = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Compare a run's judges with people: agreement, what a judge finds and misses, and the corrected scores.

    The labels are those of `kojudge labels import`; only blind ones of the random sample count.
    """
    from service.cli.people import show_agreement

    show_agreement(run_name, database, agree_format, language, output)


_Judge = Annotated[str, typer.Option("--judge", "-j", help="The judge, PROVIDER:MODEL[@URL], or a pack of one judge.")]
_MaxCost = Annotated[
    float | None, typer.Option(min=0, metavar="USD", help="Stop before the probe could have cost more, status 3.")
]


@judge_app.command(
    "probe",
    epilog="Examples: `kojudge judge probe -j solar:solar-pro4 --dry-run` · "
    "`kojudge judge probe -j solar:solar-pro4 --max-cost 2` · "
    "`kojudge judge probe -j solar:solar-pro4 --on monday --limit 12`",
)
def judge_probe(
    judge: _Judge,
    on: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Try it on a sample of this run's answers, not on the shipped ones."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=2, max=100, help="Verdicts on every answer as it is.")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, max=1000, help="So many questions; 24 by default.")] = None,
    name: Annotated[str | None, typer.Option(help="The run's name; without it one is made from the plan.")] = None,
    max_cost: _MaxCost = None,
    allow_unpriced: Annotated[
        bool, typer.Option("--allow-unpriced", help="With --max-cost: ask a judge of unknown price, uncounted.")
    ] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, max=4096, help="Most calls in flight.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be asked, and its cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before calling a judge with a price.")] = False,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Try a judge on answers of known origin: repeated, edited, attacked, swapped. `judge card` shows what came of it.

    The same command again asks for what is missing and buys nothing twice.
    """
    from service.card.probe import ProbeOptions
    from service.cli.judge_card import probe_judge

    options = ProbeOptions(repeats, name, max_cost, allow_unpriced, concurrency)
    raise typer.Exit(probe_judge(judge, on, limit, options, database, dry_run=dry_run, yes=yes))


@judge_app.command(
    "card",
    epilog="Examples: `kojudge judge card --judge solar:solar-pro4` · "
    "`kojudge judge card --judge solar:solar-pro4 --yes --format html --output card.html`",
)
def judge_card(
    judge: Annotated[str, typer.Option("--judge", "-j", help="The judge, as it stands in its runs.")],
    run_names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Runs that it judged; without any, all of them.")
    ] = None,
    card_format: Annotated[CardFormat, typer.Option("--format", "-f", help="How to print it.")] = CardFormat.table,
    language: LanguageOption = Language.en,
    output: Output = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Probe the judge first, if it never was.")] = False,
    max_cost: _MaxCost = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Say on one page whether a judge can be trusted: steadiness, bias, attacks, robustness, cost, with intervals.

    It is computed from what is stored. --yes or --max-cost has a judge probed first that never was.
    """
    from service.cli.judge_card import show_card

    raise typer.Exit(
        show_card(judge, run_names or [], database, card_format, language, output, yes=yes, max_cost=max_cost)
    )
