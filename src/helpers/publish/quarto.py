"""The Quarto renderer: one project render for all that changed, pages and PDFs together.

Quarto gets documents in which nothing is left to interpret: the built-in renderer's page and typst
source stand in raw blocks, so that both renderers publish the same words, heads and policies at the
same addresses. Backticks and braces from data are written as entities or escapes, for Quarto
expands shortcodes even inside raw blocks and outputs.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from helpers import paths
from helpers.errors import HelpersError, PublishError
from helpers.publish import settings as settings_of
from helpers.publish.html import report_html
from helpers.publish.model import Page, Site
from helpers.publish.pdf import STAND_IN, missing_from
from helpers.publish.renderer import Job, Made
from helpers.publish.settings import Settings
from helpers.publish.text import plain
from helpers.publish.typst_source import report_source
from helpers.publish.views import view

_FENCE = "`" * 12
_SECONDS_ALL, _SECONDS_EACH = 120, 30
_THEME_IMPORT = '#import "/report.typ": *\n'


class Quarto:
    """Renders a staged project under `reports/output/store/quarto`."""

    name = "quarto"

    def render(
        self, jobs: Sequence[Job], site: Site, settings: Settings, *, pdf: bool, site_url: str
    ) -> Iterator[Made]:
        """Yield each report's page and, if asked for, its PDF.

        Quarto renders in the order it is given and ends with the first document that fails, so the
        first one without a page is the faulty one, and those after it are rendered again.
        """
        if not jobs:
            return
        project = _Project(settings, pdf=pdf, site_url=site_url)
        waiting: list[Job] = []
        for job in jobs:
            try:
                project.stage(job, site)
                waiting.append(job)
            except HelpersError as error:
                yield Made(job, error=error)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                yield Made(job, error=PublishError(f"cannot be staged: {error!r}", file=job.key))
        while waiting:
            goes_on = project.render(waiting)
            left = [job for job in waiting if not project.has(job)]
            missed = {job.key for job in left}
            yield from (project.take(job) for job in waiting if job.key not in missed)
            if left and goes_on and project.put_stand_ins(left[0]):
                waiting = left
                continue
            failed = left[:1] if goes_on else left
            yield from (Made(job, error=project.error(job)) for job in failed)
            waiting = left[len(failed) :]


class _Project:
    """A staged Quarto project and its output folder, which lies outside of it.

    Documents are numbered, not named after their report: in `project.render` a name is a pattern.
    """

    def __init__(self, settings: Settings, *, pdf: bool, site_url: str) -> None:
        self._settings, self._pdf, self._site_url = settings, pdf, site_url
        home = paths.output() / "store" / "quarto"
        self._folder, self._out = home / "project", home / "out"
        self._numbers: dict[str, int] = {}
        self._said = ""
        shutil.rmtree(home, ignore_errors=True)
        self._folder.mkdir(parents=True)
        theme, base = settings_of.theme(), settings_of.theme().parent / "quarto"
        shutil.copytree(theme / "fonts", self._folder / "fonts")
        for name in ("bare.html", "bare.typ"):
            shutil.copy(base / name, self._folder)
        self._config: dict[str, Any] = yaml.safe_load((base / "_quarto.yml").read_text("utf-8"))
        self._theme = (theme / "typst" / "report.typ").read_text("utf-8")

    def stage(self, job: Job, site: Site) -> None:
        """Write a report's document into the project."""
        document, page = job.document(), job.page
        html = report_html(
            view(document), page, site, self._settings, pdf=self._pdf, site_url=self._site_url
        )
        # Quarto keeps a doctype only if it comes first and in capitals; without it the browser
        # falls back to quirks mode.
        html = re.sub(r"^\s*<!doctype html>", "<!DOCTYPE html>", html, flags=re.IGNORECASE)
        paper = self._wants_pdf(job)
        parts = [_head(page, self._settings, pdf=paper), _raw("html", neutral_html(html))]
        if paper:
            source = report_source(document, page, self._settings)
            parts.append(_raw("typst", self._theme + source.replace(_THEME_IMPORT, "", 1)))
        self._numbers[job.key.path] = len(self._numbers) + 1
        (self._folder / self._name(job, "qmd")).write_text("\n".join(parts), "utf-8")

    def render(self, jobs: Sequence[Job]) -> bool:
        """Render these documents in one call; return whether another call has a chance."""
        project = {
            **self._config.get("project", {}),
            "output-dir": os.path.relpath(self._out, self._folder),
            "render": [self._name(job, "qmd") for job in jobs],
        }
        config = yaml.safe_dump({**self._config, "project": project}, sort_keys=False)
        (self._folder / "_quarto.yml").write_text(config, "utf-8")
        try:
            self._said = _run(self._folder, _SECONDS_ALL + _SECONDS_EACH * len(jobs))
        except subprocess.TimeoutExpired:
            self._said = "error: it took too long and was stopped"
            return False
        except OSError as error:
            self._said = f"error: it did not start: {error.strerror}"
            return False
        return True

    def has(self, job: Job) -> bool:
        """Return whether all that is wanted of a report was rendered."""
        page, paper = self._out / self._name(job, "html"), self._out / self._name(job, "pdf")
        return page.is_file() and (paper.is_file() or not self._wants_pdf(job))

    def take(self, job: Job) -> Made:
        """Return what was rendered of a report."""
        made = Made(job, html=(self._out / self._name(job, "html")).read_text("utf-8"))
        if self._wants_pdf(job):
            made.pdf = (self._out / self._name(job, "pdf")).read_bytes()
        return made

    def put_stand_ins(self, job: Job) -> bool:
        """Put squares for the characters that no font has; False if that is not what failed."""
        path = self._folder / self._name(job, "qmd")
        before = path.read_text("utf-8")
        head, fence, source = before.rpartition(f"{_FENCE}{{=typst}}")
        for text in missing_from(self._said) if fence else ():
            source = source.replace(text, STAND_IN * len(text))
        path.write_text(head + fence + source, "utf-8")
        return head + fence + source != before

    def error(self, job: Job) -> PublishError:
        """Return what Quarto said of a report that it did not render."""
        said = re.search(r"error:\s*(?:error:\s*)?(\S.*)", self._said, re.IGNORECASE)
        line = said[1] if said else (self._said.splitlines()[-1:] or ["nothing"])[0].strip()
        line = line.replace(f"{self._folder}{os.sep}", "")[:300]
        return PublishError(f"Quarto rendered no page; it said: {line}", file=job.key.path)

    def _wants_pdf(self, job: Job) -> bool:
        return self._pdf and job.rest

    def _name(self, job: Job, suffix: str) -> str:
        return f"report-{self._numbers[job.key.path]:04}.{suffix}"


def _run(folder: Path, seconds: float) -> str:
    """Return what Quarto said while it rendered a project; stop it, and what it started, in time.

    Raises:
        subprocess.TimeoutExpired: it did not end by itself.
        OSError: it did not start.
    """
    with subprocess.Popen(
        [shutil.which("quarto") or "quarto", "render", "--no-clean"],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except BaseException:
            # `quarto` is a shell script: without it alone, deno would render on and hold the pipe.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return plain(said)


def _head(page: Page, settings: Settings, *, pdf: bool) -> str:
    title = f"{page.title}, {page.period_text}"
    title += f", {page.slice_text}" if page.slice_text else ""
    said: dict[str, Any] = {
        "pagetitle": neutral_markdown(f"{title} · {settings.title}"),
        "lang": settings.lang,
    }
    if not pdf:
        said["format"] = {"html": "default"}
    return f"---\n{yaml.safe_dump(said, allow_unicode=True, width=10_000)}---\n"


def _raw(kind: str, content: str) -> str:
    return f"{_FENCE}{{={kind}}}\n{content}\n{_FENCE}\n"


def neutral_html(html: str) -> str:
    """Return HTML in which no backtick ends a raw block and no brace opens a shortcode."""
    return html.replace("`", "&#96;").replace("{{", "&#123;&#123;").replace("}}", "&#125;&#125;")


def neutral_markdown(text: str) -> str:
    """Return a text as Markdown that means nothing but itself."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
