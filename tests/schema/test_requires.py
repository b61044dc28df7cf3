"""What a policy requires, held against accounts and venues (FX-01)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import load_bytes
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Capabilities, NameForm
from ruleengine.resolve.requires import check_requires
from ruleengine.schema.account import Account
from ruleengine.schema.policy import Policy
from ruleengine.schema.shape import shape_as
from tests.schema.conftest import BASE, Desk

VENUE = Capabilities(
    name="nowhere",
    account_modes=frozenset({"hedging", "netting"}),
    has_client_ids=True,
    has_reduce_only=True,
    has_partial_close=True,
    has_attached_stops=True,
    order_types=frozenset({"market"}),
    rate_per_s=10.0,
    needs_network=False,
)
DOLLARS = Instrument("USD_JPY", "fx", "USD", "JPY", pip=Decimal("0.01"), tick=Decimal("0.001"))
BITCOIN = Instrument("BTC-USDT-SWAP", "perpetual", "BTC", "USDT", pip=Decimal("0.1"), tick=Decimal("0.1"))
OPENS = """\
hedges:
  - id: other-side
    when: account.free_margin_ratio <= 12%
    open: {side: short, size: 10_000units, strategy: Hedge}
"""
CAPABLE = BASE.replace(
    "[USD_JPY]}", "[USD_JPY], capabilities: [client_ids, reduce_only, partial_close, attached_stops]}"
)
BOTH = BASE.replace("[USD_JPY]}", "[USD_JPY, BTC-USDT-SWAP]}")
STATED = 'day: {timezone: America/New_York, cut: "17:00"}\n'
ACCOUNT = """
apiVersion: ruleengine/v1
kind: Account
name: desk
currency: {currency}
balance: 500_000{currency}
mode: {mode}
{more}"""


def account(mode: str = "hedging", currency: str = "JPY", more: str = "") -> Account:
    text = ACCOUNT.format(mode=mode, currency=currency, more=more)
    document, _ = load_bytes(text.encode(), "account.yaml")
    assert document is not None
    shaped, found = shape_as(document, Account)
    assert found == []
    assert shaped is not None
    return shaped


def policy(desk: Desk, text: str) -> Policy:
    return desk.good(text).policy


def places(found: list[Diagnostic]) -> list[tuple[str, int, int]]:
    return [(each.code, each.span.line, each.span.col) for each in found]


def test_a_policy_on_what_it_requires(desk: Desk) -> None:
    assert check_requires(policy(desk, CAPABLE + OPENS), account(), VENUE, [DOLLARS]) == []


def test_both_sides_on_an_account_that_nets(desk: Desk) -> None:
    found = check_requires(policy(desk, BASE + OPENS), account("netting"), None)
    assert places(found) == [("RE501", 4, 21)]
    assert "other-side" in str(found[0].help)
    assert [(related.span.file, related.span.line) for related in found[0].related] == [("account.yaml", 4)]


def test_a_rule_that_needs_both_sides_though_the_policy_takes_any_account(desk: Desk) -> None:
    text = BASE.replace("account: hedging", "account: any") + OPENS
    assert places(check_requires(policy(desk, text), account("netting"), None)) == [("RE502", 36, 5)]
    assert check_requires(policy(desk, text), account("hedging"), None) == []


def test_a_netting_policy_on_a_hedging_account(desk: Desk) -> None:
    text = BASE.replace("account: hedging", "account: netting")
    assert [each[0] for each in places(check_requires(policy(desk, text), account("hedging"), None))] == ["RE501"]


def test_an_account_in_another_currency(desk: Desk) -> None:
    assert places(check_requires(policy(desk, BASE), account(currency="USD"), None)) == [("RE503", 4, 40)]


@pytest.mark.parametrize(
    ("attribute", "word"),
    [
        ("has_client_ids", "client_ids"),
        ("has_reduce_only", "reduce_only"),
        ("has_partial_close", "partial_close"),
        ("has_attached_stops", "attached_stops"),
    ],
)
def test_a_venue_that_cannot_do_something(desk: Desk, attribute: str, word: str) -> None:
    # `replace` types each field of its own
    lacking: Capabilities = replace(VENUE, **{attribute: False})  # type: ignore[arg-type]
    found = check_requires(policy(desk, CAPABLE), None, lacking)
    assert places(found) == [("RE504", 4, CAPABLE.split("\n")[3].index(word) + 1)]
    assert word in found[0].message
    assert check_requires(policy(desk, BASE), None, lacking) == []


def test_a_venue_without_accounts_of_the_mode(desk: Desk) -> None:
    nets = replace(VENUE, account_modes=frozenset({"netting"}))
    assert places(check_requires(policy(desk, BASE), None, nets)) == [("RE505", 4, 21)]
    any_mode = BASE.replace("account: hedging", "account: any")
    found = check_requires(policy(desk, any_mode), account("hedging"), nets)
    assert [(each.code, each.span.file) for each in found] == [("RE505", "account.yaml")]


WATCHED = """
candidates:
  - {id: watchlist, score: bid, keep: 21, every: 60s}
metrics:
  kept: {value: watchlist, for_each: instrument}
"""


def test_more_candidates_than_the_venue_streams(desk: Desk) -> None:
    """PY-09: KIS takes 41 registrations; with trades and book of each share and the notices that is 20 shares."""
    streams = replace(VENUE, subscriptions=20)
    found = check_requires(policy(desk, BASE + WATCHED), None, streams)
    text = (BASE + WATCHED).split("\n")
    line = next(number for number, each in enumerate(text, 1) if "keep: 21" in each)
    assert places(found) == [("RE507", line, text[line - 1].index("21") + 1)]
    assert "21 instruments at once, nowhere streams 20" in found[0].message
    assert check_requires(policy(desk, BASE + WATCHED.replace("21", "20")), None, streams) == []
    assert check_requires(policy(desk, BASE + WATCHED), None, VENUE) == []


def test_ids_that_the_venue_does_not_take(desk: Desk) -> None:
    """OKX: a client id has letters and digits alone."""
    plain = replace(VENUE, has_plain_ids=True)
    text = BASE + 'ownership: ["cs-", cs]\n'
    (found,) = check_requires(policy(desk, text), None, plain)
    assert (found.code, found.message) == (
        "RE504",
        "`nowhere` has no `order ids as cs-1`: there they are letters and digits alone",
    )
    assert check_requires(policy(desk, text), None, VENUE) == []
    assert check_requires(policy(desk, BASE + 'ownership: [cs, "cs-"]\n'), None, plain) == []


def test_more_instruments_than_the_venue_streams_without_a_list(desk: Desk) -> None:
    found = check_requires(policy(desk, BASE), None, replace(VENUE, subscriptions=0))
    assert [each.code for each in found] == ["RE507"]


def test_a_parameter_says_how_many_candidates(desk: Desk) -> None:
    text = BASE + WATCHED.replace("keep: 21", "keep: most")
    if "parameters:" in text:
        text = text.replace("parameters:\n", "parameters:\n  most: {unit: count, default: 30, doc: d}\n", 1)
    else:
        text += "parameters:\n  most: {unit: count, default: 30, doc: d}\n"
    found = check_requires(policy(desk, text), None, replace(VENUE, subscriptions=20))
    assert [each.code for each in found] == ["RE507"]


def test_an_instrument_that_nobody_describes(desk: Desk) -> None:
    found = check_requires(policy(desk, BASE), account(), VENUE, [replace(DOLLARS, name="USD_JPX")])
    assert places(found) == [("RE506", 4, 59)]
    assert found[0].help == "did you mean `USD_JPX`?"


def test_the_account_s_terms_alone_are_no_instrument(desk: Desk) -> None:
    own = account("hedging", more="instruments: {USD_JPY: {margin_rate: 4%}}\n")
    found = check_requires(policy(desk, BASE), own, VENUE, [])
    assert places(found) == [("RE506", 4, 59)]
    assert check_requires(policy(desk, BASE), own, VENUE, [DOLLARS]) == []


def test_an_account_of_instruments_with_different_days_says_its_own(desk: Desk) -> None:
    """SC-10: a day has a declared zone and cut; neither instrument's is taken because it stands first."""
    for text in (BOTH, BOTH.replace("USD_JPY, BTC-USDT-SWAP", "BTC-USDT-SWAP, USD_JPY")):
        found = check_requires(policy(desk, text), account(), VENUE, [DOLLARS, BITCOIN])
        assert places(found) == [("RE508", 4, 7)]
        assert "`USD_JPY` from 17:00 America/New_York, `BTC-USDT-SWAP` from 00:00 UTC" in found[0].message
        assert 'day: {timezone: America/New_York, cut: "17:00"}' in str(found[0].help)
        assert check_requires(policy(desk, text), account(more=STATED), VENUE, [DOLLARS, BITCOIN]) == []


def test_an_instrument_that_only_gives_a_rate_has_no_say_in_the_day(desk: Desk) -> None:
    assert check_requires(policy(desk, BASE), account(), VENUE, [DOLLARS, BITCOIN]) == []


def test_the_zone_of_a_day_exists() -> None:
    text = ACCOUNT.format(mode="hedging", currency="JPY", more=STATED.replace("New_York", "New_Yurk"))
    document, _ = load_bytes(text.encode(), "account.yaml")
    assert document is not None
    found = shape_as(document, Account)[1]
    assert places(found) == [("RE218", 8, 17)]
    assert "America/New_York" in str(found[0].help)


def test_an_account_that_hedges_is_what_both_sides_need(desk: Desk) -> None:
    """Of a policy for any account the file decides: one that nets is refused, with its line beside the rule's."""
    text = BASE.replace("account: hedging", "account: any") + OPENS
    (found,) = check_requires(policy(desk, text), account("netting"), VENUE, [DOLLARS])
    assert (found.code, str(found.severity), found.related[0].span.file) == ("RE502", "error", "account.yaml")
    assert check_requires(policy(desk, text), account("hedging"), VENUE, [DOLLARS]) == []


# --- what the rules need, though `requires` says nothing of it --------------------------------------------------------

OPENING = """
entries:
  - {{id: up, source: market, when: bid > 0, side: long, strategy: Base, size: 1_000units{more}}}
"""
LADDER = """
ladders:
  - {{id: more, source: market, when: bid > 0, steps: [100%]{more}}}
"""
PYRAMID = """
pyramids:
  - {{id: more, source: market, when: bid > 0, size: 1_000units{more}}}
"""
HEDGE = """
hedges:
  - {{id: other, when: bid > 0, open: {{side: short, size: 1_000units, strategy: Base{more}}}}}
"""
NO_STOPS = replace(VENUE, has_attached_stops=False)


def found_at(desk: Desk, text: str, venue: Capabilities, leaf: str) -> None:
    """The one finding is RE504, and stands at `leaf`."""
    (found,) = check_requires(policy(desk, text), None, venue)
    line = next(number for number, each in enumerate(text.split("\n"), 1) if leaf in each)
    column = text.split("\n")[line - 1].index(leaf) + leaf.rindex(" ") + 2
    assert (found.code, found.span.line, found.span.col) == ("RE504", line, column)
    assert check_requires(policy(desk, text), None, VENUE) == []


@pytest.mark.parametrize("opening", [OPENING, LADDER, PYRAMID, HEDGE])
@pytest.mark.parametrize("leaf", ["stop: 8pips", "target: 12pips"])
def test_an_attached_stop_that_the_venue_has_not(desk: Desk, opening: str, leaf: str) -> None:
    found_at(desk, BASE + opening.format(more=f", {leaf}"), NO_STOPS, leaf)


def test_a_short_position_where_nothing_is_sold_short(desk: Desk) -> None:
    cash = replace(VENUE, has_shorts=False)
    found_at(desk, BASE + OPENING.format(more="").replace("long", "short"), cash, "side: short")
    assert check_requires(policy(desk, BASE + OPENING.format(more="")), None, cash) == []


def test_a_part_of_a_trade_where_it_is_closed_whole(desk: Desk) -> None:
    whole = replace(VENUE, has_partial_close=False)
    found_at(desk, BASE.replace("close: 100%", "close: 40%"), whole, "close: 40%")
    staged = BASE.replace(
        "when: trade.age > patience\n    close: 100%", "stages: [{when: trade.age > patience, close: 40.5%}]"
    )
    found_at(desk, staged, whole, "close: 40.5%")
    assert check_requires(policy(desk, BASE), None, whole) == []


def test_both_sides_at_a_venue_that_only_nets(desk: Desk) -> None:
    nets = replace(VENUE, account_modes=frozenset({"netting"}))
    text = BASE.replace("account: hedging", "account: any") + HEDGE.format(more="")
    assert [each.code for each in check_requires(policy(desk, text), None, nets)] == ["RE505"]
    assert check_requires(policy(desk, BASE.replace("account: hedging", "account: any")), None, nets) == []


@pytest.mark.parametrize("off", ["enforcement: shadow", "enabled: false"])
def test_a_rule_that_sends_nothing_needs_nothing(desk: Desk, off: str) -> None:
    text = BASE + OPENING.format(more=f", stop: 8pips, {off}")
    assert check_requires(policy(desk, text), None, NO_STOPS) == []


def test_a_currency_that_the_venue_has_no_accounts_in(desk: Desk) -> None:
    (found,) = check_requires(policy(desk, BASE), None, replace(VENUE, currencies=frozenset({"USDT"})))
    assert (found.code, found.span.line, found.span.col) == ("RE500", 4, 40)
    assert check_requires(policy(desk, BASE), None, replace(VENUE, currencies=frozenset({"USDT", "JPY"}))) == []


def test_an_instrument_that_is_no_name_of_the_venue(desk: Desk) -> None:
    swaps = replace(VENUE, names=NameForm(r"[A-Z]+-USDT-SWAP", "BTC-USDT-SWAP"))
    (found,) = check_requires(policy(desk, BOTH), None, swaps)
    assert (found.code, found.span.line) == ("RE506", 4)
    assert "`USD_JPY`" in found.message
    assert "BTC-USDT-SWAP" in str(found.help)
    assert check_requires(policy(desk, BASE), None, swaps, [DOLLARS]) == [], "the venue itself was asked"
