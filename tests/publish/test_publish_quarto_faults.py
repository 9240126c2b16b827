"""A Quarto that hangs, breaks or cannot do it: one report suffers, or the built-in takes over."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.publish import publish, renderer

HEAD = """#!/bin/sh
[ "$1" = --version ] && echo 1.10.2 && exit
log={log}; echo render >> $log
names=$(sed -n 's/^ *- \\(report-.*\\)[.]qmd$/\\1/p' _quarto.yml)
out=$(sed -n 's/^ *output-dir: //p' _quarto.yml)
mkdir -p $out
"""
WRITES = "echo '<!DOCTYPE html><!--state--><!--/state-->'$f'</html>' > $f.html"


@pytest.fixture
def quarto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a program for Quarto on PATH that does as told; return the log of its renders."""

    def install(does: str) -> Path:
        program, log = tmp_path / "bin" / "quarto", tmp_path / "renders.log"
        program.parent.mkdir(exist_ok=True)
        program.write_text(HEAD.format(log=shlex.quote(str(log))) + does)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        renderer._asked_version.cache_clear()
        return log

    return install


def months(kit: Any, count: int, **odd: Any) -> None:
    """Write so many months; in the third one stands what is odd."""
    kit.write(*(kit.book(period=f"2017-{n:02}") for n in range(1, count + 1)))
    if odd:
        kit.write(kit.book(period="2017-03", **odd))


@pytest.mark.parametrize("where", ["beside its source", "nowhere"])
def test_a_document_that_hangs_is_left_out_and_those_behind_it_are_rendered(
    kit: Any, quarto: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    # As the real one, it renders in place and moves all at its end, which a kill never reaches.
    half = "touch $f.html;" if where == "beside its source" else ""
    quarto(
        f"for f in $names; do echo $f; if grep -q 'The one that hangs' $f.qmd; then {half} "
        f"sleep 60; fi; {WRITES}; done; for f in $names; do mv $f.html $out/; done\n"
    )
    monkeypatch.setattr("helpers.publish.quarto._SECONDS_QUIET", 0.5)
    months(kit, 6, extra=[kit.markdown("## The one that hangs\n\ntext")])
    result = publish(renderer="quarto", formats=("html",))
    ((name, why),) = result.failed
    assert name == "shop/customer_value/2017-03"
    assert "took too long and was stopped" in why
    for month in (1, 2, 4, 5, 6):
        assert "report-000" in kit.page(f"shop/customer_value/2017-{month:02}.html")


def test_a_slow_quarto_is_not_stopped_as_long_as_it_goes_on(
    kit: Any, quarto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = quarto(f"for f in $names; do echo $f; sleep 0.3; {WRITES}; mv $f.html $out/; done\n")
    monkeypatch.setattr("helpers.publish.quarto._SECONDS_QUIET", 1.0)
    months(kit, 6)
    assert publish(renderer="quarto", formats=("html",)).failed == []
    assert log.read_text().split() == ["render"]


def test_a_broken_quarto_is_asked_three_times_and_the_built_in_takes_its_place(
    kit: Any, quarto: Any
) -> None:
    log = quarto("echo 'ERROR: unknown option pdf-standard' >&2; exit 1\n")
    months(kit, 4)
    result = publish()
    assert result.failed == []
    assert len(log.read_text().split()) == 3
    assert "unknown option pdf-standard" in result.why
    assert "the built-in renderer took its place" in result.why
    for month in range(1, 5):
        assert "$1,234" in kit.page(f"shop/customer_value/2017-{month:02}.html")
        assert (kit.site / f"shop/customer_value/2017-{month:02}.pdf").is_file()


def test_a_broken_quarto_that_was_asked_for_fails_all_and_is_not_asked_for_each(
    kit: Any, quarto: Any
) -> None:
    log = quarto("echo 'ERROR: out of order' >&2; exit 1\n")
    months(kit, 6)
    result = publish(renderer="quarto", formats=("html",))
    assert len(result.failed) == 6
    assert len(log.read_text().split()) == 3
    said = " ".join(why for _, why in result.failed)
    assert said.count("out of order") == 3
    assert said.count("had failed 3 times in a row") == 3


def test_quarto_that_breaks_later_gives_way_after_ten_failures(kit: Any, quarto: Any) -> None:
    log = quarto(
        "[ $(wc -l < $log) -gt 1 ] && exit 1; f=$(echo $names | cut -d' ' -f1); "
        f"{WRITES}; mv $f.html $out/; exit 1\n"
    )
    months(kit, 12)
    result = publish(formats=("html",))
    assert result.failed == []
    assert len(log.read_text().split()) == 10
    assert "took its place" in result.why
    pages = [kit.page(f"shop/customer_value/2017-{month:02}.html") for month in range(1, 13)]
    assert [bool(re.search(r"report-000", text)) for text in pages] == [True] + [False] * 11


def test_one_faulty_report_among_good_ones_is_its_own_fault(kit: Any, quarto: Any) -> None:
    quarto(
        "for f in $names; do grep -q 'The one that fails' $f.qmd && echo 'ERROR: no' && exit 1; "
        f"{WRITES}; mv $f.html $out/; done\n"
    )
    months(kit, 4, extra=[kit.markdown("## The one that fails\n\ntext")])
    result = publish(formats=("html",))
    assert [name for name, _ in result.failed] == ["shop/customer_value/2017-03"]
    assert "took its place" not in result.why
