"""Order commands over a stream: the same commands and counters as REST's (§7, §11).

Faults are meant for them by the path `/ws/v5/private/<op>`: `lose_request` (not done, nothing said), `lose_reply`
(done, nothing said), `reject`, `reorder_fill_before_ack`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.okx.simulator import desk
from adapters.okx.simulator.connection import Connection
from adapters.okx.simulator.doors import BY_OP, Gate
from adapters.okx.simulator.errors import Refusal, injected, refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.hub import Hub
from adapters.okx.simulator.rest import TIMED_OUT, batch, check_expiry, run_orders
from adapters.okx.simulator.wire import Row, field
from adapters.simulation.faults import Faults

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_DEFAULT_REJECTION = "51008"


def order_command(
    exchange: Exchange,
    gate: Gate,
    hub: Hub,
    faults: Faults,
    connection: Connection,
    message: Mapping[str, Any],
    text: str,
) -> None:
    """Do a command and answer it under the client's id. Refusal 60012 for an id that is none."""
    op = str(message["op"])
    if not _ID.fullmatch(field(message, "id")):
        raise refuse("60012", raw=text)
    path = f"/ws/v5/{connection.url}/{op}"
    if faults.take("lose_request", path):
        return
    held = hub.hold()
    try:
        begin = exchange.market.clock.now_ns() // 1000
        try:
            code, msg, rows = _run(exchange, gate, connection, message, faults, path)
        except Refusal as refusal:
            code, msg, rows = refusal.code, refusal.message, []
        if faults.take("reorder_fill_before_ack", path):
            held.release()
        if not faults.take("lose_reply", path):
            times = {"inTime": str(begin), "outTime": str(exchange.market.clock.now_ns() // 1000)}
            connection.send({"id": message["id"], "op": op, "code": code, "msg": msg, "data": rows} | times)
    finally:
        held.release()


def _run(
    exchange: Exchange,
    gate: Gate,
    connection: Connection,
    message: Mapping[str, Any],
    faults: Faults,
    path: str,
) -> tuple[str, str, list[Row]]:
    """(code, msg, rows)."""
    account = connection.account
    assert account is not None
    door = BY_OP[str(message["op"])]
    check_expiry(door, field(message, "expTime"), exchange.now_ms)
    orders = batch(message.get("args"))
    if not door.is_batch and len(orders) != 1:
        raise refuse("51000", name="args")
    fault = faults.take("reject", path)
    refusal = injected(fault.code or _DEFAULT_REJECTION) if fault else None
    rows = run_orders(exchange, gate, door, account, orders, refusal)
    if refusal is not None and refusal.code == TIMED_OUT:
        raise refusal
    return *desk.verdict(rows), rows
