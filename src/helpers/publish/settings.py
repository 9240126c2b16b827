"""How the site calls itself, in which order it shows families, and the targets KPIs are held to."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from helpers import paths
from helpers.document import KpiItem
from helpers.errors import PublishError, did_you_mean

_KEYS = ("title", "tagline", "families", "targets", "lang")


@dataclass(frozen=True)
class Target:
    """A level that a KPI of a source is held to, from `reports/site.yml`."""

    level: float
    kind: Literal["at_least", "at_most"]
    text: str

    def state(self, value: float | None) -> Literal["met", "missed", "unknown"]:
        """Return whether the value meets the target; without a value nobody knows."""
        if value is None:
            return "unknown"
        good = value >= self.level if self.kind == "at_least" else value <= self.level
        return "met" if good else "missed"


@dataclass(frozen=True)
class Settings:
    """The site's own words and wishes."""

    title: str = "Customer reports"
    tagline: str = ""
    lang: str = "en"
    families: tuple[str, ...] = ()
    targets: dict[tuple[str, str], Target] = field(default_factory=dict)

    def target(self, source: str, item: KpiItem) -> Target | None:
        """Return the target of a source's KPI, if it has one."""
        return self.targets.get((source, item.name))


def theme() -> Path:
    """Return the folder of templates, stylesheet, scripts and fonts."""
    return paths.root() / "reports" / "theme"


def settings() -> Settings:
    """Return the settings of `reports/site.yml`, or the defaults where there is no such file.

    Raises:
        PublishError: a key is unknown, or a target cannot be read.
    """
    path = paths.root() / "reports" / "site.yml"
    return _read(path, path.read_text("utf-8")) if path.is_file() else Settings()


@lru_cache(maxsize=4)
def _read(path: Path, text: str) -> Settings:
    import yaml

    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise PublishError(f"is no YAML: {error}", file=path) from error
    unknown = [key for key in found if key not in _KEYS]
    if unknown:
        raise PublishError(
            f"has no setting {unknown[0]!r}", file=path, hint=did_you_mean(str(unknown[0]), _KEYS)
        )
    return Settings(
        title=str(found.get("title") or Settings.title),
        tagline=str(found.get("tagline") or ""),
        lang=str(found.get("lang") or "en"),
        families=tuple(found.get("families") or ()),
        targets={
            (source, name): _target(path, f"{source}.{name}", given)
            for source, named in (found.get("targets") or {}).items()
            for name, given in named.items()
        },
    )


def _target(path: Path, place: str, given: Any) -> Target:
    kinds = [kind for kind in ("at_least", "at_most") if isinstance(given, dict) and kind in given]
    if len(kinds) != 1 or not isinstance(given[kinds[0]], int | float):
        raise PublishError(
            f"target {place} cannot be read",
            file=path,
            hint="Write {at_least: 350000, text: $350,000} or {at_most: 0.04, text: 4%}.",
        )
    kind: Literal["at_least", "at_most"] = "at_least" if kinds[0] == "at_least" else "at_most"
    level = float(given[kind])
    return Target(level, kind, str(given.get("text") or f"{level:g}"))
