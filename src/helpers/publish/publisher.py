"""One publication: executed notebooks in, a site out, nothing half-done and nothing made twice."""

import errno
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.errors import HelpersError, PublishError
from helpers.publish import files, guard, store
from helpers.publish.downloads import downloads
from helpers.publish.executed import document_of, executed
from helpers.publish.identity import edition_of
from helpers.publish.model import Key, Page, Site, page_of
from helpers.publish.reading import Document
from helpers.publish.reconciling import contradictions
from helpers.publish.renderer import Job, Made, Renderer
from helpers.publish.settings import Settings
from helpers.publish.stale import mark
from helpers.publish.store import Entry, Manifest
from helpers.publish.withdrawing import shows_too, withdraw

_KEPT = 24
"""Documents held in memory between reading and rendering."""
_MACHINE = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}
"""What a disk says that no other report is spared."""


@dataclass
class Publication:
    """The state of one publication while it goes on.

    `stale` comes from the last run; `look` is the digest of all that decides how pages look;
    `present` holds the files of the site that are as they were written.
    """

    renderer: Renderer
    settings: Settings
    manifest: Manifest
    pdf: bool
    site_url: str
    look: str
    squares: dict[str, set[str]] = field(default_factory=dict)
    stale: dict[Key, str] = field(default_factory=dict)
    notebooks: dict[Key, Path] = field(default_factory=dict)
    pending: dict[Key, tuple[Page, str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    present: dict[str, files.Mark] = field(default_factory=dict)
    _documents: dict[Key, Document] = field(default_factory=dict)
    _pages: dict[str, tuple[object, Page]] = field(default_factory=dict)

    def find(self) -> None:
        """Find the executed notebooks, and which files of the site are as they were written.

        Raises:
            OSError: the site cannot be written.
        """
        self.notebooks, self.failed = executed()
        paths.site().mkdir(parents=True, exist_ok=True)
        self.present = files.present(paths.site())
        for name in store.altered(self.manifest, self.present):
            del self.present[name]  # as if it were gone: it is made again

    def read_changed(self) -> None:
        """Read the notebooks whose content changed, and those that failed the last time."""
        for key, path in self.notebooks.items():
            entry = self.manifest.entries.setdefault(key.path, Entry())
            stat = store.stat_of(path)
            if entry.stat == stat and entry.page and entry.digest and not entry.failed:
                continue
            content = store.digest(path.read_bytes())
            entry.stat = stat
            if content == entry.digest and entry.page and not entry.failed:
                continue
            try:
                self.pending[key] = page_of(key, self.document(key)), content
                entry.failed = ""
            except Exception as error:  # whatever a notebook holds, the others are spared
                self.fail(key, error, content)

    def reconcile(self) -> None:
        """Refuse what changed where the reports of one period contradict each other.

        Reports whose page says that it is not up to date are older, and contradict nobody.
        """
        pages = dict(self._noted(lambda _, entry: not entry.failed))
        pages.update({key: page for key, (page, _) in self.pending.items()})
        current = [page for key, page in pages.items() if key not in self.stale]
        for keys, error in contradictions(current):
            for key in keys & self.pending.keys():
                self.fail(key, error)

    def document(self, key: Key) -> Document:
        """Return a notebook's document, guarded, and the same one when asked again.

        Raises:
            PublishError: it cannot be read, or is about another report than its name says.
            DisclosureError: it is about a single customer.
        """
        if key not in self._documents:
            try:
                document = document_of(key, self.notebooks[key])
            except Exception as error:
                raise _said(key, error) from error
            if len(self._documents) >= _KEPT:
                self._documents.clear()
            self._documents[key] = document
        return self._documents[key]

    def fail(self, key: Key, error: Exception, content: str = "") -> None:
        """Note that a report could not be published; its last page, if there is one, stays.

        Unless it shows what is refused: then it is withdrawn. `content` is the notebook's digest.
        """
        said = " ".join(str(_said(key, error)).split())
        entry = self.manifest.entries.setdefault(key.path, Entry())
        refused = isinstance(error, guard.DisclosedError)
        if refused and shows_too(key, entry, self.notebooks[key], content or self._digest(key)):
            withdraw(key, self.manifest, self.present)
            said += " Its page showed the same and was withdrawn."
        self.failed[key.path] = said
        self.pending.pop(key, None)
        self.manifest.entries[key.path].failed = said

    def site(self) -> Site:
        """Return the model of all pages that are there, or will be when nothing fails."""
        pages = dict(self._noted(self._there))
        pages.update({key: page for key, (page, _) in self.pending.items()})
        stale = dict(self.stale)
        for key in pages:
            if self.manifest.entries[key.path].failed:
                stale[key] = "A newer edition could not be published; this is the one before."
        ordered = tuple(pages[key] for key in sorted(pages))
        return Site(ordered, self.settings.families, stale)

    def _noted(self, wanted: Any) -> Iterator[tuple[Key, Page]]:
        """Yield the pages that were published before and whose notebooks are there."""
        for name, entry in self.manifest.entries.items():
            key = Key.parse(name)
            if entry.page and key in self.notebooks and wanted(name, entry):
                noted, page = self._pages.get(name, (None, None))
                if noted is not entry.page or page is None:
                    page = Page.from_json(entry.page)
                    self._pages[name] = entry.page, page
                yield key, page

    def _there(self, name: str, entry: Entry) -> bool:
        return not entry.failed or f"{name}.html" in self.present

    def _digest(self, key: Key) -> str:
        return (
            self.pending[key][1] if key in self.pending else self.manifest.entries[key.path].digest
        )

    def _html_of(self, page: Page, site: Site) -> str:
        linked: Iterable[Page | None] = (*site.neighbours(page.key), *site.slices(page.key))
        return store.digest(
            self._rest_of(page),
            self.pdf or self._has_paper(page),
            self.site_url,
            site.stale.get(page.key, ""),
            *((p.key.path, p.period_text, p.slice_text) if p else "" for p in linked),
        )

    def _rest_of(self, page: Page) -> str:
        return store.digest(self.look, self.renderer.name, self._digest(page.key))

    def _has_paper(self, page: Page) -> bool:
        """Return whether a PDF of this very edition is there, whoever asked for it."""
        path, entry = f"{page.key.path}.pdf", self.manifest.entries[page.key.path]
        return page.key not in self.pending and path in entry.files and path in self.present

    def render(self) -> Site:
        """Render what changed or is missing, and return the model of what is there afterwards.

        Pages that are not there yet come before those that link to them. One that fails takes
        these links away, so another round follows until none fails.
        """
        while True:
            site, failures = self.site(), len(self.failed)
            jobs = [job for page in site.pages if (job := self._job(page, site))]
            new = {job.key for job in jobs if f"{job.key.path}.html" not in self.present}
            jobs.sort(key=lambda job: job.key not in new)
            held: list[Made] = []
            lost = False
            for made in self.renderer.render(
                jobs, site, self.settings, pdf=self.pdf, site_url=self.site_url
            ):
                held.append(made)
                if made.job.key in new:
                    new.discard(made.job.key)
                    lost = not self._put(held.pop(), site) or lost
                if lost and not new:
                    break  # the others link to what is not there
                while held and not new:
                    self._put(held.pop(0), site)
            if len(self.failed) == failures:
                return site

    def _job(self, page: Page, site: Site) -> Job | None:
        key = page.key
        entry = self.manifest.entries[key.path]
        if entry.failed:
            return None
        complete = bool(entry.files) and entry.files.keys() <= self.present.keys()
        made_of = self._rest_of(page)
        rest = not complete or entry.rest_of != made_of or (self.pdf and entry.pdf_of != made_of)
        if not rest and entry.html_of == self._html_of(page, site):
            return None
        return Job(page, lambda: self.document(key), rest, self._has_paper(page))

    def _put(self, made: Made, site: Site) -> bool:
        """Write what was made of a report; return whether there is something."""
        page, key, paper = made.job.page, made.job.key, f"{made.job.key.path}.pdf"
        entry = self.manifest.entries[key.path]
        outputs: dict[str, bytes | str] = {}
        try:
            if made.error is not None:
                raise made.error
            if made.job.rest:
                document = made.job.document()
                known = guard.guard_of(document)
                outputs.update(downloads(self.notebooks[key], document, page, known))
                entry.edition = edition_of(document)
            if made.pdf is not None:
                outputs[paper] = made.pdf
            outputs[f"{key.path}.html"] = made.html  # last: it links to the others
            stamps = self._write(outputs, entry)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _MACHINE:
                raise
            self.fail(key, error)
            return False
        if made.pdf is not None:
            entry.pdf_of = self._rest_of(page)
            self.squares.update({paper: made.squares} if made.squares else {})
        entry.html_of, entry.rest_of = self._html_of(page, site), self._rest_of(page)
        if made.job.rest:
            kept = [paper] if made.job.paper and paper not in outputs else []
            entry.files = {**stamps, **{name: entry.files[name] for name in kept}}
            entry.pdf_of = entry.pdf_of if paper in entry.files else ""
        entry.files.update(stamps)
        entry.page, entry.digest = page.as_json(), self._digest(key)
        self.pending.pop(key, None)
        return True

    def _write(self, outputs: Mapping[str, bytes | str], entry: Entry) -> dict[str, files.Stamp]:
        """Write a report's files; where one is refused, those that are new are taken back."""
        stamps: dict[str, files.Stamp] = {}
        try:
            for name, content in outputs.items():
                stamps[name] = self._put_file(name, content)
        except OSError:
            files.remove(paths.site(), [name for name in stamps if name not in entry.files])
            raise
        return stamps

    def _put_file(self, name: str, content: bytes | str) -> files.Stamp:
        path = paths.site() / name
        if files.put(path, content):
            self.written.add(name)
        made = files.stamp(path, content)
        self.present[name] = int(made[1]), int(made[2])
        return made

    def stamps(self, names: Iterable[str]) -> dict[str, files.Stamp]:
        """Return the stamps of files that are about more than one report."""
        known, site = self.manifest.files, paths.site()
        kept = known.keys() & self.present.keys() - self.written
        return {n: known[n] if n in kept else files.stamp(site / n) for n in sorted(names)}

    def mark_stale(self, site: Site) -> None:
        """Say on the pages that are kept that they are not up to date."""
        for page in site.pages:
            name, entry = f"{page.key.path}.html", self.manifest.entries[page.key.path]
            said = site.stale.get(page.key)
            if said and mark(paths.site() / name, said):
                self.written.add(name)
                entry.html_of = ""  # its file says more than it did
                entry.files[name] = files.stamp(paths.site() / name)

    def forget(self, site: Site) -> None:
        """Drop what is known of notebooks that are gone, and of pages that are not shown."""
        for name in list(self.manifest.entries):
            if Key.parse(name) not in site.by_key:
                del self.manifest.entries[name]


def _said(key: Key, error: Exception) -> HelpersError:
    """Return an error as one of the project's own."""
    if isinstance(error, HelpersError):
        return error
    return PublishError(
        f"cannot be published: {type(error).__name__}: {error}"[:300], file=key.path
    )
