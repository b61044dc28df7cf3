"""What the venue writes: padded numbers, times without dates, frames, notices, error bodies. Traps: fact sheet §10.

Payloads here are our own; those of the folder of fixtures are read where it is there.
"""

from __future__ import annotations

import base64
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from adapters.kis import errors, frames, kst, notices, prices
from adapters.kis.account import balance_of, opened_ns
from adapters.kis.errors import Meaning
from adapters.kis.ledger import order_of
from adapters.kis.rows import Row, rows_of
from ruleengine.model.event import Book, Quote, TradePrint
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError

NINE = kst.moment("20260304", "090000")


@pytest.fixture(scope="module")
def fixtures() -> Path:
    """Example payloads of the venue, beside the recordings; skipped without them."""
    data = os.environ.get("RULEENGINE_DATA")
    shared = Path(data).parent if data else Path(__file__).resolve().parents[4] / "shared"
    folder = shared / "brokers" / "fixtures" / "kis"
    if not folder.is_dir():
        pytest.skip("needs the venue's example payloads beside the recordings")
    return folder


def answer(folder: Path, name: str) -> errors.Answer:
    status = int(name.rpartition("http")[2].partition(".")[0]) if "http" in name else 200
    return errors.read(status, errors.decode((folder / name).read_bytes()))


# --- numbers and times -----------------------------------------------------------------------------------------------


def test_numbers_are_exact_and_unknown_is_not_zero() -> None:
    row = Row({"AVG": " 135440.2517 ", "qty": "0000000010", "none": "", "bad": "1,000"}, "test")
    assert row.number("avg") == Decimal("135440.2517")
    assert row.number("QTY".lower()) == 10
    assert row.maybe("none") is None
    for name in ("none", "missing", "bad"):
        with pytest.raises(VenueError, match=name):
            row.number(name)


def test_one_object_and_a_list_of_one_are_the_same() -> None:
    """Trap 13: `output2` is an array in the balance, an object in the order list."""
    assert [row.text("a") for row in rows_of({"a": "1"}, "x")] == [row.text("a") for row in rows_of([{"a": "1"}], "x")]
    assert rows_of(None, "x") == rows_of([], "x") == []
    with pytest.raises(VenueError):
        rows_of(["text"], "x")


def test_nine_in_seoul_is_midnight_utc() -> None:
    assert NINE % kst.DAY_NS == 0
    assert kst.day_of(NINE - 9 * 3600 * kst.SECOND_NS - 1) == "20260303"
    with pytest.raises(VenueError):
        kst.moment("20260304", "256000")


# --- frames ----------------------------------------------------------------------------------------------------------


def trade_fields(**more: str) -> list[str]:
    fields = ["0"] * 46
    known = {
        0: "005930", 1: "100512", 2: "71900", 8: "72400", 9: "71700", 12: "25", 13: "3052532", 21: "5",
        33: "20260304", 35: "N", 43: "0",
    }  # fmt: skip
    for place, value in {**known, **{int(key[1:]): value for key, value in more.items()}}.items():
        fields[place] = value
    return fields


def frame(tr_id: str, *records: list[str]) -> frames.Frame:
    return frames.parse(f"0|{tr_id}|{len(records):03d}|{'^'.join('^'.join(each) for each in records)}")


def test_records_follow_each_other_and_wider_ones_are_read() -> None:
    """Trap 8: sliced by total ÷ count, so that fields appended later do no harm; fields may hold spaces and `|`."""
    wide = [[*trade_fields(f2=price), "a b|c"] for price in ("71900", "72000")]
    found = prices.events_of(frame("H0STCNT0", *wide), frozenset({"005930"}), NINE)
    assert [each.price for each in found if isinstance(each, TradePrint)] == [71_900, 72_000]
    with pytest.raises(VenueError):
        frames.records("H0STCNT0", 2, "^".join(trade_fields()))
    with pytest.raises(VenueError):
        frames.records("H0STCNT0", 1, "^".join(trade_fields()[:45]))


def test_frames_of_what_is_not_followed_are_left_out() -> None:
    """Trap 8: a share released, and streams that nobody asked for."""
    assert prices.events_of(frame("H0STCNT0", trade_fields()), frozenset({"000660"}), NINE) == []
    assert prices.events_of(frame("H0NXCNT0", ["1", "2"]), frozenset({"005930"}), NINE) == []


def test_a_print_has_the_days_extremes_and_its_own_date() -> None:
    (found,) = prices.events_of(frame("H0STCNT0", trade_fields()), frozenset({"005930"}), NINE)
    assert isinstance(found, TradePrint)
    assert (found.price, found.size, found.aggressor, found.flags) == (71_900, 25, "sell", 0)
    assert (found.day_high, found.day_low, found.day_volume) == (72_400, 71_700, 3_052_532)
    assert found.ts_event == kst.moment("20260304", "100512")


@pytest.mark.parametrize("change", [{"f43": "A"}, {"f35": "Y"}])
def test_prints_of_auctions_and_halts_are_marked(change: dict[str, str]) -> None:
    (found,) = prices.events_of(frame("H0STCNT0", trade_fields(**change)), frozenset({"005930"}), NINE)
    assert isinstance(found, TradePrint)
    assert found.flags == prices.NOT_TRADABLE


def book_fields(hour_class: str = "0", asks: str = "72000 72100", bids: str = "71900") -> list[str]:
    fields = ["0"] * 59
    fields[:3] = ["005930", "093730", hour_class]
    for first, levels in ((3, asks), (13, bids)):
        for level, price in enumerate(levels.split()):
            fields[first + level], fields[first + 20 + level] = price, str(100 + level)
    return fields


def test_a_book_gives_its_levels_and_the_best_quote() -> None:
    book, quote = prices.events_of(frame("H0STASP0", book_fields()), frozenset({"005930"}), NINE)
    assert isinstance(book, Book)
    assert isinstance(quote, Quote)
    assert book.asks == ((72_000, 100), (72_100, 101))
    assert book.bids == ((71_900, 100),)
    assert (quote.bid, quote.ask, quote.ask_size, quote.flags) == (71_900, 72_000, 100, 0)
    assert quote.ts_event == kst.moment("20260304", "093730")  # no date in it: the day of the receipt


def test_a_book_of_yesterdays_close_is_no_book_of_this_afternoon() -> None:
    """Heard at nine (nights and weekends answer stale, §9): 15:30 was 17½ hours ago, and is not in 6½."""
    fields = book_fields()
    fields[1] = "153000"
    for event in prices.events_of(frame("H0STASP0", fields), frozenset({"005930"}), NINE):
        assert event.ts_event == NINE - (17 * 60 + 30) * 60 * kst.SECOND_NS


@pytest.mark.parametrize(("hour_class", "asks"), [("A", "72000"), ("0", "")])
def test_books_nobody_can_trade_on_are_marked(hour_class: str, asks: str) -> None:
    """§5.2: auctions, and a side that is empty at the day's limit."""
    found = prices.events_of(frame("H0STASP0", book_fields(hour_class, asks)), frozenset({"005930"}), NINE)
    assert all(isinstance(each, Book | Quote) and each.flags == prices.NOT_TRADABLE for each in found)


# --- notices ---------------------------------------------------------------------------------------------------------

HEAD = "HTSID01^1234567801^0000012345^^02^0^01^0^005930^{units}^{price}^100502^0^{fill}^{accepted}^06010^000000010^name"
TAILS = {23: "stock^10^^stock^000000000", 26: "000000000^1^^^00^^stock^000000000"}


@pytest.mark.parametrize("width", [23, 26])
def test_notices_of_both_widths_count_only_fills(width: int) -> None:
    """Traps 5, 6: the quantity of an acceptance stands where a fill has its own."""
    taken = HEAD.format(units="0000000010", price="000000000", fill="1", accepted="1")
    filled = HEAD.format(units="0000000004", price="000071900", fill="2", accepted="2")
    found = [notices.read(f"{head}^{TAILS[width]}".split("^"), "1234567801") for head in (taken, filled)]
    assert [each.kind if each else None for each in found] == ["accepted", "fill"]
    assert found[1] is not None
    assert [int(each) for each in (found[1].units, found[1].price, found[1].order_units)] == [4, 71_900, 10]
    assert (found[1].number, found[1].branch, found[1].symbol, found[1].side) == (
        "0000012345", "06010", "005930", Side.LONG,
    )  # fmt: skip
    assert len(f"{taken}^{TAILS[width]}".split("^")) == width


def test_notices_of_other_accounts_are_not_ours() -> None:
    text = HEAD.format(units="1", price="1", fill="2", accepted="2") + "^" + TAILS[26]
    assert notices.read(text.split("^"), "8765432101") is None


def test_keys_are_texts_as_they_stand_and_wrong_ones_are_said() -> None:
    """Trap 7: UTF-8 bytes of the texts, neither base64 nor hex."""
    keys = notices.Keys.of("k" * 32, "i" * 16)
    padder = padding.PKCS7(128).padder()
    padded = padder.update("삼성^1".encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(b"k" * 32), modes.CBC(b"i" * 16)).encryptor()
    text = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
    assert notices.decrypt(text, keys) == "삼성^1"
    with pytest.raises(VenueError, match="session's key"):
        notices.decrypt(text, notices.Keys.of("x" * 32, "i" * 16))
    with pytest.raises(VenueError):
        notices.Keys.of("short", "i" * 16)
    assert "kkk" not in repr(keys)


# --- error bodies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, {"rt_cd": "0", "msg_cd": "APBK0013"}, Meaning.DONE),
        (200, {"rt_cd": "0", "msg_cd": "40600000"}, Meaning.DONE),
        (200, {"rt_cd": "7", "msg_cd": "APBK0952"}, Meaning.REFUSED),
        (200, {"rt_cd": "1", "msg_cd": "40580000"}, Meaning.REFUSED),
        (500, {"rt_cd": "1", "msg_cd": "EGW00201"}, Meaning.REPEAT),
        (500, {"rt_cd": "1", "msg_cd": "EGW00215"}, Meaning.REPEAT),
        (500, {"rt_cd": "1", "msg_cd": "EGW00122"}, Meaning.RENEW),
        (500, {"rt_cd": "1", "msg_cd": "EGW00123"}, Meaning.RENEW),
        (200, {"rt_cd": "1", "msg_cd": "EGW00123"}, Meaning.RENEW),
        (500, {"rt_cd": "1", "msg_cd": "EGW00121"}, Meaning.RENEW),
        (500, {"rt_cd": "1", "msg_cd": "EGW00301"}, Meaning.UNCLEAR),
        (500, {"rt_cd": "1", "msg_cd": "EGW00399"}, Meaning.UNCLEAR),
        (500, {"rt_cd": "1", "msg_cd": "EGW00500"}, Meaning.UNCLEAR),
        *(
            (500, {"rt_cd": "1", "msg_cd": f"EGW{number:05d}"}, Meaning.UNCLEAR)
            for number in (1, 2, 202, 203, 204, 300, 777)
        ),
        (200, {"rt_cd": "1", "msg_cd": "EGW00202"}, Meaning.UNCLEAR),
        (500, {"rt_cd": "1", "msg_cd": "EGW02004"}, Meaning.REFUSED),
        (500, {"rt_cd": "1", "msg_cd": "EGW00205"}, Meaning.REFUSED),
        (500, {"rt_cd": "1", "msg_cd": "APBK9999"}, Meaning.UNCLEAR),
        (500, {"rt_cd": "0", "msg_cd": "APBK0013"}, Meaning.UNCLEAR),
        (200, {"rt_cd": "1", "msg_cd": "  ", "msg1": " "}, Meaning.UNCLEAR),
        (500, {"rt_cd": "1", "msg_cd": "EGW00131"}, Meaning.REFUSED),
        (403, {"error_code": "EGW00133", "error_description": "…"}, Meaning.REFUSED),
        (200, "ERROR : INPUT INVALID_CHECK_ACNO", Meaning.REFUSED),
        (200, "<html>maintenance</html>", Meaning.UNCLEAR),
        (200, ["no", "object"], Meaning.UNCLEAR),
    ],
)
def test_codes_decide_what_a_reply_means(status: int, body: Any, meaning: Meaning) -> None:
    """§6, trap 3. An order that the gateway could not route (EGW00001, 00002, 00202–00204, 00300) may have been passed
    on; EGW00215 is the rate of the account's books, told with HTTP 500 like EGW00201."""
    assert errors.read(status, body).meaning is meaning


def test_padding_goes_and_what_follows_is_in_the_header() -> None:
    """Trap 18."""
    found = errors.read(200, {"rt_cd": "0", "msg_cd": "KIOK0510", "msg1": "조회".ljust(80)}, more="M")
    assert (found.text, found.has_more) == ("조회", True)
    assert not errors.read(200, {"rt_cd": "0"}, more="D").has_more


# --- account and order list ------------------------------------------------------------------------------------------


def balance_page(*stocks: dict[str, str]) -> errors.Answer:
    sums = {"dnca_tot_amt": "1000000", "nxdy_excc_amt": "900000", "prvs_rcdl_excc_amt": "300000"}
    return errors.read(200, {"rt_cd": "0", "msg_cd": "K", "output1": list(stocks), "output2": [sums]})


def share(units: int, **more: str) -> dict[str, str]:
    base = {"pdno": "005930", "hldg_qty": str(units), "ord_psbl_qty": str(units), "pchs_avg_pric": "70000.5000"}
    return {**base, "loan_dt": "", "evlu_amt": "0", "thdt_buyqty": "0", "thdt_sll_qty": "0", **more}


def test_cash_is_what_two_days_will_leave_and_holdings_count_at_cost() -> None:
    """Trap 11: the deposit of today still has what was bought with it. 300,000 + 10 × 70,000.5 = 1,000,005."""
    found = balance_of([balance_page(share(10, evlu_amt="720000"))], NINE)
    assert [int(each) for each in (found.cash, found.balance, found.margin_used)] == [300_000, 1_000_005, 720_000]


def test_rows_of_nothing_and_rows_on_credit_are_no_holdings() -> None:
    """Trap 14: sold-out rows stay until they are settled; one share may come twice."""
    found = balance_of(
        [
            balance_page(share(10), share(3, loan_dt="20260102", pchs_avg_pric="60000")),
            balance_page(
                share(10),  # again, because rows moved between the pages
                share(5, pchs_avg_pric="70003.5", trad_dvsn_name="현금2"),
                share(0, pdno="000660", thdt_sll_qty="7"),
            ),
        ],
        NINE,
    )
    (stock,) = found.held
    assert (int(stock.units), stock.cost, found.credit) == (15, Decimal("70001.5"), ("005930",))
    assert found.sellable("000660") == 0
    assert [trade for trade in found.stocks if trade == "000660"]


def test_a_balance_without_a_figure_is_no_balance() -> None:
    broken = errors.read(200, {"rt_cd": "0", "output1": [], "output2": [{"dnca_tot_amt": "1"}]})
    with pytest.raises(VenueError, match="prvs_rcdl_excc_amt"):
        balance_of([broken], NINE)


def listed(**more: str) -> dict[str, str]:
    return {
        "ord_dt": "20260304", "ord_gno_brno": "06010", "odno": "0000012345", "orgn_odno": "", "sll_buy_dvsn_cd": "02",
        "pdno": "005930", "ord_qty": "10", "ord_unpr": "0", "ord_tmd": "100501", "tot_ccld_qty": "4",
        "ord_dvsn_cd": "01", "rjct_qty": "0", **more,
    }  # fmt: skip


def test_both_names_of_the_cancelled_quantity_are_read() -> None:
    """§4.5."""
    for name in ("cncl_cfrm_qty", "cnc_cfrm_qty"):
        found = order_of(Row(listed(**{name: "6"}), "x"))
        assert (int(found.cancelled), int(found.left), found.number) == (6, 0, "0000012345")


def test_a_cancel_has_a_row_of_its_own() -> None:
    """Trap 9, §4.5."""
    row = listed(odno="0000012349", orgn_odno="0000012345", cncl_yn="Y", tot_ccld_qty="0")
    found = order_of(Row(row, "x"))
    assert (found.is_cancel, found.original) == (True, "0000012345")


def test_a_position_began_where_walking_back_leaves_nothing() -> None:
    """Held 10: bought 4 and 10, sold 4 between: 10 − 10 = 0 at the last purchase, so it began there; held 12 it began
    with the first purchase (12 − 10 + 4 − 4 = 2 are older than all of them)."""
    orders = [
        order_of(Row(listed(odno=number, sll_buy_dvsn_cd=side, tot_ccld_qty=units, ord_tmd=clock), "x"))
        for number, side, units, clock in (
            ("1", "02", "4", "100000"), ("2", "01", "4", "110000"), ("3", "02", "10", "120000"),
        )
    ]  # fmt: skip
    (ten,) = balance_of([balance_page(share(10))], NINE).held
    assert opened_ns(ten, orders, 7) == kst.moment("20260304", "120000")
    (twelve,) = balance_of([balance_page(share(12))], NINE).held
    assert opened_ns(twelve, orders, 7) == 7


# --- the venue's own examples ----------------------------------------------------------------------------------------


def test_example_errors(fixtures: Path) -> None:
    meanings = {path.name: answer(fixtures / "errors", path.name).meaning for path in (fixtures / "errors").iterdir()}
    assert meanings == {
        "token_expired.http500.json": Meaning.RENEW,
        "token_1_per_minute.http403.json": Meaning.REFUSED,
        "rate_limit.http500.json": Meaning.REPEAT,
        "insufficient_cash.http200.json": Meaning.REFUSED,
    }


def test_example_balance(fixtures: Path) -> None:
    """The same share paid in full (1,657) and on credit (3)."""
    found = balance_of([answer(fixtures / "rest", "inquire_balance.json")], NINE)
    (stock,) = found.held
    assert (stock.symbol, stock.cost, found.credit) == ("009150", Decimal("135440.2517"), ("009150",))
    figures = (stock.units, stock.sellable, found.cash, stock.bought, stock.sold)
    assert [int(each) for each in figures] == [1657, 1611, 346_455, 1686, 41]


def test_example_order_list(fixtures: Path) -> None:
    rows = [order_of(row) for row in answer(fixtures / "handmade", "inquire_daily_ccld.json").rows("output1")]
    assert [[int(each or 0) for each in (row.filled, row.cancelled, row.left, row.value)] for row in rows[1:]] == [
        [3, 5, 0, 210_000], [10, 0, 0, 719_100],
    ]  # fmt: skip
    assert rows[0].is_cancel
    assert answer(fixtures / "handmade", "inquire_daily_ccld.empty.json").rows("output1") == []


def test_example_frames(fixtures: Path) -> None:
    symbols = frozenset({"005930"})
    found = []
    for name in ("ws/H0STCNT0", "ws/H0STASP0", "handmade/H0STCNT0.two_records"):
        text = (fixtures / f"{name}.frame.txt").read_text("utf-8").strip()
        found += prices.events_of(frames.parse(text), symbols, NINE)
    trades = [each for each in found if isinstance(each, TradePrint)]
    assert [(each.price, each.size, each.aggressor) for each in trades] == [
        (71_900, 1, "buy"), (71_900, 1, "buy"), (72_000, 25, "sell"),
    ]  # fmt: skip
    (book,) = (each for each in found if isinstance(each, Book))
    assert (book.asks[0], book.bids[0], book.asks[9], book.bids[9]) == (
        (71_900, 91_918), (71_800, 95_221), (72_800, 104_229), (70_900, 158_171),
    )  # fmt: skip


def test_example_notices(fixtures: Path) -> None:
    output = json.loads((fixtures / "ws/subscribe_ack.json").read_text("utf-8"))["body"]["output"]
    keys = notices.Keys.of(output["key"], output["iv"])
    found = {}
    for path in sorted(fixtures.glob("*/H0STCNI*.frame.txt")):
        data = frames.parse(path.read_text("utf-8").strip())
        text = notices.decrypt(data.body, keys)
        plain = next(path.parent.glob(path.name.replace("frame.txt", "plain*.txt"))).read_text("utf-8").strip()
        assert text == plain
        notice = notices.read(text.split("^"), "1234567801")
        assert notice is not None
        found[path.name.removesuffix(".frame.txt")] = (notice.kind, int(notice.units), int(notice.price))
    assert found == {
        "H0STCNI0.accept": ("accepted", 1, 0),
        "H0STCNI0.fill": ("fill", 1, 3190),
        "H0STCNI9.accept": ("accepted", 10, 0),
        "H0STCNI9.cancel_confirm": ("cancelled", 5, 0),
        "H0STCNI9.fill_1": ("fill", 4, 71_900),
        "H0STCNI9.fill_2": ("fill", 6, 71_917),
    }
