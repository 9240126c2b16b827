"""Search: pagefind's full text over HTTP, and a plain script where a page is opened from a folder.

pagefind reads one small HTML file a report, made from its blocks. The reports of one source and
year share an index, and the search page merges the indexes, so a new report costs the same in an
archive of ten years as in one of ten days.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from helpers import paths
from helpers.document import Chart, Definitions, Kpis, Table, Text
from helpers.errors import PublishError
from helpers.publish.files import put
from helpers.publish.model import Key, Page, Site
from helpers.publish.prose import Prose
from helpers.publish.reading import Document
from helpers.publish.store import digest

_ROWS = 200
_NEEDED = ("pagefind.js", "pagefind-worker.js", "pagefind-entry.json")
_NEEDED_ENDS = (".pf_meta", ".pf_index", ".pf_fragment", ".pf_filter", ".pagefind")


def text_path(key: Key) -> Path:
    """Return where the searched text of a report is kept."""
    return paths.output() / "store" / "search" / f"{key.path}.html"


def searched_html(document: Document, page: Page, lang: str) -> str:
    """Return the words of a report as the HTML that pagefind indexes."""
    head = f"{page.title}, {page.period_text}" + (f", {page.slice_text}" if page.slice_text else "")
    source = f'<p data-pagefind-meta="source">{escape(page.source_text)}</p>'
    parts = [f"<h1>{escape(head)}</h1>", source, _p(page.summary)]
    for section in document.sections:
        if section.heading:
            parts.append(f'<h2 id="{escape(section.id)}">{escape(section.heading)}</h2>')
        parts += [_p(words) for part in section.parts for words in _words(part)]
    return (
        f'<!doctype html><html lang="{escape(lang)}"><head><meta charset="utf-8">'
        f"<title>{escape(head)}</title></head>"
        f"<body data-pagefind-body>{''.join(parts)}</body></html>"
    )


def _p(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def _words(part: object) -> Iterator[str]:
    if isinstance(part, Kpis):
        yield from (f"{item.label}: {item.text}. {item.definition}" for item in part.items)
    elif isinstance(part, Chart):
        yield f"{part.title}. {part.sentence}"
        names = {row[0]: None for row in part.table.text[:_ROWS] if row}
        yield ", ".join(names)
    elif isinstance(part, Table):
        yield part.title
        yield from (" · ".join(row) for row in part.text[:_ROWS])
    elif isinstance(part, Text | Prose):
        yield part.text
    elif isinstance(part, Definitions):
        yield from (f"{d.get('label', '')}: {d.get('definition', '')}" for d in part.items)


def classic_index(site: Site) -> str:
    """Return the script that a page opened from a folder searches: titles, headings, KPIs."""
    records = [
        {
            "u": f"{page.key.path}.html",
            "t": page.title,
            "p": page.period_text,
            "s": " · ".join(text for text in (page.source_text, page.slice_text) if text),
            "d": page.as_of,
            "h": [*page.headings, *page.exhibits],
            "k": [[item.label, item.text] for item in page.kpis],
        }
        for page in sorted(site.pages, key=lambda page: page.as_of, reverse=True)
    ]
    return f"window.searchIndex={json.dumps(records, ensure_ascii=False, separators=(',', ':'))};\n"


def shard_list(found: dict[str, list[str]]) -> str:
    """Return the script that tells the search page which full-text indexes there are."""
    names = json.dumps(sorted(name for name, files in found.items() if files))
    return f"window.searchShards={names};\n"


def shards(site: Site) -> dict[str, list[Page]]:
    """Return which reports share a full-text index: those of one source and year."""
    found: dict[str, list[Page]] = {}
    for page in site.pages:
        found.setdefault(f"{page.key.source}-{page.key.period.end.year}", []).append(page)
    return dict(sorted(found.items()))


def shard_of(pages: list[Page], digests: dict[Key, str]) -> str:
    """Return what an index is made from, as a digest."""
    return digest(*(f"{page.key}:{digests[page.key]}" for page in pages))


def build_shard(
    name: str, pages: list[Page], documents: dict[Key, str]
) -> tuple[list[str], set[str]]:
    """Write the full-text index of these reports into the site.

    Returns:
        Its files, and those of them whose content changed.

    Raises:
        PublishError: pagefind fails.
    """
    import pagefind_bin

    program = Path(pagefind_bin.__file__).parent / "pagefind"
    with tempfile.TemporaryDirectory() as scratch:
        staged, made = Path(scratch, "site"), Path(scratch, "made")
        for page in pages:
            target = staged / f"{page.key.path}.html"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(documents.get(page.key, ""), "utf-8")
        done = subprocess.run(
            [str(program), "--site", str(staged), "--output-path", str(made), "--silent"],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise PublishError(f"pagefind made no index of {name}: {said[-1:] or 'no word'}")
        taken = dict(_take(made, f"pagefind/{name}"))
        return sorted(taken), {name for name, changed in taken.items() if changed}


def _take(made: Path, target: str) -> Iterator[tuple[str, bool]]:
    files = [path for path in made.rglob("*") if path.is_file()]
    for path in sorted(
        files, key=lambda path: path.suffix == ".json"
    ):  # the entry points at the rest
        if path.name in _NEEDED or path.suffix in _NEEDED_ENDS:
            name = f"{target}/{path.relative_to(made).as_posix()}"
            yield name, put(paths.site() / name, path.read_bytes())


def forget(site: Site) -> None:
    """Remove the searched text of reports that are gone."""
    folder = paths.output() / "store" / "search"
    kept = {f"{page.key.path}.html" for page in site.pages}
    for path in folder.glob("*/*/*.html"):
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink()
