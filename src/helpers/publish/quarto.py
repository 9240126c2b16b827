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
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import yaml

from helpers import paths
from helpers.errors import HelpersError, PublishError
from helpers.publish import settings as settings_of
from helpers.publish.html import report_html
from helpers.publish.model import Page, Site
from helpers.publish.pdf import letters_of, missing_from, with_squares
from helpers.publish.renderer import Job, Made, Renderer
from helpers.publish.settings import Settings
from helpers.publish.text import plain
from helpers.publish.typst_source import report_source
from helpers.publish.views import view

_FENCE = "`" * 12
_SECONDS_ALL, _SECONDS_EACH, _SECONDS_QUIET = 120, 30, 120
_GIVE_UP, _GIVE_UP_LATER = 3, 10
"""Failures in a row that are Quarto's own fault: before it has rendered anything, and after."""
_THEME_IMPORT = '#import "/report.typ": *\n'


class Quarto:
    """Renders a staged project under `reports/output/store/quarto`.

    Args:
        instead: renders what Quarto does not where Quarto itself, and no document, is at fault.
    """

    name = "quarto"

    def __init__(self, instead: Renderer | None = None) -> None:
        self._instead, self.said = instead, ""

    def render(
        self, jobs: Sequence[Job], site: Site, settings: Settings, *, pdf: bool, site_url: str
    ) -> Iterator[Made]:
        """Yield each report's page and, if asked for, its PDF.

        Quarto renders in the order it is given and ends with the first document that fails, so the
        first one without a page is the faulty one, and those after it are rendered again. Where it
        had to be stopped, the first one without a page is tried alone before it is called faulty.
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
            except Exception as error:  # whatever it is, it concerns this report alone
                yield Made(job, error=PublishError(f"cannot be staged: {error!r}", file=job.key))
        refused: list[Made] = []
        done, row = False, 0
        while waiting and row < (_GIVE_UP_LATER if done else _GIVE_UP):
            made, left = project.attempt(waiting)
            faulty = bool(left)
            if project.stopped and len(waiting) > 1 and left:
                alone, still = project.attempt(left[:1])
                made, left, faulty = made + alone, still + left[1:], bool(still)
            yield from made
            if made:
                done, row = True, 0
            if faulty and not project.put_stand_ins(left[0]):
                refused.append(Made(left[0], error=project.error(left[0])))
                left, row = left[1:], row + 1
            waiting = left
        if not waiting and (done or not refused):
            yield from refused
        elif self._instead is not None:
            self.said = f"{refused[-1].error}; so the built-in renderer took its place"
            rest = [*(made.job for made in refused), *waiting]
            yield from self._instead.render(rest, site, settings, pdf=pdf, site_url=site_url)
        else:
            yield from refused
            said = f"Quarto was not asked: it had failed {row} times in a row"
            yield from (Made(job, error=PublishError(said, file=job.key.path)) for job in waiting)


class _Project:
    """A staged Quarto project and its output folder, which lies outside of it.

    Documents are numbered, not named after their report: in `project.render` a name is a pattern.
    """

    def __init__(self, settings: Settings, *, pdf: bool, site_url: str) -> None:
        self._settings, self._pdf, self._site_url = settings, pdf, site_url
        home = paths.output() / "store" / "quarto"
        self._folder, self._out = home / "project", home / "out"
        self._numbers: dict[str, int] = {}
        self._squares: dict[str, set[str]] = {}
        self._said, self.stopped = "", False
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
            view(document),
            page,
            site,
            self._settings,
            pdf=self._pdf or job.paper,
            site_url=self._site_url,
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

    def attempt(self, jobs: Sequence[Job]) -> tuple[list[Made], list[Job]]:
        """Render these documents in one call; return what came of it, and those without a page."""
        project = {
            **self._config.get("project", {}),
            "output-dir": os.path.relpath(self._out, self._folder),
            "render": [self._name(job, "qmd") for job in jobs],
        }
        config = yaml.safe_dump({**self._config, "project": project}, sort_keys=False)
        (self._folder / "_quarto.yml").write_text(config, "utf-8")
        for path in (path for job in jobs for path in self._outputs(job, self._folder)):
            path.unlink(missing_ok=True)
        self.stopped = False
        try:
            self._said = _run(self._folder, _SECONDS_ALL + _SECONDS_EACH * len(jobs))
        except subprocess.TimeoutExpired:
            self.stopped = True
            self._said = "error: it took too long and was stopped"
            self._gather(jobs)
        except OSError as error:
            self._said = f"error: it did not start: {error.strerror}"
        made = [self._take(job) for job in jobs if self._has(job, self._out)]
        taken = {each.job.key for each in made}
        return made, [job for job in jobs if job.key not in taken]

    def _gather(self, jobs: Sequence[Job]) -> None:
        """Move what a Quarto that was stopped had left beside the sources: it moves all at its end.

        The last document may be half done, and stays.
        """
        self._out.mkdir(exist_ok=True)
        for job in [job for job in jobs if self._has(job, self._folder)][:-1]:
            for path in self._outputs(job, self._folder):
                path.replace(self._out / path.name)

    def _outputs(self, job: Job, folder: Path) -> list[Path]:
        suffixes = ("html", "pdf") if self._wants_pdf(job) else ("html",)
        return [folder / self._name(job, suffix) for suffix in suffixes]

    def _has(self, job: Job, folder: Path) -> bool:
        return all(path.is_file() for path in self._outputs(job, folder))

    def _take(self, job: Job) -> Made:
        html, *paper = self._outputs(job, self._out)
        made = Made(
            job, html=html.read_text("utf-8"), squares=self._squares.get(job.key.path, set())
        )
        if paper:
            made.pdf = paper[0].read_bytes()
        return made

    def put_stand_ins(self, job: Job) -> bool:
        """Put squares for the characters that no font has; False if that is not what failed."""
        missing = missing_from(self._said)
        path = self._folder / self._name(job, "qmd")
        before = path.read_text("utf-8")
        head, fence, source = before.rpartition(f"{_FENCE}{{=typst}}")
        after = head + fence + with_squares(source, missing) if fence else before
        path.write_text(after, "utf-8")
        self._squares.setdefault(job.key.path, set()).update(letters_of(missing))
        return after != before

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
        subprocess.TimeoutExpired: it did not end by itself, or said nothing more for long.
        OSError: it did not start.
    """
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [shutil.which("quarto") or "quarto", "render", "--no-clean"],
            cwd=folder,
            env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            _await(process, said, time.monotonic() + seconds)
        except BaseException:
            # `quarto` is a shell script: without it alone, deno would render on.
            os.killpg(process.pid, signal.SIGKILL)
            raise
        said.seek(0)
        return plain(said.read().decode("utf-8", "replace"))


def _await(process: subprocess.Popen[bytes], said: IO[bytes], last: float) -> None:
    """Wait for the program's end as long as it goes on speaking, at most until `last`."""
    before = -1
    while True:
        patience = min(_SECONDS_QUIET, last - time.monotonic())
        try:
            process.wait(timeout=max(patience, 0))
            return
        except subprocess.TimeoutExpired:
            length = os.fstat(said.fileno()).st_size
            if time.monotonic() >= last or length == before:
                raise
            before = length


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
