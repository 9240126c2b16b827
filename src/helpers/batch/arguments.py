"""The options that commands share: name, type, help."""

from typing import Annotated

import typer

Period = Annotated[
    list[str] | None,
    typer.Option("--period", help="2017-09, 2017Q3, 2017, 2017-W38 or last-week, last-month …"),
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
SiteUrl = Annotated[str | None, typer.Option(help="Where the site will be served; remembered.")]
Jobs = Annotated[int, typer.Option(min=0, help="Reports at a time; 0: as many as cores.")]
Kernel = Annotated[str | None, typer.Option(help="An installed kernelspec; default: warm kernels.")]
Executor = Annotated[str, typer.Option(help="processes, or dask://HOST:PORT.")]
Staging = Annotated[
    str | None, typer.Option(help="fsspec address that a cluster's workers can reach.")
]
Timeout = Annotated[int, typer.Option(min=0, help="Seconds that one cell may take; 0: no limit.")]
ReportTimeout = Annotated[int, typer.Option(min=0, help="Seconds that one report may take.")]
Memory = Annotated[int, typer.Option(min=0, help="MiB that one kernel may use; 0: a fair share.")]
Retries = Annotated[int, typer.Option(min=0, help="More attempts when a kernel died.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Renderer = Annotated[str, typer.Option(help="auto, quarto or built-in.")]
Port = Annotated[int, typer.Option(min=0, help="Where to serve the site; 0: a free one.")]
NoPublish = Annotated[
    bool, typer.Option("--no-publish", help="Execute only; leave the site as it is.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Stop if another run is at work.")]
Profile = Annotated[bool, typer.Option("--profile", help="Name the slowest cells at the end.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="--to: replace files that no deployment put there.")
]
Verify = Annotated[
    bool, typer.Option("--verify", help="--to: read what is there, and mend what was altered.")
]
