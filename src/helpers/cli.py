"""The command `crm-reports`: thin, and light until a command needs more."""

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from helpers.batch.arguments import (
    Dry,
    Executor,
    Explain,
    Family,
    First,
    Force,
    Formats,
    Jobs,
    Kernel,
    Last,
    Memory,
    NoPublish,
    NoWait,
    Only,
    Overwrite,
    Period,
    Port,
    Profile,
    Renderer,
    ReportTimeout,
    Retries,
    SiteUrl,
    Slice,
    Source,
    Staging,
    Timeout,
    Values,
    Verify,
)
from helpers.errors import HelpersError

app = typer.Typer(
    name="crm-reports",
    help="Runs the reports that are out of date, and publishes them as a site.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double what --help costs
    pretty_exceptions_enable=False,
)


def command(name: str, **about: Any) -> Callable[[Callable[..., int | None]], Any]:
    """Register a command: an error is said in words, and decides the exit status."""

    def register(call: Callable[..., int | None]) -> Callable[..., int | None]:
        @functools.wraps(call)
        def wrapped(*args: Any, **kwargs: Any) -> None:
            try:
                status = call(*args, **kwargs) or 0
            except HelpersError as error:
                typer.echo(f"Error: {error}", err=True)
                status = error.exit_status
            except KeyboardInterrupt:
                typer.echo("Stopped. What had finished is kept; a new run goes on there.", err=True)
                status = 130
            raise typer.Exit(status)

        app.command(name, **about)(wrapped)
        return call

    return register


@command("backfill", help="Run every period --from --to (default: all that the data covers).")
@command("run", help="Run what is out of date (default: the last three months) and publish it.")
def run(
    context: typer.Context,
    period: Period = None,
    first: First = None,
    last: Last = None,
    family: Family = None,
    source: Source = None,
    slice: Slice = None,
    values: Values = None,
    only: Only = None,
    force: Force = False,
    explain: Explain = None,
    dry_run: Dry = False,
    formats: Formats = "html,pdf",
    site_url: SiteUrl = None,
    no_publish: NoPublish = False,
    jobs: Jobs = 0,
    kernel: Kernel = None,
    executor: Executor = "processes",
    staging: Staging = None,
    timeout: Timeout = 600,
    report_timeout: ReportTimeout = 1800,
    memory: Memory = 0,
    retries: Retries = 2,
    no_wait: NoWait = False,
    profile: Profile = False,
) -> int:
    """Plan, execute, publish."""
    from helpers.batch import commands

    if context.info_name == "backfill" and not (period or first or last):
        first = "all"
    asked = commands.selection(period, first, last, family, source, slice, values, only)
    options = commands.options(
        jobs=jobs,
        kernel=kernel,
        executor=executor,
        staging=staging,
        timeout=timeout,
        report_timeout=report_timeout,
        memory=memory,
        retries=retries,
        command=" ".join(["crm-reports", *sys.argv[1:]]),
    )
    if dry_run or explain:
        return commands.show_plan(asked, options, force=force, explain=explain)
    site = None if no_publish else functools.partial(_publish, formats, site_url)
    return commands.run(
        asked, options, force=force, wait=not no_wait, profile=profile, publish=site
    )


@command("plan", help="List what would run, and why.")
def plan(
    period: Period = None,
    first: First = None,
    last: Last = None,
    family: Family = None,
    source: Source = None,
    slice: Slice = None,
    values: Values = None,
    only: Only = None,
    force: Force = False,
    explain: Explain = None,
    kernel: Kernel = None,
) -> int:
    """Plan, and say so."""
    from helpers.batch import commands

    asked = commands.selection(period, first, last, family, source, slice, values, only)
    return commands.show_plan(asked, commands.options(kernel=kernel), force=force, explain=explain)


@command("params", help="Show a family's parameters: value, origin, type, bounds, meaning.")
def parameters(family: str, source: Source = None) -> None:
    """Show parameters."""
    from helpers.batch import shown

    _say(shown.parameters(family, source))


@command("sources", help="List the sources; with a name, what it holds and what cleaning did.")
def sources(source: Annotated[str | None, typer.Argument()] = None) -> None:
    """Show sources."""
    from helpers.batch import shown
    from helpers.sources import available, describe

    if source is None:
        _say(shown.listed(describe(name) for name in available()))
    else:
        _say(shown.source(describe(source)))


@command("check", help="Check notebooks, parameter files and KPI contracts.")
def check() -> int:
    """Check what is committed."""
    from helpers.batch import check as checks

    found = [*checks.problems(), *_contracts()]
    _say(found)
    typer.echo(
        f"{len(found)} problems." if found else "Notebooks and parameters are as they should be."
    )
    return 1 if found else 0


def _contracts() -> list[str]:
    """Return the KPIs that two families define differently, and families without metrics."""
    from importlib import import_module

    from helpers.params import families

    owner: dict[str, tuple[str, Any]] = {}
    found = []
    for family in families():
        try:
            metrics = import_module(f"helpers.metrics.{family}")
        except ModuleNotFoundError as error:
            found.append(f"{family}: its metrics cannot be imported: {error}")
            continue
        for contract in metrics.CONTRACTS:
            first, same = owner.setdefault(contract.name, (family, contract))
            if same != contract:
                found.append(f"{family}: the KPI {contract.name} is defined by {first} differently")
    return found


@command("publish", help="Publish the site again from the executed notebooks.")
def publish(
    formats: Formats = "html,pdf",
    renderer: Renderer = "auto",
    site_url: SiteUrl = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve it to this machine.")] = False,
    port: Port = 8000,
    to: Annotated[str | None, typer.Option(help="Copy it to a folder or fsspec address.")] = None,
    overwrite: Overwrite = False,
    verify: Verify = False,
) -> int:
    """Publish what is there."""
    from helpers.batch import lock, published

    with lock.one_run(wait=True, say=typer.echo):
        published.forget()
        status = _publish(formats, site_url, renderer)
    if to:
        from helpers.publish import deploy

        typer.echo(deploy(to, overwrite=overwrite, verify=verify).said)
    if serve:
        from helpers.publish import serve as serve_site

        serve_site(port, ready=typer.echo)
    return status


@command("prune", help="Delete what neither the site nor the last runs need; says what first.")
def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many runs to keep the records of.")] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> int:
    """Delete what is not needed."""
    from helpers.batch import commands

    return commands.prune(keep, yes=yes, ask=typer.confirm if sys.stdin.isatty() else None)


@command("watch", help="Run and publish what a change on disk touches, until Ctrl-C.")
def watch(
    period: Period = None,
    first: First = None,
    last: Last = None,
    family: Family = None,
    source: Source = None,
    slice: Slice = None,
    values: Values = None,
    only: Only = None,
    formats: Formats = "html",
    jobs: Jobs = 0,
    kernel: Kernel = None,
    port: Port = 8000,
) -> None:
    """Watch."""
    from helpers.batch import commands

    asked = commands.selection(period, first, last, family, source, slice, values, only)
    options = commands.options(jobs=jobs, kernel=kernel, command="crm-reports watch")
    commands.watch(asked, options, publish=lambda: _publish(formats, None), port=port)


def _publish(formats: str, site_url: str | None, renderer: str = "auto") -> int:
    from helpers import paths
    from helpers.batch import published
    from helpers.batch.progress import counted

    chosen = tuple(part.strip() for part in formats.split(",") if part.strip())
    index, made_from = paths.site() / "index.html", published.key(chosen, site_url)
    if published.is_current(made_from):
        typer.echo(f"The site is up to date.\n{index}")
        return 0
    from helpers.publish import publish

    made = publish(formats=chosen, renderer=renderer, site_url=site_url)
    for name, why in made.failed:
        typer.echo(f"Not published: {name}: {why}", err=True)
    for name, letters in made.squares:
        typer.echo(f"Squares in {name}: no font on this machine has {letters}", err=True)
    if not made.failed:
        published.note(made_from)
    said = f"Published {counted(made.pages, 'report')}, {counted(made.written, 'new file')},"
    typer.echo(f"{said} with the {made.renderer} renderer: {made.why}\n{index}")
    return 1 if made.failed else 0


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
