"""The built-in renderer: the theme's templates for pages, typst for PDFs, no other program."""

from collections.abc import Iterator, Sequence

from helpers.errors import HelpersError, PublishError
from helpers.publish.html import report_html
from helpers.publish.model import Site
from helpers.publish.pdf import compile_pdf
from helpers.publish.renderer import Job, Made
from helpers.publish.settings import Settings
from helpers.publish.typst_source import report_source
from helpers.publish.views import view


class BuiltIn:
    """Renders one document after the other, in this process."""

    name = "built-in"
    said = ""

    def render(
        self, jobs: Sequence[Job], site: Site, settings: Settings, *, pdf: bool, site_url: str
    ) -> Iterator[Made]:
        """Yield each report's page and, if asked for, its PDF."""
        for job in jobs:
            made = Made(job)
            try:
                document = job.document()
                made.html = report_html(
                    view(document), job.page, site, settings,
                    pdf=pdf or job.paper, site_url=site_url,
                )  # fmt: skip
                if pdf and job.rest:
                    source = report_source(document, job.page, settings)
                    made.pdf = compile_pdf(
                        source, as_of=job.page.as_of, place=f"{job.key}.pdf", squares=made.squares
                    )
            except HelpersError as error:
                made.error = error
            except Exception as error:  # whatever it is, it concerns this report alone
                made.error = PublishError(f"cannot be rendered: {error!r}", file=str(job.key))
            yield made
