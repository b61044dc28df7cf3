"""The life of an order, as a table (state, event) → state.

Rules of this file:

1. An order may leave only after its intent is durable: INTENT is the first state in which the venue can know of it.
2. UNKNOWN is a full state: no answer in time is not a rejection. An answer, a fill or a query ends it; time never does.
3. Any answer proves that the order was sent, so it is taken in INTENT as in SENDING; a fill may come before its ack.
4. A fill is money and always counts, whatever was said before: one after a cancel is late, one of an order that was
   proved absent or rejected contradicts that proof. Contradictions move the state and are alarmed (`CONTRADICTIONS`).
5. A list that lacks an order proves neither that it ended nor that it never arrived: it makes UNKNOWN, nothing more.
6. What is said twice, or late, changes nothing: an ack after the cancel, a timeout after the ack, a cancel of what
   filled. So the order in which true answers arrive does not change where an order ends.
7. A pair that is not in the table cannot happen unless we or the venue err: `ImpossibleTransition`. The caller turns it
   into a coded note and leaves the state as it is.

Knows nothing of sizes: `orders.py` says whether a fill is the whole (`filled`) or a part (`part_filled`).
"""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    DECIDED = "decided"
    INTENT = "intent"
    """Durable: in the journal before a byte leaves."""
    SENDING = "sending"
    ACKED = "acked"
    PARTIALLY_FILLED = "partially_filled"
    UNKNOWN = "unknown"
    """May or may not be at the venue; counted in full in every limit until it is resolved."""
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ABSENT = "absent"
    """A query proved that the venue never had it."""


class OrderEvent(StrEnum):
    """What happens to an order. Those that a venue says have the words of `model.event.OrderStatus`, where an amended
    one is `accepted`, or `filled` (`orders.py`)."""

    STORED = "stored"
    SENT = "sent"
    ACCEPTED = "accepted"
    PART_FILLED = "part_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    MISSING = "missing"
    """The venue's list of orders that are out, newer than all we heard of this one, lacks it."""


LIVE = frozenset(
    {OrderState.INTENT, OrderState.SENDING, OrderState.ACKED, OrderState.PARTIALLY_FILLED, OrderState.UNKNOWN}
)
"""States in which an order can still fill; what is left of it counts in every limit."""

_S, _E = OrderState, OrderEvent

_ANSWERS = {
    _E.ACCEPTED: _S.ACKED,
    _E.PART_FILLED: _S.PARTIALLY_FILLED,
    _E.FILLED: _S.FILLED,
    _E.REJECTED: _S.REJECTED,
    _E.CANCELLED: _S.CANCELLED,
    _E.EXPIRED: _S.EXPIRED,
    _E.UNKNOWN: _S.UNKNOWN,
    _E.ABSENT: _S.ABSENT,
    _E.MISSING: _S.UNKNOWN,
}
"""What an order that has had no answer becomes by its first one."""

_ROWS: dict[OrderState, dict[OrderEvent, OrderState]] = {
    _S.DECIDED: {_E.STORED: _S.INTENT},
    _S.INTENT: {_E.SENT: _S.SENDING, **_ANSWERS},
    _S.SENDING: _ANSWERS,
    _S.UNKNOWN: _ANSWERS,
    _S.ACKED: {**_ANSWERS, _E.UNKNOWN: _S.ACKED, _E.ABSENT: _S.ACKED},
    _S.PARTIALLY_FILLED: {
        **_ANSWERS,
        _E.ACCEPTED: _S.PARTIALLY_FILLED,
        _E.UNKNOWN: _S.PARTIALLY_FILLED,
        _E.ABSENT: _S.PARTIALLY_FILLED,
        _E.REJECTED: _S.CANCELLED,
    },
    _S.FILLED: dict.fromkeys((event for event in _ANSWERS if event is not _E.PART_FILLED), _S.FILLED),
    _S.CANCELLED: {**dict.fromkeys(_ANSWERS, _S.CANCELLED), _E.FILLED: _S.FILLED},
    _S.EXPIRED: {**dict.fromkeys(_ANSWERS, _S.EXPIRED), _E.FILLED: _S.FILLED, _E.CANCELLED: _S.CANCELLED},
    _S.REJECTED: {
        **dict.fromkeys(_ANSWERS, _S.REJECTED),
        _E.CANCELLED: _S.CANCELLED,
        _E.EXPIRED: _S.EXPIRED,
        _E.PART_FILLED: _S.CANCELLED,
        _E.FILLED: _S.FILLED,
    },
    _S.ABSENT: {**_ANSWERS, _E.UNKNOWN: _S.ABSENT, _E.MISSING: _S.ABSENT},
}

TABLE: dict[tuple[OrderState, str], OrderState] = {
    (state, event): after for state, row in _ROWS.items() for event, after in row.items()
}

CONTRADICTIONS: frozenset[tuple[OrderState, str]] = frozenset(
    {
        (_S.ACKED, _E.ABSENT),
        (_S.PARTIALLY_FILLED, _E.ABSENT),
        (_S.PARTIALLY_FILLED, _E.REJECTED),
        (_S.FILLED, _E.ABSENT),
        (_S.FILLED, _E.REJECTED),
        (_S.FILLED, _E.FILLED),
        (_S.REJECTED, _E.ACCEPTED),
        (_S.REJECTED, _E.PART_FILLED),
        (_S.REJECTED, _E.FILLED),
        (_S.ABSENT, _E.ACCEPTED),
        (_S.ABSENT, _E.PART_FILLED),
        (_S.ABSENT, _E.FILLED),
        (_S.ABSENT, _E.CANCELLED),
        (_S.ABSENT, _E.EXPIRED),
    }
)
"""Pairs in which two statements of the venue cannot both be true; money truth is in doubt."""


class ImpossibleTransition(Exception):
    """An event that an order in this state cannot have."""

    def __init__(self, state: OrderState, event: str) -> None:
        super().__init__(f"an order that is {state} cannot be {event}")
        self.state, self.event = state, event


def step(state: OrderState, event: str) -> OrderState:
    """The state after an event; `ImpossibleTransition` where the table has none.

    >>> step(OrderState.UNKNOWN, "part_filled")
    <OrderState.PARTIALLY_FILLED: 'partially_filled'>
    """
    after = TABLE.get((state, event))
    if after is None:
        raise ImpossibleTransition(state, event)
    return after


def diagram() -> str:
    """The table as a mermaid state diagram: every change of state, contradictions marked (!).

    >>> print(diagram().splitlines()[2])
        decided --> intent: stored
    """
    lines = ["stateDiagram-v2", "    [*] --> decided"]
    for state, row in _ROWS.items():
        targets: dict[OrderState, list[str]] = {}
        for event, after in row.items():
            if after is not state:
                mark = " (!)" if (state, event) in CONTRADICTIONS else ""
                targets.setdefault(after, []).append(event.value.replace("_", " ") + mark)
        lines += [f"    {state.value} --> {after.value}: {', '.join(events)}" for after, events in targets.items()]
    lines += [f"    {state.value} --> [*]" for state in OrderState if state not in LIVE and state is not _S.DECIDED]
    return "\n".join(lines) + "\n"
