"""The Atom feed of new editions."""

from xml.sax.saxutils import escape, quoteattr

from helpers.publish.model import Page, Site
from helpers.publish.settings import Settings

ENTRIES = 40
"""Editions that the feed lists, the newest first."""


def feed(site: Site, settings: Settings, site_url: str) -> str:
    """Return the feed; links are relative to it unless the site's address is known.

    An edition is dated the day its data ends, so the same editions give the same feed.
    """
    pages = sorted(site.pages, key=lambda page: (page.as_of, page.key.path), reverse=True)[:ENTRIES]
    updated = pages[0].as_of if pages else "1970-01-01"
    own = f'<link rel="self" href={quoteattr(f"{site_url}feed.xml")}/>' if site_url else ""
    head = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{escape(settings.title)}</title>",
        f"<id>{escape(site_url or 'urn:crm-reports:site')}</id>",
        f"<updated>{updated}T00:00:00Z</updated>",
        f"<author><name>{escape(settings.title)}</name></author>",
        f"<link href={quoteattr(f'{site_url}index.html')}/>{own}",
    ]
    return "\n".join([*head, *(_entry(page, site_url) for page in pages), "</feed>", ""])


def _entry(page: Page, site_url: str) -> str:
    address = f"{page.key.path}.html"
    identity = f"{site_url}{address}" if site_url else f"urn:crm-reports:{page.key.path}"
    title = f"{page.title}, {page.period_text}" + (
        f", {page.slice_text}" if page.slice_text else ""
    )
    kpis = "; ".join(f"{item.label} {item.text}" for item in page.headline_kpis())
    return (
        f"<entry><title>{escape(title)}</title><id>{escape(identity)}</id>"
        f"<updated>{page.as_of}T00:00:00Z</updated>"
        f"<link href={quoteattr(f'{site_url}{address}')}/>"
        f"<category term={quoteattr(page.key.family)} label={quoteattr(page.title)}/>"
        f"<summary>{escape(f'{page.source_text}. {kpis}')}</summary></entry>"
    )
