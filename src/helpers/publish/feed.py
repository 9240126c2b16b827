"""The Atom feed of new editions."""

from xml.sax.saxutils import escape, quoteattr

from helpers.publish.identity import Identity
from helpers.publish.model import Page, Site
from helpers.publish.settings import Settings

ENTRIES = 40
"""Editions that the feed lists, those that changed last first."""

_DAWN = "1970-01-01T00:00:00Z"


def feed(site: Site, settings: Settings, identity: Identity, site_url: str) -> str:
    """Return the feed; links are relative to it unless the site's address is known.

    An edition is dated when it was first published with what it says now, so a corrected one
    comes first again. Ids do not depend on where the site is served.
    """

    def updated(page: Page) -> str:
        return identity.editions.get(page.key.path, ["", _DAWN])[1]

    def newest(page: Page) -> tuple[str, str, str]:
        return updated(page), page.as_of, page.key.path

    pages = sorted(site.pages, key=newest, reverse=True)[:ENTRIES]
    own = f'<link rel="self" href={quoteattr(f"{site_url}feed.xml")}/>' if site_url else ""
    head = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{escape(settings.title)}</title>",
        f"<id>urn:uuid:{identity.id}</id>",
        f"<updated>{updated(pages[0]) if pages else _DAWN}</updated>",
        f"<author><name>{escape(settings.title)}</name></author>",
        f"<link href={quoteattr(f'{site_url}index.html')}/>{own}",
    ]
    entries = (
        _entry(page, f"urn:uuid:{identity.entry(page.key.path)}", updated(page), site, site_url)
        for page in pages
    )
    return "\n".join([*head, *entries, "</feed>", ""])


def _entry(page: Page, own: str, updated: str, site: Site, site_url: str) -> str:
    title = f"{page.title}, {page.period_text}" + (
        f", {page.slice_text}" if page.slice_text else ""
    )
    kpis = "; ".join(f"{item.label} {item.text}" for item in page.headline_kpis())
    stale = "Not up to date. " if page.key in site.stale else ""
    said = f"{stale}{page.source_text}, data up to and including {page.as_of}. {kpis}"
    return (
        f"<entry><title>{escape(title)}</title><id>{own}</id><updated>{updated}</updated>"
        f"<link href={quoteattr(f'{site_url}{page.key.path}.html')}/>"
        f"<category term={quoteattr(page.key.family)} label={quoteattr(page.title)}/>"
        f"<summary>{escape(said)}</summary></entry>"
    )
