"""The seam between the two renderers: what one is given, what it gives back, which one is taken."""

import functools
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from helpers.errors import HelpersError, UsageError
from helpers.publish.model import Key, Page, Site
from helpers.publish.reading import Document
from helpers.publish.settings import Settings

MINIMUM_QUARTO = (1, 9)
"""The first that takes `pdf-standard`, and brings typst 0.14, which the PDFs are written for."""
Name = Literal["auto", "quarto", "built-in"]


@dataclass(frozen=True)
class Job:
    """A report to be rendered; `document` reads it when its turn comes.

    Without `rest` only a link or a banner changed: its PDF and downloads are right as they are.
    With `paper` a PDF of this very edition is there, and the page links to it, made anew or not.
    """

    page: Page
    document: Callable[[], Document]
    rest: bool = True
    paper: bool = False

    @property
    def key(self) -> Key:
        """The report's key."""
        return self.page.key


@dataclass
class Made:
    """What came of a job: the page and its PDF, or the error that prevented them.

    `squares` are the characters that the PDF shows as squares, for no font has them.
    """

    job: Job
    html: str = ""
    pdf: bytes | None = None
    squares: set[str] = field(default_factory=set)
    error: HelpersError | None = None


class Renderer(Protocol):
    """Turns documents into pages and PDFs; an error concerns one job only.

    `said` is what the one who publishes should know besides, once all is rendered.
    """

    name: str
    said: str

    def render(
        self, jobs: Sequence[Job], site: Site, settings: Settings, *, pdf: bool, site_url: str
    ) -> Iterator[Made]:
        """Yield what came of each job."""
        ...


def choose(asked: str) -> tuple[Renderer, str]:
    """Return the renderer to use, and one line that says why.

    Raises:
        UsageError: the name is none of `auto`, `quarto` and `built-in`, or Quarto is asked for and
            is not there or too old.
    """
    from helpers.publish.builtin import BuiltIn

    if asked not in {"auto", "quarto", "built-in"}:
        raise UsageError(f"no renderer is called {asked!r}", hint="Valid: auto, quarto, built-in.")
    if asked == "built-in":
        return BuiltIn(), "it was asked for"
    found, said = quarto_version()
    if found is not None and found >= MINIMUM_QUARTO:
        from helpers.publish.quarto import Quarto

        return Quarto(instead=BuiltIn() if asked == "auto" else None), said
    if asked == "quarto":
        raise UsageError(
            f"Quarto cannot be used: {said}",
            hint="Install it from quarto.org, or leave it to auto.",
        )
    return BuiltIn(), said


@functools.lru_cache(maxsize=4)
def _asked_version(program: str) -> str:
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def quarto_version() -> tuple[tuple[int, ...] | None, str]:
    """Return the version of the Quarto on PATH (None where it cannot be used), and a line on it."""
    program = shutil.which("quarto")
    if program is None:
        return None, "no quarto on PATH"
    try:
        text = _asked_version(program)
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"{program} does not start: {type(error).__name__}"
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not match:
        return None, f"{program} says no version"
    version = tuple(int(part) for part in match.groups() if part)
    if version < MINIMUM_QUARTO:
        needed = ".".join(map(str, MINIMUM_QUARTO))
        return version, f"quarto {match[0]} on PATH is older than {needed}"
    return version, f"quarto {match[0]} is on PATH"
