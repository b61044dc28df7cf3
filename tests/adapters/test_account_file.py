"""Account files: read with their places, refused with words, and handed to the paper venue as plain values."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from adapters.paper.broker import PaperVenue
from adapters.paper.instruments import known
from ruleengine.load import load_bytes
from ruleengine.ports.venue import VenueSetup
from ruleengine.schema.account import Account, content, problems
from ruleengine.schema.publish import schema_of
from ruleengine.schema.shape import shape_as

FILE = """\
apiVersion: ruleengine/v1
kind: Account
name: fx-hedge-paper
currency: JPY
balance: 500_000JPY
mode: hedging
margin_model: {model: hedged_pct, share: 50%}
leverage: 25
instruments:
  USD_JPY: {margin_rate: 4%, spread: 0.8pips, fees: {taker: 1bps}}
fees: {taker: 0.01%, minimum: 20JPY}
financing:
  rates:
    USD_JPY: {long: 1.5%, short: -4.2%}
trades:
  - {instrument: USD_JPY, side: long, units: 10_000units, price: 156.500, age: 84h, strategy: TrendMA-bull}
  - {id: "24522", instrument: USD_JPY, side: short, units: 5000, price: 157.250, opened: "2026-01-06T16:00:00Z"}
conversion:
  USD: {instrument: USD_JPY, rate: 157}
venue:
  name: paper
  paper:
    latency: 50ms
    slippage: {model: ticks, ticks: 2}
    participation: 50%
    faults: {reply_lost: 1%, timeout: 3s, outages: [{at: 10min, lasts: 30s}]}
calendar:
  closed: ["2026-06-03"]
  hours: [{day: "2026-11-19", opens: "10:00", closes: "16:30"}]
  maintenance: [{at: "2026-01-14T06:00:00Z", lasts: 30min}]
limits: {max_order_value: 20_000_000JPY}
"""


def read(text: str) -> tuple[Account | None, list[Any]]:
    document, found = load_bytes(text.encode(), "account.yaml")
    assert document is not None, found
    account, more = shape_as(document, Account)
    return account, [*found, *more]


def minimal(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "ruleengine/v1", "kind": "Account", "name": "a", "currency": "JPY", "balance": 500_000,
            "mode": "hedging", **more}  # fmt: skip


def test_trades_that_ended_before_are_stated_with_their_losses() -> None:
    ended = """closed:
  - {instrument: USD_JPY, side: long, units: 1_000units, pnl: -500JPY, age: 90min, held: 15min, strategy: TrendMA-bull}
"""
    account, found = read(FILE + ended)
    assert (found, account and problems(account)) == ([], [])
    assert account is not None
    (row,) = content(account)["closed"]
    assert (row["pnl"], row["age_s"], row["held_s"], row["tag"]) == ("-500", "5400", "900", "TrendMA-bull")
    for wrong in ("pnl: -500USD", "pnl: -5pips"):
        account, found = read(FILE + ended.replace("pnl: -500JPY", wrong))
        assert found or (account is not None and problems(account))


def test_a_file_becomes_plain_values() -> None:
    account, found = read(FILE)
    assert found == []
    assert account is not None
    plain = content(account)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["balance"] == "500000"
    assert plain["margin_model"] == {"model": "hedged_pct", "share": "0.50"}
    assert plain["instruments"]["USD_JPY"]["margin_rate"] == "0.04"
    assert plain["instruments"]["USD_JPY"]["fees"]["taker"] == "0.0001"
    assert plain["trades"][0]["age_s"] == "302400"
    assert plain["trades"][0]["tag"] == "TrendMA-bull"
    settings = plain["venue"]["settings"]
    assert settings["latency_s"] == "0.050"
    assert settings["faults"]["outages"] == [{"at_s": "600", "for_s": "30"}]
    assert plain["calendar"] == {
        "closed": ["2026-06-03"],
        "open": [],
        "hours": [{"day": "2026-11-19", "opens": "10:00", "closes": "16:30"}],
        "maintenance": [{"at": "2026-01-14T06:00:00Z", "lasts": "1800"}],
    }


def test_the_paper_venue_takes_the_file_as_it_is() -> None:
    account, _ = read(FILE)
    assert account is not None
    start_ns = 1_767_790_800_000_000_000
    venue = PaperVenue(VenueSetup(content(account), known(["USD_JPY"]), 1, start_ns=start_ns))
    settings = venue.settings
    assert (settings.balance, settings.mode, settings.margin_model) == (Decimal(500_000), "hedging", "hedged_pct")
    terms = settings.terms["USD_JPY"]
    assert (terms.spread, terms.margin_rate, terms.fees.taker) == (Decimal("0.008"), Decimal("0.04"), Decimal("0.0001"))
    assert (terms.financing_long, terms.financing_short) == (Decimal("0.015"), Decimal("-0.042"))
    assert (settings.latency_ns, settings.participation) == (50_000_000, Decimal("0.5"))
    assert settings.faults.outages == ((600_000_000_000, 30_000_000_000),)
    assert settings.faults.timeout_ns == 3_000_000_000
    ours, other = venue.snapshot().trades
    assert start_ns - ours.opened_ns == 84 * 3_600_000_000_000
    assert other.id == "24522"


def test_a_minimal_file_has_the_defaults_of_its_mode() -> None:
    for mode, model in (("netting", "net"), ("hedging", "max_side")):
        account = Account.model_validate(minimal(mode=mode))
        assert problems(account) == []
        settings = PaperVenue(VenueSetup(content(account), known(["USD_JPY"]), 1)).settings
        assert settings.margin_model == model
        assert settings.margin_closeout == 1
        assert account.environment == "practice"  # PY-10


@pytest.mark.parametrize(
    ("line", "wrong", "shown", "said"),
    [
        ("balance: 500_000JPY", "balance: 500_000USD", "500_000USD", "money in USD"),
        ("latency: 50ms", "latency: 51", "51", "a time such as"),
        ("latency: 50ms", "latency: 51%", "51%", "a time such as"),
        ("margin_rate: 4%", "margin_rate: 400%", "400%", "is above 1"),
        ("spread: 0.8pips", "spread: 0.8ms", "0.8ms", "a spread such as"),
        ("currency: JPY", "currency: Yen", "Yen", "a currency such as"),
        ('opened: "2026-01-06T16:00:00Z"', 'opened: "2026-01-06T16:00:00"', '"2026-01-06T16:00:00"', "with its zone"),
        ("mode: hedging", "mode: hedge", "hedge", "hedging"),
        ("leverage: 25", "levrage: 25", "levrage", "leverage"),
        ('closed: ["2026-06-03"]', 'closed: ["2026-06-31"]', '"2026-06-31"', "no day of the calendar"),
        ('opens: "10:00"', 'opens: "25:00"', '"25:00"', "a quoted time of day"),
    ],
)
def test_a_wrong_value_is_shown_where_it_stands(line: str, wrong: str, shown: str, said: str) -> None:
    text = FILE.replace(line, wrong, 1)
    _, found = read(text)
    assert found, "nothing was found"
    offset = text.index(wrong) + wrong.index(shown)
    before = text[:offset]
    first = found[0]
    assert (first.span.line, first.span.col) == (before.count("\n") + 1, offset - before.rfind("\n"))
    assert said in f"{first.message} {first.help}"


def test_age_and_opened_exclude_each_other() -> None:
    _, found = read(FILE.replace("age: 84h,", 'age: 84h, opened: "2026-01-06T16:00:00Z",', 1))
    assert [each.code for each in found] == ["RE212"]


def test_live_needs_its_limits() -> None:
    live = FILE.replace("mode: hedging", "mode: hedging\nenvironment: live", 1)
    _, found = read(live)
    assert [each.code for each in found] == ["RE213"]
    assert "limits.max_worst_case_exposure" in found[0].message
    assert "60_000_000JPY" in str(found[0].help)
    assert found[0].span.line == next(n for n, line in enumerate(live.splitlines(), 1) if "max_order_value" in line)
    _, found = read(live.replace("limits:", "#", 1))
    assert [each.code for each in found] == ["RE213"]


def test_every_key_has_a_description_and_an_example() -> None:
    schema = schema_of(Account)
    Draft202012Validator.check_schema(schema)
    maps = [schema, *schema["$defs"].values()]
    for each in maps:
        for name, place in each.get("properties", {}).items():
            assert place.get("description"), name
            assert place.get("examples"), name


def test_the_published_schema_refuses_what_problems_does() -> None:
    """Units are part of the pattern, so an editor shows them without us."""
    validator = Draft202012Validator(schema_of(Account))
    assert validator.is_valid(minimal(balance="500_000JPY", venue={"paper": {"latency": "50ms"}}))
    assert not validator.is_valid(minimal(venue={"paper": {"latency": "50"}}))
    assert not validator.is_valid(minimal(balance="50%"))
    assert not validator.is_valid(minimal(currency="yen"))
