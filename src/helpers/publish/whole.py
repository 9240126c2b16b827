"""What a site has besides its reports: overview, packs, search, feed, assets."""

from collections.abc import Iterator
from datetime import UTC, datetime

from helpers import paths
from helpers.errors import HelpersError
from helpers.publish import files, packs, search
from helpers.publish import settings as settings_of
from helpers.publish.feed import feed
from helpers.publish.identity import Identity
from helpers.publish.model import Key, Page, Site
from helpers.publish.pages import site_pages
from helpers.publish.publisher import Publication
from helpers.publish.runlog import RunLog, guarded, shown
from helpers.publish.store import digest


def publish_whole(publication: Publication, site: Site, log: RunLog, identity: Identity) -> None:
    """Write the pages, packs, indexes and assets that are about more than one report."""
    manifest, settings, url = publication.manifest, publication.settings, publication.site_url
    digests = {Key.parse(name): entry.digest for name, entry in manifest.entries.items()}
    identity.note(
        {page.key.path: manifest.entries[page.key.path].edition for page in site.pages},
        datetime.now(UTC),
    )
    log = guarded(log, site)
    own: dict[str, bytes | str] = dict(_assets())
    own["assets/search-index.js"] = search.classic_index(site)
    own["feed.xml"] = feed(site, settings, identity, url)
    made = _packs(publication, site, digests)
    shards = _shards(publication, site, digests)
    own["assets/search-shards.js"] = search.shard_list(shards)
    index = digest(own["assets/search-index.js"], own["assets/search-shards.js"])[:8]
    own.update(
        site_pages(site, settings, log, shown(publication.failed, site), made, url, index=index)
    )
    for name, content in own.items():
        if files.put(paths.site() / name, content):
            publication.written.add(name)
    search.forget(site)
    every = {*own, *made, *(name for found in shards.values() for name in found)}
    manifest.files = publication.stamps(every)


def _assets() -> dict[str, bytes]:
    theme = settings_of.theme()
    found = {f"assets/{path.name}": path for path in (theme / "assets").iterdir()}
    for path in (theme / "fonts").iterdir():
        if path.suffix in {".woff2", ".txt"}:
            found[f"assets/fonts/{path.name}"] = path
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def _packs(publication: Publication, site: Site, digests: dict[Key, str]) -> dict[str, bool]:
    """Make the board packs that changed; return those that are there, and whether they are old.

    A publication without PDFs leaves a pack that still tells what its reports do, and drops others.
    """
    manifest, there = publication.manifest, dict[str, bool]()
    for path, pages in packs.wanted(site).items():
        told = packs.pack_of(pages, digests)
        noted, is_there = manifest.others.get(path, ""), path in publication.present
        current = noted == f"{told} {publication.look}"
        if is_there and (current or (not publication.pdf and noted.startswith(told))):
            there[path] = any(page.key in site.stale for page in pages)
        elif publication.pdf and _pack(publication, path, pages):
            manifest.others[path] = f"{told} {publication.look}"
            there[path] = any(page.key in site.stale for page in pages)
        elif publication.pdf and is_there:
            there[path] = True
    return there


def _pack(publication: Publication, path: str, pages: list[Page]) -> bool:
    squares: set[str] = set()
    try:
        content = packs.pack_pdf(pages, publication.document, publication.settings, squares)
    except Exception as error:  # a pack is one file of many
        publication.failed[path] = " ".join(str(error).split())
        return False
    if squares:
        publication.squares[path] = squares
    if files.put(paths.site() / path, content):
        publication.written.add(path)
    return True


def _shards(publication: Publication, site: Site, digests: dict[Key, str]) -> dict[str, list[str]]:
    manifest, present = publication.manifest, publication.present
    found: dict[str, list[str]] = {}
    for name, pages in search.shards(site).items():
        made_of = search.shard_of(pages, digests)
        known = sorted(file for file in present if file.startswith(f"pagefind/{name}/"))
        complete = len(known) == int(manifest.others.get(f"{name}:files", -1))
        if manifest.others.get(name) != made_of or not complete:
            texts = dict(_searched(publication, pages, digests))
            try:
                known, changed = search.build_shard(name, pages, texts)
                manifest.others.update({name: made_of, f"{name}:files": str(len(known))})
                publication.written.update(changed)
                left = {file for file in present if file.startswith(f"pagefind/{name}/")}
                files.remove(paths.site(), sorted(left - set(known)))
            except HelpersError as error:
                publication.failed[f"search of {name}"] = " ".join(str(error).split())
        found[name] = known
    return found


def _searched(
    publication: Publication, pages: list[Page], digests: dict[Key, str]
) -> Iterator[tuple[Key, str]]:
    for page in pages:
        path = search.text_path(page.key)
        stamp = f"<!--{digests[page.key]} {publication.look}-->"
        text = path.read_text("utf-8") if path.is_file() else ""
        if not text.startswith(stamp):
            try:
                document = publication.document(page.key)
            except HelpersError:
                if text:
                    yield page.key, text  # the page that is kept is found by its own words
                continue
            text = stamp + search.searched_html(document, page, publication.settings.lang)
            files.put(path, text)
        yield page.key, text
