"""docs/scenarios.md says what the compact notation stands for: every row of its tables is held to the code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from adapters.paper.instruments import known
from ruleengine.cli.venues import adapter_named
from ruleengine.load import load_bytes
from ruleengine.model.event import BarEvent, Book, Event, Quote, Reference, TradePrint
from ruleengine.reports.scenario import Runner
from ruleengine.reports.scenario_given import events_of, start_ns
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_series import expand
from ruleengine.schema.shape import shape_as

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def rows(table: str) -> list[tuple[str, str]]:
    """Written and meant, of each row of a marked table."""
    part = TEXT.partition(f"<!-- {table} -->")[2].partition("<!-- end -->")[0]
    found = re.findall(r"^\| `(.+?)` \| (.+?) \|$", part, re.MULTILINE)
    assert found
    return found


def scenario(series: str) -> tuple[Scenario | None, list[str]]:
    text = (
        "apiVersion: ruleengine/v1\nkind: Scenario\nabout: a\ncites: [a]\ngiven:\n"
        "  account: {currency: JPY, balance: 1JPY, mode: hedging}\n"
        f"  market:\n    - {series.replace('{', '{instrument: USD_JPY, ', 1)}\n"
        "expect:\n  - {at: 0s, outcome: nothing}\n"
    )
    document, _ = load_bytes(text.encode(), "docs.yaml")
    assert document is not None
    built, found = shape_as(document, Scenario, confirm=True)
    return built, [each.message for each in found]


@pytest.mark.parametrize(("cells", "meant"), rows("expansion"))
def test_what_a_column_stands_for(cells: str, meant: str) -> None:
    built, found = scenario(f"{{every: 1s, mid: {cells}, spread: 1pips}}")
    assert built is not None, found
    assert built.given.market[0].mid is not None
    values = expand(built.given.market[0].mid)
    assert ", ".join("nothing" if value is None else str(value) for value in values) == meant


@pytest.mark.parametrize(("series", "meant"), rows("events"))
def test_what_a_series_comes_to(series: str, meant: str) -> None:
    built, found = scenario(series)
    if meant.startswith("refused"):
        assert built is None
        assert any("rows" in each for each in found)
        return
    assert built is not None, found
    start = start_ns(built.given)
    instruments = known(["USD_JPY"])
    told = [spoken(each, start) for each in events_of(built, instruments, set())]
    assert "; ".join(each for each in told if each) == meant


def spoken(event: Event, start: int) -> str:
    at = f"{(event.ts - start) / 1e9:g}s"
    if isinstance(event, Quote):
        return f"{at} quote {event.bid:g} / {event.ask:g}"
    if isinstance(event, Book):
        (bid, bids), (ask, asks) = *event.bids, *event.asks
        return f"{at} book {bid:g} × {bids:g} / {ask:g} × {asks:g}"
    if isinstance(event, TradePrint):
        return f"{at} trade {event.price:g} × {event.size:g}"
    if isinstance(event, Reference):
        return f"{at} reference {event.price:g}"
    if isinstance(event, BarEvent):
        return f"{at} bar {event.open:g} {event.high:g} {event.low:g} {event.close:g}"
    return ""


def test_every_example_is_a_part_of_a_scenario() -> None:
    """Each block of YAML, completed by what it leaves out, has a sound shape."""
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 4
    whole, bars, cases, accounts = blocks
    head = "apiVersion: ruleengine/v1\nkind: Scenario\nabout: a\ncites: [a]\n"
    given = "given:\n  account: {currency: JPY, balance: 1JPY, mode: hedging}\n"
    expect = "expect:\n  - {at: 0s, outcome: nothing}\n"
    for text in (whole, head + given + bars + expect, head + given + expect + cases, head + accounts):
        document, found = load_bytes(text.encode(), "docs.yaml")
        assert document is not None, found
        built, more = shape_as(document, Scenario, confirm=True)
        assert built is not None, more


def test_the_first_example_passes_where_it_is_copied_to(tmp_path: Path) -> None:
    for file in (Path(__file__).resolve().parents[2] / "policies" / "fx_hedge").glob("*.yaml"):
        shutil.copy(file, tmp_path)
    example = tmp_path / "scenarios" / "one.yaml"
    example.parent.mkdir()
    example.write_text(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0], encoding="utf-8")
    (result,) = Runner(adapter_named).results(example)
    assert result.has_passed, (result.difference, result.found)


@pytest.mark.parametrize("key", ["faults", "expect"])
def test_every_line_of_the_tables_is_sound(key: str) -> None:
    section = TEXT.partition("## What goes wrong" if key == "faults" else "## What is expected")[2].partition("\n## ")[
        0
    ]
    lines = re.findall(r"^\| `(\{.+?\})` \|", section, re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        text = (
            "apiVersion: ruleengine/v1\nkind: Scenario\nabout: a\ncites: [a]\ngiven:\n"
            "  account: {currency: JPY, balance: 1JPY, mode: hedging}\n"
        )
        text += (
            f"  faults: [{line}]\nexpect: [{{at: 0s, outcome: nothing}}]\n"
            if key == "faults"
            else f"expect: [{line}]\n"
        )
        document, found = load_bytes(text.encode(), "docs.yaml")
        assert document is not None, (line, found)
        assert shape_as(document, Scenario, confirm=True)[0] is not None, (line, shape_as(document, Scenario)[1])
