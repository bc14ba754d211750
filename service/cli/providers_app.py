"""The `providers` commands and their help."""

from typing import Annotated

import typer

from service.cli.options import ListFormat, ListFormatOption

providers_app = typer.Typer(
    help="Where models answer: what each provider needs, and what an endpoint can do.", no_args_is_help=True
)


@providers_app.command("list", epilog="Example: `kojudge providers list --format json`")
def providers_list(list_format: ListFormatOption = ListFormat.table) -> None:
    """List the providers: key variable, address, how to reach them, an example."""
    from service.cli.providers import list_providers

    list_providers(list_format)


@providers_app.command(
    "check",
    epilog="Examples: `kojudge providers check solar:solar-pro4` · "
    "`kojudge providers check ollama:exaone3.5:7.8b --timeout 300` · "
    "`kojudge providers check vllm:NAME@http://gpu1:8000/v1 --format json`",
)
def providers_check(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="PROVIDER:MODEL[@URL].")],
    timeout: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds that each call may take.")] = 60.0,
    list_format: ListFormatOption = ListFormat.table,
) -> None:
    """Ask a model a few small questions and say what its endpoint can do.

    Status 0 when it can be used (reached, key accepted, model there, a Korean question answered in Korean), else 1.
    What else it can do (schema, temperature 0, seed, logprobs) is only reported.
    """
    from service.cli.providers import check_provider

    raise typer.Exit(check_provider(model, timeout, list_format))
