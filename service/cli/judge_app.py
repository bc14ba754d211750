"""The `judge` commands and their help."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import DATABASE_DEFAULT, Database, ListFormat, ListFormatOption, RunName

judge_app = typer.Typer(help="What judges are asked, and how far people agree with them.", no_args_is_help=True)


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


@judge_app.command("agree", epilog="Example: `kojudge judge agree monday --format json`")
def judge_agree(
    run_name: RunName,
    list_format: ListFormatOption = ListFormat.table,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Compare a run's judges with people: agreement, what a judge finds and misses, and the corrected scores.

    The labels are those of `kojudge labels import`; only blind ones of the random sample count.
    """
    from service.cli.people import show_agreement

    show_agreement(run_name, database, list_format)
