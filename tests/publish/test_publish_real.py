"""The four families as they are committed: published whole, every link good, contents as agreed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import paths
from helpers.document import MIME
from helpers.publish import publish

CONTENTS = {
    "campaign_roi": ["Headline", "What campaigns attracted", "What campaigns caused",
                     "How far to trust it", "Does it pay, and with whom?", "What to do next",
                     "Explore", "Data quality", "Definitions and sources", "Code"],
    "churn": ["Headline", "Why it changed", "How long customers stay, and who comes back",
              "Who is at risk, and what to do", "How far to trust the prediction",
              "How earlier predictions did", "Contracts", "Explore", "Data quality",
              "Definitions and sources", "Code"],
    "customer_value": ["Headline", "What changed, and why", "Segments, and what to do next",
                       "Cohorts and the customer bridge", "What customers will be worth",
                       "How far to trust it", "Who the customers are", "Explore", "Data quality",
                       "Definitions", "Provenance", "Code"],
    "sales_forecast": ["Headline", "Is the target near?", "Departments and shops", "What changed",
                       "How far to trust it", "Holidays and closed days", "What to do next",
                       "Explore", "Data quality", "Definitions and sources", "Code"],
}  # fmt: skip


def blocks(notebook: Path) -> Iterator[dict[str, Any]]:
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if MIME in output.get("data", {}):
                yield output["data"][MIME]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the committed notebooks, with snapshots that know nobody's name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    output = tmp_path_factory.mktemp("real")
    for family in CONTENTS:
        notebook = paths.root() / "notebooks" / f"{family}.ipynb"
        found = {block["type"]: block for block in blocks(notebook)}
        title, snapshot = found["title"], found["provenance"]["snapshot"]
        target = output / "notebooks" / title["source"] / family / f"{title['period']}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(notebook.read_bytes())
        folder = output / "store" / "snapshots" / snapshot
        folder.mkdir(parents=True, exist_ok=True)
        ids = pa.table({"customer_id": pa.array(["nobody-0001"], pa.string())})
        pq.write_table(ids, folder / "customers.parquet")
        (folder / "manifest.json").write_text(json.dumps({"tables": {"customers": {}}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_REPORTS_OUTPUT", str(output))
        result = publish(renderer="built-in", formats=("html",))
    assert result.failed == []
    assert result.pages == len(CONTENTS)
    return output / "site"


def page(real: Path, family: str) -> str:
    (found,) = (real / "complete_journey" / family).glob("20*.html")
    return found.read_text("utf-8")


@pytest.mark.parametrize("family", CONTENTS)
def test_contents_are_those_agreed(real: Path, family: str) -> None:
    text = page(real, family)
    contents = text[text.index('<nav class="toc"') :]
    contents = contents[: contents.index("</nav>")]
    assert re.findall(r'<a href="#[^"]+">([^<]+)</a>', contents) == CONTENTS[family]


@pytest.mark.parametrize("family", CONTENTS)
def test_every_figure_says_itself_in_words_and_numbers(real: Path, family: str) -> None:
    text = page(real, family)
    charts = re.findall(r'<div class="plot" role="img" aria-label="([^"]*)"', text)
    assert len(charts) >= 5
    assert all(len(words) > 20 for words in charts)
    assert text.count('<details class="data">') >= len(charts)
    assert len(text) < 3_000_000


def test_the_overview_leads_with_figures_and_not_with_a_method(real: Path) -> None:
    text = (real / "index.html").read_text("utf-8")
    says = re.findall(r'<p class="says"[^>]*>([^<]+)</p>', text)
    assert len(says) == len(CONTENTS)
    for said in says:
        assert re.search(r"\d", said), said
        assert said.endswith("."), said
        assert not said.startswith("A customer counts as"), said


def test_every_link_resolves_and_every_id_is_unique(real: Path, links: Any) -> None:
    assert links.checked(real) > 400
