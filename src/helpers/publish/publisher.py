"""One publication: executed notebooks in, a site out, nothing half-done and nothing made twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from helpers import paths
from helpers.errors import DisclosureError, HelpersError, PeriodError, PublishError
from helpers.publish import files, guard, store
from helpers.publish.downloads import downloads
from helpers.publish.identity import edition_of
from helpers.publish.model import Key, Page, Site, page_of
from helpers.publish.reading import Document, read
from helpers.publish.reconciling import contradictions
from helpers.publish.renderer import Job, Made, Renderer
from helpers.publish.settings import Settings
from helpers.publish.stale import mark
from helpers.publish.store import Entry, Manifest

_KEPT = 24
"""Documents held in memory between reading and rendering."""


@dataclass
class Publication:
    """The state of one publication while it goes on.

    `stale` comes from the last run; `look` is the digest of all that decides how pages look.
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
    present: set[str] = field(default_factory=set)
    _documents: dict[Key, Document] = field(default_factory=dict)

    def find(self) -> None:
        """Find the executed notebooks; a name that is no report's is a failure."""
        spelled: dict[str, str] = {}
        for path in sorted(paths.executed().glob("*/*/*.ipynb")):
            key = Key(path.parts[-3], path.parts[-2], path.stem)
            if path.name.startswith((".", "_")):
                continue
            try:
                key.period  # noqa: B018 - asked for its error
            except PeriodError as error:
                self.failed[key.path] = error.message
                continue
            other = spelled.setdefault(key.path.casefold(), key.path)
            if other != key.path:
                self.failed[key.path] = f"has the same address as {other} where case is ignored"
                continue
            self.notebooks[key] = path

    def read_changed(self) -> None:
        """Read the notebooks whose content changed, and those that failed the last time."""
        for key, path in self.notebooks.items():
            entry = self.manifest.entries.setdefault(key.path, Entry())
            stat = store.stat_of(path)
            if entry.stat == stat and entry.page and not entry.failed:
                continue
            content = store.digest(path.read_bytes())
            entry.stat = stat
            if content == entry.digest and entry.page and not entry.failed:
                continue
            try:
                self.pending[key] = page_of(key, self.document(key)), content
                entry.failed = ""
            except HelpersError as error:
                self.fail(key, error)

    def reconcile(self) -> None:
        """Refuse what changed where the reports of one period contradict each other.

        Reports whose page says that it is not up to date are older, and contradict nobody.
        """
        pages = {
            Key.parse(name): Page.from_json(entry.page)
            for name, entry in self.manifest.entries.items()
            if entry.page and not entry.failed and Key.parse(name) in self.notebooks
        }
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
            document = read(self.notebooks[key])
            title = document.title
            claimed = (title.source, title.family, title.period)
            if claimed != (key.source, key.family, str(key.period)):
                raise PublishError(
                    f"is about {'/'.join(claimed)}, which its name does not say", file=key.path
                )
            _guard(document).check(document)
            if len(self._documents) >= _KEPT:
                self._documents.clear()
            self._documents[key] = document
        return self._documents[key]

    def fail(self, key: Key, error: HelpersError) -> None:
        """Note that a report could not be published; its last page, if there is one, stays."""
        said = " ".join(str(error).split())
        self.failed[key.path] = said
        self.pending.pop(key, None)
        self.manifest.entries.setdefault(key.path, Entry()).failed = said

    def site(self) -> Site:
        """Return the model of all pages that are there, or will be when nothing fails."""
        pages = {
            Key.parse(name): Page.from_json(entry.page)
            for name, entry in self.manifest.entries.items()
            if entry.page and Key.parse(name) in self.notebooks and self._there(name, entry)
        }
        pages.update({key: page for key, (page, _) in self.pending.items()})
        stale = dict(self.stale)
        for key in pages:
            if self.manifest.entries[key.path].failed:
                stale[key] = "A newer edition could not be published; this is the one before."
        ordered = tuple(pages[key] for key in sorted(pages))
        return Site(ordered, self.settings.families, stale)

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

        A first publication that fails takes links to it away from its neighbours, so another
        round follows until none fails.
        """
        self.present = files.present(paths.site())
        while True:
            site, failures = self.site(), len(self.failed)
            jobs = [job for page in site.pages if (job := self._job(page, site))]
            for made in self.renderer.render(
                jobs, site, self.settings, pdf=self.pdf, site_url=self.site_url
            ):
                self._put(made, site)
            if len(self.failed) == failures:
                return site

    def _job(self, page: Page, site: Site) -> Job | None:
        key = page.key
        entry = self.manifest.entries[key.path]
        if entry.failed:
            return None
        complete = bool(entry.files) and self.present.issuperset(entry.files)
        made_of = self._rest_of(page)
        rest = not complete or entry.rest_of != made_of or (self.pdf and entry.pdf_of != made_of)
        if not rest and entry.html_of == self._html_of(page, site):
            return None
        return Job(page, lambda: self.document(key), rest, self._has_paper(page))

    def _put(self, made: Made, site: Site) -> None:
        page, key = made.job.page, made.job.key
        entry = self.manifest.entries[key.path]
        outputs: dict[str, bytes | str] = {}
        try:
            if made.error is not None:
                raise made.error
            if made.job.rest:
                document = made.job.document()
                found = downloads(self.notebooks[key], document, page, _guard(document))
                outputs.update(found)
                entry.edition = edition_of(document)
        except HelpersError as error:
            self.fail(key, error)
            return
        paper = f"{key.path}.pdf"
        if made.pdf is not None:
            outputs[paper] = made.pdf
            entry.pdf_of = self._rest_of(page)
            self.squares.update({paper: made.squares} if made.squares else {})
        outputs[f"{key.path}.html"] = made.html  # last: it links to the others
        for name, content in outputs.items():
            if files.put(paths.site() / name, content):
                self.written.add(name)
        self.present.update(outputs)
        entry.html_of, entry.rest_of = self._html_of(page, site), self._rest_of(page)
        if made.job.rest:
            kept = [paper] if made.job.paper and paper not in outputs else []
            entry.files = [*outputs, *kept]
            entry.pdf_of = entry.pdf_of if paper in entry.files else ""
        entry.page, entry.digest = page.as_json(), self._digest(key)
        self.pending.pop(key, None)

    def mark_stale(self, site: Site) -> None:
        """Say on the pages that are kept that they are not up to date."""
        for page in site.pages:
            name = f"{page.key.path}.html"
            said = site.stale.get(page.key)
            if said and mark(paths.site() / name, said):
                self.written.add(name)
                self.manifest.entries[page.key.path].html_of = ""  # its file says more than it did

    def forget(self) -> None:
        """Drop what is known of notebooks that are gone, and of those never published."""
        for name, entry in list(self.manifest.entries.items()):
            if Key.parse(name) not in self.notebooks or not entry.files:
                del self.manifest.entries[name]


def _guard(document: Document) -> guard.Guard:
    """Return the guard that knows the customers of the document's own snapshot.

    Raises:
        DisclosureError: that snapshot is gone or damaged.
    """
    try:
        return guard.guard_for(guard.snapshot_of(document))
    except DisclosureError as error:
        raise DisclosureError(error.message, file=document.file, hint=error.hint) from error
