"""The built-in renderer: the theme's templates for pages, typst for PDFs, no other program."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from helpers.errors import HelpersError, PublishError
from helpers.publish.html import report_html
from helpers.publish.model import Site
from helpers.publish.pdf import compile_pdf
from helpers.publish.renderer import Job, Made
from helpers.publish.settings import Settings
from helpers.publish.typst_source import report_source
from helpers.publish.views import view

_AT_ONCE = 2  # PDFs that typst makes beside the pages: it holds no lock of the interpreter
_AHEAD = 3  # reports begun and not yet given back

Begun = tuple[Made, Future[bytes] | None]


class BuiltIn:
    """Renders documents in this process, in their order: pages while typst makes PDFs."""

    name = "built-in"
    said = ""

    def render(
        self, jobs: Sequence[Job], site: Site, settings: Settings, *, pdf: bool, site_url: str
    ) -> Iterator[Made]:
        """Yield each report's page and, if asked for, its PDF."""
        begun: deque[Begun] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as typst:
            for job in jobs:
                begun.append(_begin(job, site, settings, typst, pdf=pdf, site_url=site_url))
                if len(begun) > _AHEAD:
                    yield _end(*begun.popleft())
            while begun:
                yield _end(*begun.popleft())


def _begin(
    job: Job, site: Site, settings: Settings, typst: ThreadPoolExecutor, *, pdf: bool, site_url: str
) -> Begun:
    """Make a report's page, and have its PDF made."""
    made = Made(job)
    try:
        document = job.document()
        made.html = report_html(
            view(document), job.page, site, settings, pdf=pdf or job.paper, site_url=site_url
        )
        if pdf and job.rest:
            source = report_source(document, job.page, settings)
            return made, typst.submit(
                compile_pdf,
                source,
                as_of=job.page.as_of,
                place=f"{job.key}.pdf",
                squares=made.squares,
            )
    except Exception as error:  # whatever it is, it concerns this report alone
        made.error = _said(job, error)
    return made, None


def _end(made: Made, paper: Future[bytes] | None) -> Made:
    """Wait for the PDF of a report."""
    try:
        made.pdf = paper.result() if paper else None
    except Exception as error:  # likewise
        made.error = _said(made.job, error)
    return made


def _said(job: Job, error: Exception) -> HelpersError:
    if isinstance(error, HelpersError):
        return error
    return PublishError(f"cannot be rendered: {error!r}", file=str(job.key))
