"""`publish`: one call from executed notebooks to a site that opens from a folder."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers import paths
from helpers.errors import PublishError, UsageError
from helpers.publish import files, identity, runlog, store
from helpers.publish import settings as settings_of
from helpers.publish.publisher import Publication
from helpers.publish.renderer import choose
from helpers.publish.whole import publish_whole

FORMATS = ("html", "pdf")


@dataclass(frozen=True)
class PublishResult:
    """What a publication did.

    Attributes:
        renderer: `built-in` or `quarto`.
        why: one line on why that one.
        pages: reports that the site holds.
        written: files whose content changed.
        failed: reports that could not be published, and why; their last pages stay.
        removed: files of reports that are gone.
        squares: PDFs in which letters stand as squares, and which: no font here has them.
    """

    renderer: str
    why: str
    pages: int
    written: int
    failed: list[tuple[str, str]] = field(default_factory=list)
    removed: int = 0
    squares: list[tuple[str, str]] = field(default_factory=list)


def publish(
    *,
    formats: Sequence[str] = FORMATS,
    renderer: str = "auto",
    site_url: str | None = None,
) -> PublishResult:
    """Publish the executed notebooks under `reports/output/notebooks` as `reports/output/site`.

    Only what changed is made again. A report that cannot be published keeps its last page, marked
    as stale; the others are published.

    Args:
        formats: `("html",)` or `("html", "pdf")`. Without `pdf`, the PDFs of reports that have not
            changed stay.
        renderer: `auto` (Quarto where it is on PATH and new enough), `quarto` or `built-in`.
        site_url: where the site will be served, for canonical links and the feed. None is what it
            was the last time; an empty one makes all links relative again.

    Raises:
        UsageError: a format or renderer is unknown, or `site_url` is no web address.
        PublishError: nothing was executed yet, or the site cannot be written.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown or "html" not in formats:
        raise UsageError(
            f"formats {', '.join(formats) or '(none)'} cannot be published",
            hint="Valid: html, or html,pdf.",
        )
    if site_url and not site_url.startswith(("https://", "http://")):
        raise UsageError(
            f"{site_url!r} is no web address", hint="Such as https://example.org/reports/."
        )
    chosen, why = choose(renderer)
    try:
        with store.locked():
            kept = identity.load()
            if site_url is not None:
                kept.site_url = f"{site_url.rstrip('/')}/" if site_url else ""
            publication = Publication(
                renderer=chosen,
                settings=settings_of.settings(),
                manifest=store.load(),
                pdf="pdf" in formats,
                site_url=kept.site_url,
                look=store.theme_digest(),
            )
            return _publish(publication, why, kept)
    except OSError as error:
        raise PublishError(
            f"the site cannot be written: {error.strerror or error}",
            file=error.filename or paths.site(),
            hint="What is there is whole. Make room, or a folder there, and publish again.",
        ) from error


def _publish(publication: Publication, why: str, kept: identity.Identity) -> PublishResult:
    log = runlog.read()
    publication.stale = log.stale()
    publication.find()
    if not publication.notebooks and not publication.failed:
        raise PublishError(
            "there are no executed notebooks to publish",
            file=paths.executed(),
            hint="Run reports first: crm-reports run.",
        )
    before = publication.manifest.every_file()
    publication.read_changed()
    publication.reconcile()
    try:
        site = publication.render()
    except BaseException:
        with contextlib.suppress(OSError):  # what broke it off may be a full disk
            store.save(publication.manifest)
        raise
    publication.mark_stale(site)
    publication.forget(site)
    if site.pages or before:
        publish_whole(publication, site, log, kept)
        identity.save(kept)
    removed = files.remove(
        paths.site(), sorted(before - publication.manifest.every_file(), reverse=True)
    )
    store.save(publication.manifest)
    return PublishResult(
        renderer=publication.renderer.name,
        why="; ".join(said for said in (why, publication.renderer.said) if said),
        pages=len(site.pages),
        written=len(publication.written),
        failed=sorted(publication.failed.items()),
        removed=removed,
        squares=sorted((path, "".join(sorted(of))) for path, of in publication.squares.items()),
    )
