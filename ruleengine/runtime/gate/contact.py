"""How well the venue is heard, and whether what happens is recorded. While any of it is in doubt nothing is added (the
gate's limits `link`, `record`, `books` and `clock`); exits go on.

    link       a connection was lost, or is there again; or our own journal
    compared   a reconciliation: whether the venue has the units that our book has
    accept     a human says that books or clocks may be gone on with
    heard      the venue's time of an answer against ours

Everything follows from events that are in the log, and is kept over restarts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import contact as faults
from ruleengine.diagnostics.catalogue import storage
from ruleengine.model.event import LinkChange
from ruleengine.model.figure import when

DIFFERENCES_MAX = 2
"""So many reconciliations in a row may not find other units than ours; one may be a fill that was on its way."""
CLOCKS_APART_MAX_NS = 2_000_000_000

ACCOUNT: Final = "account"
PRICES: Final = "prices"
RECORD: Final = "record"
AWAY = "the engine was away"
"""Why nothing was heard between two runs."""

_AGAIN = {
    ACCOUNT: "orders and fills are heard again; they were not since",
    PRICES: "prices are heard again; they were not since",
    RECORD: "the journal is written again; it was not since",
}
_HERE = Span.of_file("contact")


class Contact:
    """`down`: channels that are lost, with since when and why. `differences`: reconciliations in a row that found other
    units than ours; `found`: what the last of them found. `apart_ns`: how far the venue's clock is ahead of ours; 0
    while they agree."""

    def __init__(self) -> None:
        self.down: dict[str, tuple[int, str]] = {}
        self.differences, self.found = 0, ""
        self.apart_ns = 0

    # --- connections -------------------------------------------------------------------------------------------------

    def link(self, change: LinkChange) -> list[Diagnostic]:
        """What is said twice changes nothing."""
        if change.is_up:
            lost = self.down.pop(change.channel, None)
            if lost is None:
                return []
            again = _AGAIN.get(change.channel, _AGAIN[PRICES])
            return [faults.heard_again(_HERE, f"{again} {when(lost[0])}")]
        if change.detail == AWAY:
            since = self.down.get(change.channel, (change.ts, ""))[0]
            self.down[change.channel] = since, AWAY
            return []  # nothing was lost: that the run goes on is said (RE517), and of each order that is unknown
        if change.channel in self.down:
            return []
        self.down[change.channel] = change.ts, change.detail
        if change.channel == ACCOUNT:
            return [faults.account_unheard(_HERE, when(change.ts), change.detail)]
        if change.channel == RECORD:
            return [storage.record_put_aside(_HERE, change.detail)]
        return [faults.prices_unheard(_HERE, change.detail)]

    @property
    def was_away(self) -> bool:
        """Does the engine begin again? What it hears now was read after all that it knows."""
        return self.down.get(ACCOUNT, (0, ""))[1] == AWAY

    # --- books -------------------------------------------------------------------------------------------------------

    @property
    def books_agree(self) -> bool:
        return self.differences < DIFFERENCES_MAX

    def compared(self, found: Sequence[str]) -> list[Diagnostic]:
        """A reconciliation. `found`: every side that the venue has other units of, in words."""
        had_agreed = self.books_agree
        self.differences, self.found = (self.differences + 1, "; ".join(found)) if found else (0, "")
        if had_agreed and not self.books_agree:
            return [faults.books_differ(_HERE, self.found)]
        if self.books_agree and not had_agreed:
            return [faults.heard_again(_HERE, "the venue has the units of our book again")]
        return []

    def accept(self) -> None:
        """A human has looked at books or clocks: until they differ anew they agree."""
        self.differences, self.found, self.apart_ns = 0, "", 0

    # --- clocks ------------------------------------------------------------------------------------------------------

    @property
    def clocks_agree(self) -> bool:
        return self.apart_ns == 0

    def heard(self, ts: int, ts_event: int, sent_ns: int = 0) -> list[Diagnostic]:
        """The venue's own time of an answer that we heard at `ts`, to an order that was sent at `sent_ns`. Nothing is
        heard before it happened, nor answered before it was sent: either proves that a clock is wrong. That it comes
        late proves nothing."""
        apart, had_agreed = ts_event - ts, self.clocks_agree
        if apart <= CLOCKS_APART_MAX_NS and sent_ns and ts_event < sent_ns - CLOCKS_APART_MAX_NS:
            apart = ts_event - sent_ns
        elif apart < -CLOCKS_APART_MAX_NS:
            return []
        self.apart_ns = apart if abs(apart) > CLOCKS_APART_MAX_NS else 0
        if self.clocks_agree and not had_agreed:
            return [faults.heard_again(_HERE, "our clock and the venue's agree again")]
        return [faults.clocks_apart(_HERE, *self.apart_words())] if had_agreed and not self.clocks_agree else []

    def apart_words(self) -> tuple[str, str, str]:
        """(how far, how far it may be, which way), in seconds.

        >>> contact = Contact()
        >>> _ = contact.heard(5_000_000_000, 8_500_000_000)
        >>> contact.apart_words()
        ('3.5', '2', 'behind')
        """
        which = "behind" if self.apart_ns > 0 else "ahead of"
        return f"{abs(self.apart_ns) / 1e9:.3g}", f"{CLOCKS_APART_MAX_NS / 1e9:g}", which

    # --- state -------------------------------------------------------------------------------------------------------

    @property
    def is_sure(self) -> bool:
        """Does nothing of it keep openings back?"""
        return not self.down.keys() & {ACCOUNT, RECORD} and self.books_agree and self.clocks_agree

    def state(self) -> dict[str, Any]:
        down = {channel: list(since) for channel, since in self.down.items()}
        return {"down": down, "differences": self.differences, "found": self.found, "apart": self.apart_ns}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.down = {channel: (since, detail) for channel, (since, detail) in state["down"].items()}
        self.differences, self.found, self.apart_ns = state["differences"], state["found"], state["apart"]
