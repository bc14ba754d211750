"""The commands and their help; the work is done by the modules that they import."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli import compare_app
from service.cli.judge_app import judge_app
from service.cli.labels_app import labels_app
from service.cli.options import (
    DATABASE_DEFAULT,
    CheckFormat,
    CheckKind,
    Database,
    ExportKind,
    Grouping,
    ImportKind,
    JuryKind,
    Language,
    LanguageOption,
    ListFormat,
    ListFormatOption,
    Output,
    PageFormat,
    PageFormatOption,
    Reference,
    ReportFormat,
    ReportFormatOption,
    RunName,
)
from service.cli.providers_app import providers_app
from service.cli.questions_app import questions_app

app = typer.Typer(
    name="kojudge",
    help="Evaluate Korean language models with a judge model: every score with its interval, every failure counted.",
    epilog="Start with `kojudge demo`. Any error prints one line; --debug shows the traceback.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help: the rich renderer alone would take longer to import than everything else here.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(questions_app, name="questions")
app.add_typer(judge_app, name="judge")
app.add_typer(labels_app, name="labels")
app.add_typer(providers_app, name="providers")

Batch = Annotated[
    bool | None,
    typer.Option(
        "--batch/--no-batch",
        help="Ask through the vendor's batches: half the price, within a day. Default: as the run was begun.",
        show_default=False,
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="With batches: hand in, collect what has ended, and leave.")]
Concurrency = Annotated[int | None, typer.Option(min=1, max=4096, help="Most calls in flight per endpoint.")]
MaxCost = Annotated[
    float | None, typer.Option(min=0, metavar="USD", help="Stop before the run could have cost more, status 3.")
]
AllowUnpriced = Annotated[
    bool | None, typer.Option("--allow-unpriced", help="With --max-cost: ask models of unknown price, uncounted.")
]
AllowCode = Annotated[
    bool | None,
    typer.Option(
        "--allow-code-execution", help="Run the Python programs in answers, in a sandbox (Linux), to test them."
    ),
]

JuryRule = Annotated[
    JuryKind | None,
    typer.Option("--jury", help="How the verdicts of several judges become one.", show_default="mean"),
]
AllowSelf = Annotated[
    bool | None,
    typer.Option("--allow-self-judging", help="In a jury, let a judge grade models of its own family."),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"kojudge {version('kojudge')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Common options."""


@app.command(
    epilog="Example: kojudge demo && kojudge show demo math-1",
)
def demo(
    database: Database = DATABASE_DEFAULT,
    report_format: ReportFormatOption = ReportFormat.table,
    language: LanguageOption = Language.en,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without the run demo-safety, which only the dashboard shows.")
    ] = False,
) -> None:
    """Run the main job with no key and no network: scripted models, the built-in rule judge, a report."""
    from service.cli.demo import run_demo

    raise typer.Exit(run_demo(database, report_format, language, quick=quick))


@app.command(
    epilog="Examples: `kojudge run plan.yaml` · "
    "`kojudge run -m ollama:exaone3.5:7.8b -j solar:solar-pro4 -q starter` · "
    "`kojudge run -m vllm:NAME@http://gpu1:8000/v1 -j openai:gpt-6-luna -q questions.jsonl` · "
    "`kojudge run -m replay:generated/ -j openai:gpt-6-luna` · "
    "`kojudge run -m ollama:NEW -m ollama:OLD -j solar:solar-pro4 --pairwise ollama:OLD` · "
    "`kojudge run -m ollama:exaone3.5:7.8b -j judge.yaml` (a judge pack) · "
    "`kojudge run -m scripted:perfect -m scripted:refuse -j scripted:rules -q smoke` (no key, no network)",
)
def run(
    plan: Annotated[
        Path | None, typer.Argument(metavar="[PLAN.yaml]", help="A plan file, or use -m, -j and -q.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Candidate, PROVIDER:MODEL[@URL].")] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge", "-j", help="Judge, PROVIDER:MODEL[@URL], or one judge pack; multiple choice alone needs none."
        ),
    ] = None,
    questions: Annotated[
        list[str] | None, typer.Option("--questions", "-q", help="A shipped set, or [READER:]FILE.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The run's name; without it one is made from the plan.")] = None,
    concurrency: Concurrency = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Answers per question and model.")] = None,
    judge_repeats: Annotated[int | None, typer.Option(min=1, help="Verdicts per answer and judge.")] = None,
    pairwise: Annotated[
        str | None,
        typer.Option(metavar="MODEL|all", help="Also compare answers in pairs: each model with MODEL, or all."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    max_cost: MaxCost = None,
    allow_unpriced: AllowUnpriced = None,
    drop_unsupported: Annotated[
        bool | None,
        typer.Option("--drop-unsupported", help="Leave out a parameter that a server refuses, and record it."),
    ] = None,
    wait: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Wait so long for servers that are starting.")
    ] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Let Ollama fetch a model that it does not have.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be asked, and its cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before calling a model with a price.")] = False,
    batch: Batch = None,
    no_wait: NoWait = False,
    allow_code_execution: AllowCode = None,
    jury: JuryRule = None,
    allow_self_judging: AllowSelf = None,
    database: Database = DATABASE_DEFAULT,
    report_format: ReportFormatOption = ReportFormat.table,
    language: LanguageOption = Language.en,
) -> None:
    """Ask the models, have every turn judged, store everything, report.

    The same command again continues an unfinished run; when the run is complete it reports it and buys nothing.
    """
    from service.cli.run import RunFlags, run_plan

    flags = RunFlags(
        plan,
        model,
        judge,
        questions,
        name,
        concurrency,
        samples,
        judge_repeats,
        limit,
        max_cost,
        allow_unpriced,
        drop_unsupported,
        wait,
        allow_code_execution,
        jury.value if jury else None,
        allow_self_judging,
        pairwise,
    )
    raise typer.Exit(
        run_plan(
            flags,
            database,
            report_format,
            language,
            dry_run=dry_run,
            yes=yes,
            pull=pull,
            batch=batch,
            wait=not no_wait,
        )
    )


@app.command()
def resume(
    run_name: RunName,
    concurrency: Concurrency = None,
    max_cost: MaxCost = None,
    allow_unpriced: AllowUnpriced = None,
    batch: Batch = None,
    no_wait: NoWait = False,
    database: Database = DATABASE_DEFAULT,
    report_format: ReportFormatOption = ReportFormat.table,
    language: LanguageOption = Language.en,
) -> None:
    """Continue a run: what is missing is asked, what failed is tried again, what was paid for is not.

    Batches that have ended are collected, and the rest goes on as the run was begun: in batches or live.
    """
    from service.cli.run import resume_run

    raise typer.Exit(
        resume_run(
            run_name,
            database,
            report_format,
            language,
            concurrency,
            max_cost,
            allow_unpriced=allow_unpriced,
            batch=batch,
            wait=not no_wait,
        )
    )


@app.command()
def runs(database: Database = DATABASE_DEFAULT, list_format: ListFormatOption = ListFormat.table) -> None:
    """List the runs in the database."""
    from service.cli.look import list_runs

    list_runs(database, list_format)


@app.command(epilog="Example: `kojudge show demo math-1` · `kojudge show demo 'scripted:weak#math-1'`")
def show(
    run_name: RunName,
    conversation: Annotated[str, typer.Argument(help="QUESTION, MODEL#QUESTION or MODEL#QUESTION#SAMPLE.")],
    database: Database = DATABASE_DEFAULT,
    list_format: ListFormatOption = ListFormat.table,
) -> None:
    """Print conversations with their verdicts."""
    from service.cli.look import show_conversation

    show_conversation(run_name, conversation, database, list_format)


@app.command(epilog="Example: `kojudge report demo --format html --output demo.html`")
def report(
    run_name: RunName,
    report_format: ReportFormatOption = ReportFormat.table,
    language: LanguageOption = Language.en,
    reference: Reference = None,
    output: Output = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Score a stored run: means with intervals, ranks as ranges, failures by kind."""
    from service.cli.look import print_report

    print_report(run_name, database, report_format, output, language, reference)


@app.command(epilog="Example: `kojudge methods --language ko --format html --output methods.html`")
def methods(
    page_format: PageFormatOption = PageFormat.table,
    language: LanguageOption = Language.en,
    output: Output = None,
) -> None:
    """Say how every figure of a report is computed, where its formula comes from and what it needs."""
    from service.cli.emit import emit_document
    from service.report.methods import methods_document

    emit_document(methods_document(language.value), page_format, output)


app.command(epilog=compare_app.COMPARE_EXAMPLES)(compare_app.compare)
app.command(epilog=compare_app.POWER_EXAMPLES)(compare_app.power)


@app.command(epilog="Examples: `kojudge checks demo` · `kojudge checks demo --list wrong_language`")
def checks(
    run_name: RunName,
    by: Annotated[Grouping, typer.Option("--by", help="Count by model or by category.")] = Grouping.model,
    kind: Annotated[
        CheckKind | None, typer.Option("--list", help="List the answers of this kind instead of counting.")
    ] = None,
    check_format: Annotated[
        CheckFormat, typer.Option("--format", "-f", help="How to print it; a list in JSON is one object a line.")
    ] = CheckFormat.table,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Look at a run's answers by rules, without a model: language, loops, refusals, words to the judge and more.

    Nothing is stored and no score changes; the answers are read and looked at again each time.
    """
    from service.cli.checks import count_checks, list_findings

    if kind is None:
        count_checks(run_name, database, by, check_format)
    else:
        list_findings(run_name, database, kind, check_format)


@app.command(
    "import",
    epilog="Examples: `kojudge import logickor LogicKor/evaluated --name logickor` · "
    "`kojudge import mtbench FastChat/data/mt_bench` · `kojudge import arena-hard data/arena-hard-v2.0` · "
    "`kojudge import alpaca-eval results/MODEL/annotations.json`",
)
def import_(
    kind: Annotated[ImportKind, typer.Argument(help="Whose files they are.")],
    path: Annotated[Path, typer.Argument(help="A folder or a file.")],
    name: Annotated[str | None, typer.Option(help="The run's name.")] = None,
    questions: Annotated[
        Path | None, typer.Option(help="mtbench, arena-hard: the question file, if it is not found beside PATH.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="mtbench, arena-hard: the folder of answers, if it is not found beside PATH.")
    ] = None,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Take another tool's published results in as a run."""
    from service.cli.exchange import import_results

    import_results(kind, path, name, questions, answers, database)


@app.command(epilog="Example: `kojudge export jsonl demo out/`")
def export(
    kind: Annotated[ExportKind, typer.Argument(help="The format.")],
    run_name: RunName,
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it does not exist.")],
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Write a run's conversations and verdicts to files."""
    from service.cli.exchange import export_run

    export_run(kind, run_name, folder, database)


@app.command(epilog="Example: `kojudge backup backups/monday.db`")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the copy.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Copy the database to a file, safely also while a run writes to it."""
    from service.cli.upkeep import make_backup

    make_backup(file, database, force=force)


@app.command()
def check(database: Database = DATABASE_DEFAULT) -> None:
    """Read the whole database and say whether it is damaged; status 2 if it is."""
    from service.cli import upkeep

    upkeep.check(database)


@app.command(epilog="Example: `kojudge worker --database sqlite:///team.db`")
def worker(
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Runs at work at the same time.")] = 2,
    once: Annotated[bool, typer.Option("--once", help="Do what is asked for now, and end.")] = False,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Resume runs when the dashboard asks for it; the keys are read here. `kojudge dashboard` has one of its own."""
    from service.cli.worker import run_worker

    raise typer.Exit(run_worker(database, jobs, once=once))


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve at.")] = 8501,
    host: Annotated[str, typer.Option(help="Address to serve at; others than this machine's own need a login.")] = (
        "127.0.0.1"
    ),
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="Host name that browsers may use for it; can be repeated.")
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-allow-unauthenticated", help="Let in whoever reaches the address.")
    ] = False,
    database: Database = DATABASE_DEFAULT,
) -> None:
    """Look at the runs in a browser, on this machine only unless there is a login (docs/dashboard.md)."""
    from service.cli.dashboard import start_dashboard

    raise typer.Exit(start_dashboard(database, port, host, allowed_host or [], unsafe=unsafe))
