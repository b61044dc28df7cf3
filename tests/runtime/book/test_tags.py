"""Whose a trade is and which strategy it belongs to: the tags of FX-16 as they were seen."""

from __future__ import annotations

import pytest

from ruleengine.runtime.book.tags import Tags
from ruleengine.runtime.orders.ids import order_id

DECLARED = {
    "M1Scalper": ["M1Scalper-trend-long", "M1Scalper-trend-short"],
    "TrendMA": [],
    "TrendMAbu": ["TrendMA-bull"],
    "Donchian5": ["Donchian55-breakout-up"],
    "MomentumB": ["MomentumBurst-open_long"],
    "MomentumP": ["MomentumPulse"],
    "ImpulseRe": ["ImpulseRetrace"],
    "VolCompre": ["VolCompressionBreak-long"],
}
TAGS = Tags(DECLARED, prefixes=("qr-", "qs-"), pockets=("scalp", "micro", "macro"), home_pockets={"M1Scalper": "scalp"})


@pytest.mark.parametrize(
    ("tag", "strategy"),
    [
        ("M1Scalper-trend-long", "M1Scalper"),
        ("M1Scalper", "M1Scalper"),
        ("TrendMA-bull", "TrendMAbu"),
        ("TrendMAbu", "TrendMAbu"),
        ("TrendMA", "TrendMA"),
        ("Donchian55-breakout-up", "Donchian5"),
        ("Donchian5", "Donchian5"),
        ("MomentumBurst-open_long", "MomentumB"),
        ("MomentumB", "MomentumB"),
        ("MomentumPulse", "MomentumP"),
        ("MomentumP", "MomentumP"),
        ("ImpulseRe", "ImpulseRe"),
        ("VolCompressionBreak-long", "VolCompre"),
        ("VolCompre", "VolCompre"),
        ("Donchian55", "Donchian5"),  # cut one letter later
        ("VolCompressionBre", "VolCompre"),
    ],
)
def test_seen_tags_resolve(tag: str, strategy: str) -> None:
    assert TAGS.strategy_of(tag) == strategy


@pytest.mark.parametrize(
    "tag",
    [
        "TrendMAbe",  # another strategy of the log, which nothing declares
        "TrendMA-bear",  # a longer tag is never taken for a shorter one
        "BBRSIlong",
        "Momentum",  # 8 letters, but of two strategies
        "M1Scalp",  # 7 letters: too little
        "VolCompre-",  # a cut tag has letters and digits only
        "",
    ],
)
def test_what_nothing_declares_is_not_guessed(tag: str) -> None:
    assert TAGS.strategy_of(tag) is None


def test_a_cut_that_fits_two_strategies_says_nothing() -> None:
    tags = Tags({"TrendFollowFast": [], "TrendFollowSlow": []})
    assert tags.strategy_of("TrendFollo") is None
    assert tags.strategy_of("TrendFollowF") == "TrendFollowFast"


def test_the_base_tag_comes_from_the_raw_tag_before_the_client_id() -> None:
    who = TAGS.identify("trade 1", "qr-1761140432687-micro-M1Scalper", "TrendMA-bull", "micro")
    assert (who.strategy, who.raw_tag) == ("TrendMAbu", "TrendMA-bull")


def test_a_trade_without_a_tag_has_the_one_in_its_client_id() -> None:
    who = TAGS.identify("trade 1", "qr-1761140432687-micro-M1Scalper", "", "")
    assert (who.owner, who.strategy, who.pocket, who.found) == ("engine", "M1Scalper", "micro", ())


def test_an_unknown_tag_is_shown_not_dropped() -> None:
    who = TAGS.identify("trade 1", "qr-1761566294895-macro-TrendMAbe", "", "macro")
    assert who.strategy == "unknown"
    assert [found.code for found in who.found] == ["RE560"]
    assert "TrendMAbe" in who.found[0].message


@pytest.mark.parametrize(
    ("client_id", "owner"),
    [("qr-1761926411971", "engine"), ("qs-7", "engine"), ("web-7", "manual"), ("", "manual"), ("Qr-7", "manual")],
)
def test_the_client_id_says_whose_it_is(client_id: str, owner: str) -> None:
    assert TAGS.owner(client_id) == owner


def test_ids_made_here_are_ours_whatever_is_declared() -> None:
    made = order_id("run", "digest", "rule", "key", 1)
    assert Tags({}).owner(made) == "engine"
    assert TAGS.owner(made) == "engine"
    assert Tags({}).owner(made + "x") == "manual"
    assert Tags({}).owner("qr-7") == "manual"


def test_ids_begin_with_the_first_usable_prefix() -> None:
    assert TAGS.prefix == "qr-"
    assert Tags({}, prefixes=("much-too-long-for-an-id", "b_", "ok")).prefix == "ok"
    assert Tags({}).prefix == "re"


def test_a_pocket_that_the_client_id_contradicts_is_reported() -> None:
    who = TAGS.identify("trade 1", "qr-1-micro-M1Scalper", "M1Scalper", "macro")
    assert [found.code for found in who.found] == ["RE561"]
    assert who.pocket == "macro"


def test_a_pocket_of_ours_on_a_manual_trade_is_reported() -> None:
    who = TAGS.identify("trade 1", "web-1", "M1Scalper", "micro")
    assert who.owner == "manual"
    assert [found.code for found in who.found] == ["RE561"]


@pytest.mark.parametrize("pocket", ["", "micro"])
def test_a_pocket_that_agrees_is_not(pocket: str) -> None:
    assert TAGS.identify("trade 1", "qr-1-micro-M1Scalper", "M1Scalper", pocket).found == ()


def test_a_trade_without_a_pocket_has_its_strategy_s() -> None:
    assert TAGS.identify("trade 1", "qr-1761926411971", "M1Scalper", "").pocket == "scalp"


def test_a_manual_trade_without_a_tag_is_no_finding() -> None:
    who = TAGS.identify("trade 1", "", "", "")
    assert (who.owner, who.strategy, who.opened_by, who.found) == ("manual", "unknown", "", ())


def test_what_opened_a_trade() -> None:
    tags = Tags({"Hedge": [], "M1Scalper": []}, prefixes=("qr-",), opened_by={"Hedge": "hedge_open"})
    assert tags.identify("t", "qr-1", "Hedge", "").opened_by == "hedge_open"
    assert tags.identify("t", "qr-1", "M1Scalper", "").opened_by == "entry"
    assert tags.identify("t", "qr-1", "M1Scalper", "", opened_by="pyramid").opened_by == "pyramid"
