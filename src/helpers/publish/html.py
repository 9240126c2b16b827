"""Pages as HTML: the theme's templates, filled with escaped text."""

import hashlib
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from helpers import paths
from helpers.privacy import MINIMUM_CUSTOMERS
from helpers.publish import settings as settings_of
from helpers.publish.files import put
from helpers.publish.model import Key, Page, Site
from helpers.publish.prose import Prose
from helpers.publish.reading import Code
from helpers.publish.settings import Settings, Target
from helpers.publish.stale import banner
from helpers.publish.text import slug
from helpers.publish.views import DocumentView, Figure, direction, provenance_rows

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What a page may load: its own folder's files, and nothing inline."""


@dataclass(frozen=True)
class Group:
    """Parts of a section that stand together: a row of figures, a list, or one other part."""

    kind: str
    parts: tuple[Any, ...]


class _Kept(BytecodeCache):
    """Compiled templates in the store: compiling takes as long as rendering three reports."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(FileNotFoundError), (_compiled() / bucket.key).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # the next publication compiles them again
            put(_compiled() / bucket.key, bucket.bytecode_to_string())


def _compiled() -> Path:
    return paths.output() / "store" / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the theme's templates, with autoescape on and unknown names an error."""
    made = Environment(
        loader=FileSystemLoader(settings_of.theme() / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_Kept(),
    )
    made.globals["minimum"] = MINIMUM_CUSTOMERS
    made.filters["anchor"] = slug
    made.filters["grouped"] = lambda parts: list(_grouped(parts))
    made.filters["facts"] = provenance_rows
    made.filters["direction"] = direction
    return made


def page_html(template: str, path: str, site_settings: Settings, **context: Any) -> str:
    """Return a page of the site.

    Args:
        template: its name in the theme, without suffix.
        path: the page's address in the site, from which relative links are counted.
        site_settings: title, tagline, language.
        **context: what the template needs besides.
    """
    return _render(template, path, site_settings, {"csp": CSP, **context})


def _render(template: str, path: str, site_settings: Settings, context: dict[str, Any]) -> str:
    folder = posixpath.dirname(path) or "."

    def to(address: str) -> str:
        # The pages about all reports have thousands of links, and most of them stand at the top.
        return address if folder == "." else posixpath.relpath(address, folder)

    known = {
        "site_url": "",
        "path": path,
        "site": site_settings,
        "to": to,
        "asset": lambda name: f"{to(f'assets/{name}')}?v={_version(name)}",
        "own": _own(site_settings.lang),
    }
    return environment().get_template(f"{template}.html.j2").render({**known, **context})


def _own(lang: str) -> Markup:
    """Return the attributes of what a report says itself: the words around it are English."""
    return Markup('dir="auto"') if lang == "en" else Markup('lang="{}" dir="auto"').format(lang)


def _version(name: str) -> str:
    """Return what changes with an asset's content, so that no browser takes an older one for it."""
    path = settings_of.theme() / "assets" / name
    found = path.stat()
    return _digest(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=16)
def _digest(path: Path, *_: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def report_html(
    view: DocumentView,
    page: Page,
    site: Site,
    site_settings: Settings,
    *,
    pdf: bool,
    site_url: str = "",
) -> str:
    """Return a report's page."""
    context = _report_context(view, page, site, site_settings, pdf=pdf)
    return page_html("report", f"{page.key.path}.html", site_settings, site_url=site_url, **context)


def _report_context(
    view: DocumentView, page: Page, site: Site, site_settings: Settings, *, pdf: bool
) -> dict[str, Any]:
    before, after = site.neighbours(page.key)
    return {
        "page": page,
        "stem": page.key.stem,
        "sections": view.sections,
        "code": [_code(code) for code in view.document.code],
        "before": before,
        "after": after,
        "slices": site.slices(page.key),
        "stale": site.stale.get(page.key, ""),
        "banner": banner,
        "pdf": pdf,
        "target": lambda item: _target(site_settings, page.key, item),
    }


def _target(site_settings: Settings, key: Key, item: Any) -> Target | None:
    return None if key.slice else site_settings.target(key.source, item)


def _grouped(parts: Sequence[Any]) -> Iterator[Group]:
    def kind(part: Any) -> str:
        if isinstance(part, Figure):
            return "figures"
        return "items" if isinstance(part, Prose) and part.kind == "li" else "one"

    for name, found in groupby(parts, key=kind):
        if name == "one":
            yield from (Group("one", (part,)) for part in found)
        else:
            yield Group(name, tuple(found))


def _code(code: Code) -> dict[str, Any]:
    return {
        "html": highlighted(code.source.strip("\n")),
        "withheld": code.withheld,
    }


@lru_cache(maxsize=512)
def highlighted(source: str) -> str:
    """Return Python source as escaped HTML with classes for its tokens."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")
