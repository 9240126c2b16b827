"""The command `crm-reports`: thin, and light until a command needs more."""

import functools
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from helpers.errors import HelpersError

app = typer.Typer(
    name="crm-reports",
    help="Runs the reports that are out of date, and publishes them as a site.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double what --help costs
    pretty_exceptions_enable=False,
)

Period = Annotated[
    list[str] | None, typer.Option("--period", help="2017-09, 2017Q3, 2017 or 2017-W38.")
]
First = Annotated[str | None, typer.Option("--from", help="The first period.")]
Last = Annotated[str | None, typer.Option("--to", help="The last period.")]
Family = Annotated[list[str] | None, typer.Option(help="A report family; default: all of them.")]
Source = Annotated[str | None, typer.Option(help="A file of params/sources/.")]
Slice = Annotated[
    list[str] | None, typer.Option(help="`all`, or attribute=value of the customers.")
]
Values = Annotated[list[str] | None, typer.Option("-p", help="A parameter, as name=value.")]
Only = Annotated[
    list[str] | None, typer.Option(help="Of these, only names such as */churn/2017-1*.")
]
Force = Annotated[bool, typer.Option("--force", help="Run what is up to date too.")]
Explain = Annotated[
    tuple[str, str] | None,
    typer.Option(help="FAMILY PERIOD: what it depends on, and what changed."),
]
Formats = Annotated[str, typer.Option(help="html, or html,pdf.")]
SiteUrl = Annotated[str | None, typer.Option(help="Where the site will be served, for its feed.")]
Jobs = Annotated[int, typer.Option(min=0, help="Reports at a time; 0: as many as cores.")]
Kernel = Annotated[str | None, typer.Option(help="An installed kernelspec; default: warm kernels.")]
Executor = Annotated[str, typer.Option(help="processes, or dask://HOST:PORT.")]
Timeout = Annotated[int, typer.Option(min=0, help="Seconds that one cell may take; 0: no limit.")]
ReportTimeout = Annotated[int, typer.Option(min=0, help="Seconds that one report may take.")]
Memory = Annotated[int, typer.Option(min=0, help="MiB that one kernel may use; 0: a fair share.")]
Retries = Annotated[int, typer.Option(min=0, help="More attempts when a kernel died.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
NoPublish = Annotated[
    bool, typer.Option("--no-publish", help="Execute only; leave the site as it is.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Stop if another run is at work.")]
Profile = Annotated[bool, typer.Option("--profile", help="Name the slowest cells at the end.")]


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
    if dry_run or explain:
        return commands.show_plan(asked, force=force, explain=explain)
    options = commands.options(
        jobs=jobs,
        kernel=kernel,
        executor=executor,
        timeout=timeout,
        report_timeout=report_timeout,
        memory=memory,
        retries=retries,
        command=" ".join(["crm-reports", *sys.argv[1:]]),
    )
    status = commands.run(asked, options, force=force, wait=not no_wait, profile=profile)
    return status if no_publish else max(status, _publish(formats, site_url))


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
) -> int:
    """Plan, and say so."""
    from helpers.batch import commands

    asked = commands.selection(period, first, last, family, source, slice, values, only)
    return commands.show_plan(asked, force=force, explain=explain)


@command("publish", help="Publish the site again from the executed notebooks.")
def publish(formats: Formats = "html,pdf", site_url: SiteUrl = None) -> int:
    """Publish what is there."""
    return _publish(formats, site_url)


def _publish(formats: str, site_url: str | None) -> int:
    from helpers import paths
    from helpers.publish import publish

    chosen = tuple(part.strip() for part in formats.split(",") if part.strip())
    made = publish(formats=chosen, site_url=site_url)
    for name, why in made.failed:
        typer.echo(f"Not published: {name}: {why}", err=True)
    typer.echo(f"Published {made.pages} pages with the {made.renderer} renderer: {made.why}")
    typer.echo(str(paths.site() / "index.html"))
    return 1 if made.failed else 0


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
