"""A signal from outside, one JSON line: what a strategy elsewhere wants, before any guard has looked at it."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.model import event
from ruleengine.model.side import Side
from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.figures import AnyNumber, Figure, Moment, Plain, Text

CONFIDENCE_MAX = 100
_NANOS = 1_000_000_000
_MOMENT = re.compile(r"(?P<whole>[^.Z+]{16,19}?)(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[-+]\d{2}:\d{2})")


class SignalId(Text):
    wanted, pattern = "an id of 1 to 128 visible characters", r"^[!-~]{1,128}$"
    __slots__ = ()


class Signal(Shape):
    """A signal line. Prices and sizes are numbers in the instrument's own units."""

    id: SignalId = key("made once by the sender; the same id again is the same signal", "s-20251031-0001")
    time: Moment = key("when it was made, with zone", "2025-10-31T16:00:04.433Z")
    instrument: Text = key("as the venue names it", "USD_JPY")
    strategy: Text = key("raw tag; aliases are resolved by the policy (FX-16)", "M1Scalper-trend-long")
    side: Literal["long", "short"] = key("wanted side", "long")
    size: Plain | None = optional("wanted size, before sizing rules: base units or contracts", 10000)
    confidence: AnyNumber | None = optional("0 to 100", 80)
    pocket: Text | None = optional("pocket", "micro")
    regime: Text | None = optional("regime the sender saw (SC-15)", "trending")
    leverage: Plain | None = optional("wanted leverage (SC-06)", 3)
    stop: Plain | None = optional("stop price", 153.452)
    target: Plain | None = optional("target price", 154.074)


def problems(signal: Signal, file: str = "signal") -> list[Diagnostic]:
    """What is wrong with values that each read well. `file` names the source of a line without places."""
    found: list[Diagnostic] = []
    for name in type(signal).model_fields:
        leaf = getattr(signal, name)
        if not isinstance(leaf, (Figure, Text)):
            continue
        reason = leaf.reason()
        if reason is None and name == "confidence" and isinstance(leaf, Figure) and leaf.number > CONFIDENCE_MAX:
            reason = f"`{leaf.text}` is above {CONFIDENCE_MAX}"
        if reason is None and name == "time" and nanoseconds(leaf.text) is None:
            reason = f"`{leaf.text}` is no time of the calendar"
        if reason is not None:
            place: Span | None = getattr(leaf.node, "span", None)
            found.append(faults.out_of_place(place or Span.of_file(file), f"{name}: {reason}"))
    return found


def to_event(signal: Signal, available_ns: int) -> event.Signal:
    """The signal as an event that could be known at `available_ns`. For signals without `problems`."""
    made_ns = nanoseconds(signal.time.text)
    if made_ns is None:
        raise ValueError(f"`{signal.time.text}` is no time of the calendar: ask `problems` first")
    return event.Signal(
        ts=available_ns,
        ts_event=made_ns,
        id=signal.id.text,
        instrument=signal.instrument.text,
        strategy=signal.strategy.text,
        side=Side(signal.side),
        size=_float(signal.size),
        confidence=_float(signal.confidence),
        pocket=_text(signal.pocket),
        regime=_text(signal.regime),
        leverage=_float(signal.leverage),
        stop=_float(signal.stop),
        target=_float(signal.target),
    )


def nanoseconds(text: str) -> int | None:
    """UTC nanoseconds of an RFC 3339 time, all nine digits kept; None where it is none.

    >>> nanoseconds("1970-01-01T09:00:01.000000005+09:00"), nanoseconds("2025-02-30T00:00:00Z")
    (1000000005, None)
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match["whole"] + match["zone"])
    except ValueError:
        return None
    fraction = int((match["fraction"] or "").ljust(9, "0"))
    return int(Decimal(moment.timestamp())) * _NANOS + fraction


def _float(leaf: Figure | None) -> float | None:
    return None if leaf is None else float(leaf.number)


def _text(leaf: Text | None) -> str | None:
    return None if leaf is None else leaf.text
