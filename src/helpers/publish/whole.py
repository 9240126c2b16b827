"""What a site has besides its reports: overview, packs, search, feed, assets."""

from collections.abc import Iterator

from helpers import paths
from helpers.errors import HelpersError
from helpers.publish import files, packs, search
from helpers.publish import settings as settings_of
from helpers.publish.feed import feed
from helpers.publish.model import Key, Page, Site
from helpers.publish.pages import site_pages
from helpers.publish.publisher import Publication
from helpers.publish.runlog import RunLog


def publish_whole(publication: Publication, site: Site, log: RunLog) -> None:
    """Write the pages, packs, indexes and assets that are about more than one report."""
    manifest = publication.manifest
    digests = {Key.parse(name): entry.digest for name, entry in manifest.entries.items()}
    own: dict[str, bytes | str] = dict(_assets())
    own["assets/search-index.js"] = search.classic_index(site)
    own["feed.xml"] = feed(site, publication.settings, publication.site_url)
    made = _packs(publication, site, digests)
    shards = _shards(publication, site, digests)
    own["assets/search-shards.js"] = search.shard_list(shards)
    pages = site_pages(
        site, publication.settings, log, publication.failed, set(made), publication.site_url
    )
    own.update(pages)
    for name, content in own.items():
        if files.put(paths.site() / name, content):
            publication.written.add(name)
    search.forget(site)
    manifest.files = sorted({*own, *made, *(name for found in shards.values() for name in found)})


def _assets() -> dict[str, bytes]:
    theme = settings_of.theme()
    found = {f"assets/{path.name}": path for path in (theme / "assets").iterdir()}
    for path in (theme / "fonts").iterdir():
        if path.suffix in {".woff2", ".txt"}:
            found[f"assets/fonts/{path.name}"] = path
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def _packs(publication: Publication, site: Site, digests: dict[Key, str]) -> list[str]:
    if not publication.pdf:
        return []
    manifest, present = publication.manifest, files.present(paths.site())
    there = []
    for path, pages in packs.wanted(site).items():
        made_of = packs.pack_of(pages, digests, publication.look)
        if manifest.others.get(path) != made_of or path not in present:
            try:
                content = packs.pack_pdf(pages, publication.document, publication.settings)
            except HelpersError as error:
                publication.failed[path] = " ".join(str(error).split())
                if path in present:
                    there.append(path)
                continue
            if files.put(paths.site() / path, content):
                publication.written.add(path)
            manifest.others[path] = made_of
        there.append(path)
    return there


def _shards(publication: Publication, site: Site, digests: dict[Key, str]) -> dict[str, list[str]]:
    manifest, present = publication.manifest, files.present(paths.site())
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
