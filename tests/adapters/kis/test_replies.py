"""What the venue's answer to an order means: refused, too many calls, a token that is over, nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.wire.clock import NANOS
from ruleengine.model.event import OrderStatus
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, played, refused


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused("APBK0952", "주문가능금액을 초과 했습니다"), "APBK0952"),
        (refused("40580000"), "40580000"),
        (refused("EGW00131", status=500), "EGW00131"),
        ((200, b"ERROR : INPUT INVALID_CHECK_ACNO"), "INVALID_CHECK_ACNO"),
    ],
)
@played
async def test_a_refusal_is_a_rejection_with_the_venues_code(answer: tuple[int, Any], code: str) -> None:
    """§6. Trap 18: the text comes padded, and is told without."""
    stand = Stand()
    stand.faults = [answer]
    await stand.place("buy", 1)
    (update,) = stand.updates
    assert (update.status, update.code, update.reason) == (OrderStatus.REJECTED, code, update.reason.strip())


@played
async def test_a_rate_limit_was_not_processed_and_is_repeated() -> None:
    """Trap 3: HTTP 500 with EGW00201 is no unknown; nothing leaves for a second after it."""
    stand = Stand()
    stand.faults = [refused("EGW00201", status=500), refused("EGW00201", status=500)]
    await stand.place("buy", 1)
    assert stand.told() == ["accepted"]
    assert len(stand.orders) == 1
    assert (stand.clock.now_ns() - NOON) / NANOS >= 2


@played
async def test_a_rate_limit_without_end_is_no_order() -> None:
    stand = Stand()
    stand.faults = [refused("EGW00201", status=500)] * 3
    await stand.place("buy", 1)
    assert [(u.status, u.code) for u in stand.updates] == [(OrderStatus.ABSENT, "EGW00201")]


@pytest.mark.parametrize("code", ["EGW00123", "EGW00121"])
@played
async def test_a_token_that_is_over_is_renewed_once_and_the_order_repeated_once(code: str) -> None:
    stand = Stand()
    await stand.client.tokens.get()
    await stand.clock.sleep(61)  # one a minute
    stand.faults = [refused(code, status=500)]
    await stand.place("buy", 1)
    assert stand.told() == ["accepted"]
    assert (stand.tokens, len(stand.orders)) == (2, 1)
    await stand.clock.sleep(61)
    stand.faults = [refused(code, status=500)] * 5
    await stand.place("buy", 1, name="o2")
    assert stand.updates[-1].status == OrderStatus.ABSENT
    assert (stand.tokens, len(stand.orders), len(stand.faults)) == (3, 1, 3)


@pytest.mark.parametrize(
    "fault",
    [
        "lose_request", refused("EGW00301", status=500), refused("EGW00302", status=500), (502, b"<html>"),
        refused("EGW00202", status=500), refused("EGW00203", status=500), refused("EGW00500", status=500),
        (200, {"rt_cd": "1", "msg_cd": "", "msg1": ""}), (500, b""),
    ],
)  # fmt: skip
@played
async def test_no_word_on_an_order_is_unknown_then_absent_and_never_sent_again(fault: Any) -> None:
    """Outcome table: three full order lists over ten seconds that lack it."""
    stand = Stand()
    stand.faults = [fault]
    await stand.place("buy", 1)
    assert stand.told() == ["unknown", "absent"]
    assert stand.orders == []
    assert [path for path, _, _ in stand.asked].count("order-cash") == 1
    assert stand.clock.now_ns() - NOON >= 10 * NANOS
    assert [path for path, _, _ in stand.asked].count("inquire-daily-ccld") >= 1 + 3


@played
async def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    stand = Stand()
    stand.faults = ["connect"]
    await stand.place("buy", 1)
    assert [(u.status, u.code) for u in stand.updates] == [(OrderStatus.ABSENT, "connect")]


@played
async def test_an_entry_that_a_token_kept_waiting_is_not_sent_and_an_exit_is() -> None:
    """The token is over, and the next may be asked for after a minute: the entry's price is of another time by then."""
    stand = Stand()
    stand.hold(SAMSUNG, 5, "70000")
    await stand.client.tokens.get()
    for side, told in (("buy", "absent"), ("sell", "accepted")):
        stand.faults = [refused("EGW00123", status=500)]
        stand.answers["tokenP"] = [(403, {"error_code": "EGW00133"})]
        begun = stand.clock.now_ns()
        await stand.place(side, 1, name=side)
        assert stand.clock.now_ns() - begun >= 60 * NANOS
        assert stand.told()[-1] == told
    assert [update.code for update in stand.updates] == ["late", ""]


@played
async def test_an_entry_that_the_order_list_kept_waiting_is_not_sent() -> None:
    stand = Stand()
    at_once = stand.ledgers.today

    async def slowly(*given: Any, **named: Any) -> Any:
        await stand.clock.sleep(6)
        return await at_once(*given, **named)

    stand.ledgers.today = slowly  # type: ignore[method-assign]
    await stand.place("buy", 1)
    assert [(str(update.status), update.code) for update in stand.updates] == [("absent", "LEDGER")]
    assert stand.orders == []


@played
async def test_an_exit_does_not_wait_for_a_list_or_a_balance_that_hang() -> None:
    """Five seconds for each; then it is sent for what is held by all that is known."""
    stand = Stand()
    stand.hold(SAMSUNG, 5, "70000")

    async def never(*_: Any, **__: Any) -> Any:
        await stand.clock.sleep(1_000)

    stand.ledgers.today = never  # type: ignore[method-assign]
    stand.accounts.balance = never  # type: ignore[method-assign]
    begun = stand.clock.now_ns()
    await stand.place("sell", 9)
    assert stand.told() == ["accepted"]
    assert [body["ORD_QTY"] for body in stand.orders] == ["5"]
    assert stand.clock.now_ns() - begun < 11 * NANOS
