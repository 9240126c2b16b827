"""The Quarto renderer: one project render for all that changed, pages and PDFs together.

Quarto gets documents in which nothing is left to interpret: the page's HTML and the PDF's typst
source stand in raw blocks, made from the same blocks, templates and functions as those of the
built-in renderer, so pages look and are addressed alike. Backticks and braces from data are written
as entities or escapes, for Quarto expands shortcodes even inside raw blocks and outputs.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from helpers import paths
from helpers.errors import HelpersError, PublishError
from helpers.publish import settings as settings_of
from helpers.publish.html import report_body, shell_html
from helpers.publish.model import Page, Site
from helpers.publish.renderer import Job, Made
from helpers.publish.settings import Settings
from helpers.publish.text import plain
from helpers.publish.typst_source import report_source
from helpers.publish.views import view

_FENCE = "`" * 12
_TITLE, _BODY = "@@title@@", "@@body@@"
_SECONDS_ALL, _SECONDS_EACH = 120, 30
_THEME_IMPORT = '#import "/report.typ": *\n'


class Quarto:
    """Renders a staged project under `reports/output/store/quarto`."""

    name = "quarto"

    def render(
        self, jobs: Sequence[Job], site: Site, settings: Settings, *, pdf: bool, site_url: str
    ) -> Iterator[Made]:
        """Yield each report's page and, if asked for, its PDF.

        A document that fails ends Quarto's whole render, so those left without a page are then
        rendered one by one, and only the faulty ones fail.
        """
        if not jobs:
            return
        project = _Project(settings, pdf=pdf)
        staged: list[Job] = []
        for job in jobs:
            try:
                project.stage(job, site)
                staged.append(job)
            except HelpersError as error:
                yield Made(job, error=error)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                yield Made(job, error=PublishError(f"cannot be staged: {error!r}", file=job.key))
        project.render([job.page for job in staged])
        for job in staged:
            made = project.take(job)
            if made.error is not None and len(staged) > 1:
                project.render([job.page])
                made = project.take(job)
            yield made


class _Project:
    """A staged Quarto project and its output folder, which lies outside of it."""

    def __init__(self, settings: Settings, *, pdf: bool) -> None:
        self._settings, self._pdf = settings, pdf
        self._home = paths.output() / "store" / "quarto"
        self._folder, self._out = self._home / "project", self._home / "out"
        self._said = ""
        shutil.rmtree(self._home, ignore_errors=True)
        self._folder.mkdir(parents=True)
        theme, base = settings_of.theme(), settings_of.theme().parent / "quarto"
        shutil.copytree(theme / "fonts", self._folder / "fonts")
        shutil.copy(base / "bare.typ", self._folder)
        self._config: dict[str, Any] = yaml.safe_load((base / "_quarto.yml").read_text("utf-8"))
        self._theme = (theme / "typst" / "report.typ").read_text("utf-8")
        shell = shell_html(settings, title=_TITLE, body=_BODY).replace("$", "$$")
        page = shell.replace(_TITLE, "$pagetitle$").replace(_BODY, "$body$")
        (self._folder / "page.html").write_text(page, "utf-8")

    def stage(self, job: Job, site: Site) -> None:
        """Write a report's document into the project."""
        document, page = job.document(), job.page
        body = report_body(view(document), page, site, self._settings, pdf=self._pdf)
        parts = [_head(page, self._settings), _raw("html", neutral_html(body))]
        if self._pdf:
            source = report_source(document, page, self._settings)
            parts.append(_raw("typst", self._theme + source.replace(_THEME_IMPORT, "", 1)))
        path = self._folder / f"{page.key.path}.qmd"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(parts), "utf-8")

    def render(self, pages: Sequence[Page]) -> None:
        """Render these documents in one call; what failed shows in what is missing afterwards."""
        if not pages:
            return
        project = {
            **self._config.get("project", {}),
            "output-dir": os.path.relpath(self._out, self._folder),
            "render": [f"{page.key.path}.qmd" for page in pages],
        }
        formats = {
            name: given
            for name, given in self._config["format"].items()
            if self._pdf or name != "typst"
        }
        config = {**self._config, "project": project, "format": formats}
        (self._folder / "_quarto.yml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        try:
            done = subprocess.run(
                [shutil.which("quarto") or "quarto", "render", "--no-clean"],
                cwd=self._folder,
                env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
                capture_output=True,
                text=True,
                timeout=_SECONDS_ALL + _SECONDS_EACH * len(pages),
                check=False,
            )
            self._said = plain(done.stderr or done.stdout)
        except subprocess.TimeoutExpired:
            self._said = "it took too long and was stopped"
        except OSError as error:
            self._said = f"it did not start: {error.strerror}"

    def take(self, job: Job) -> Made:
        """Return what was rendered of a report."""
        base = self._out / job.key.path
        page, paper = base.with_name(f"{base.name}.html"), base.with_name(f"{base.name}.pdf")
        if not page.is_file() or (self._pdf and not paper.is_file()):
            return Made(job, error=self._error(job))
        made = Made(job, html=page.read_text("utf-8"))
        made.pdf = paper.read_bytes() if self._pdf else None
        folder = base.with_name(f"{base.name}_files")
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.is_file():
                made.extra[path.relative_to(self._out).as_posix()] = path.read_bytes()
        return made

    def _error(self, job: Job) -> PublishError:
        lines = [line.strip() for line in self._said.splitlines() if "error" in line.lower()]
        said = (lines or self._said.splitlines()[-1:] or ["nothing"])[0][:300]
        return PublishError(f"Quarto rendered no page; it said: {said}", file=job.key.path)


def _head(page: Page, settings: Settings) -> str:
    title = f"{page.title}, {page.period_text}"
    title += f", {page.slice_text}" if page.slice_text else ""
    said = yaml.safe_dump(
        {"pagetitle": neutral_markdown(f"{title} · {settings.title}"), "lang": settings.lang},
        allow_unicode=True,
        width=10_000,
    )
    return f"---\n{said}---\n"


def _raw(kind: str, content: str) -> str:
    return f"{_FENCE}{{={kind}}}\n{content}\n{_FENCE}\n"


def neutral_html(html: str) -> str:
    """Return HTML in which no backtick ends a raw block and no brace opens a shortcode."""
    return html.replace("`", "&#96;").replace("{{", "&#123;&#123;").replace("}}", "&#125;&#125;")


def neutral_markdown(text: str) -> str:
    """Return a text as Markdown that means nothing but itself."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
