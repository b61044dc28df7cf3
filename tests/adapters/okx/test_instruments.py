"""Terms of swaps: contracts, grids, what can't be traded."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.okx.instruments import changed, instrument, instruments, need
from adapters.wire.decimals import BadPayload
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.scripted import BTC, Script, ok


def row(name: str = BTC, **more: str) -> dict[str, str]:
    base = {
        "instId": name, "instType": "SWAP", "instFamily": "BTC-USDT", "baseCcy": "", "quoteCcy": "",
        "settleCcy": "USDT", "ctType": "linear", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC",
        "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01", "lever": "50",
        "maxMktSz": "9000", "maxLmtSz": "100000000", "state": "live", "expTime": "",
    }  # fmt: skip
    return base | more


def test_sizes_are_contracts_of_value_times_multiplier() -> None:
    """Trap 1: 3 contracts of 0.01 × 10 BTC are 0.3 BTC. Margin at leverage 50 is 0.02 of the value."""
    found = instrument(row(ctMult="10"))
    assert found.size_unit == "contracts"
    assert 3 * found.contract_size == Decimal("0.3")
    assert (found.base, found.quote, found.kind) == ("BTC", "USDT", "perpetual")
    assert (found.tick, found.lot, found.min_size) == (Decimal("0.1"), Decimal("0.01"), Decimal("0.01"))
    assert (found.margin_rate, found.max_size) == (Decimal("0.02"), Decimal(9000))


def test_empty_fields_do_not_apply_and_never_count_as_0() -> None:
    """Trap 3."""
    assert instrument(row(maxMktSz="", maxLmtSz="")).max_size is None
    with pytest.raises(BadPayload, match="ctVal"):
        instrument(row(ctVal=""))
    with pytest.raises(BadPayload, match="lever"):
        instrument(row(lever="0"))


def test_only_live_linear_swaps_of_the_account_are_found() -> None:
    rows = [row(), row("ETH-USDT-SWAP", state="suspend"), row("BTC-USD-SWAP", ctType="inverse"), row("SOL-USDT-SWAP")]
    script = Script().on("/account/instruments", ok(*rows))

    async def play() -> list[str]:
        api = script.api()
        names = ("SOL-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USD-SWAP", "NO-USDT-SWAP", BTC)
        found = await instruments(api, names)
        await api.close()
        return [one.name for one in found]

    assert asyncio.run(play()) == ["SOL-USDT-SWAP", BTC]
    with pytest.raises(VenueError, match="none of NO-USDT-SWAP"):
        need((), ("NO-USDT-SWAP",))


def test_terms_that_change_in_a_run_are_told() -> None:
    """§4.1: `tickSz` can change over time."""
    known = {BTC: instrument(row())}
    assert changed(known, row()) == ""
    assert changed(known, row("ETH-USDT-SWAP", tickSz="9")) == ""
    assert "tick 0.5" in changed(known, row(tickSz="0.5"))
    assert "is suspended" in changed(known, row(state="suspend"))


def test_the_venues_example_of_another_kind_is_no_swap(payloads: Path) -> None:
    (example,) = json.loads((payloads / "rest" / "public_instruments.json").read_text())["data"]
    with pytest.raises(BadPayload):
        instrument(example)  # a spot pair: nothing of a contract applies
