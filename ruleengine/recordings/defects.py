"""What can be wrong with recorded rows: name, bit, and what it does to features.

Rows with defects stay in the recording with their bits in `flags`; only exact repeats, and rows that have no readable
time and so no place in the order, are left out, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a defect does."""

    UNKNOWN = "unknown"
    """Features are unknown while the row lies in their window."""
    NOTE = "note"
    """Worth knowing; the row is sound."""
    DROPPED = "dropped"
    """The row is not in the recording."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of defect. `bit` is None where nothing is left to carry it."""

    code: str
    bit: int | None
    effect: Effect
    doc: str

    @property
    def mask(self) -> int:
        """The flag as a number, 0 for defects that no row carries."""
        return 0 if self.bit is None else 1 << self.bit


def _unknown(code: str, bit: int, doc: str) -> Defect:
    return Defect(code, bit, Effect.UNKNOWN, doc)


def _note(code: str, bit: int | None, doc: str) -> Defect:
    return Defect(code, bit, Effect.NOTE, doc)


# Bits 0–15 make features unknown, bits 16–31 are notes; a stored flag never changes its meaning.
_DEFECTS = (
    _unknown("repeat_conflict", 0, "the same stamp (of a bar) or id comes again with other values"),
    _unknown("disorder", 1, "stamped before a row that the source gave earlier"),
    _unknown("crossed", 2, "ask below bid"),
    _unknown("non_positive", 3, "a price that is zero or negative, or a negative size"),
    _unknown("non_finite", 4, "a number that is infinite or not a number"),
    _unknown("jump_of_scale", 5, "price many times the one before, or within one bar"),
    _unknown("outside_band", 6, "price outside the instrument's declared band: wrong scale or wrong instrument"),
    _unknown("missing_value", 7, "a value that is missing or cannot be read"),
    _unknown("wrong_columns", 8, "the line has fewer or more fields than declared"),
    _unknown("ohlc_inconsistent", 9, "high below low, or open or close outside of them"),
    _unknown("off_grid", 10, "bar stamp that is not on the grid of its interval"),
    _unknown("volume_decrease", 11, "accumulated volume lower than before on the same day"),
    _unknown("zone_gap_or_fold", 12, "local time that the declared zone has twice or never"),
    _unknown("book_gap", 13, "book update that does not follow the one before"),
    _unknown("last_partial", 14, "last bar that was still forming: off the grid, or flat without volume"),
    _note("locked", 16, "bid equals ask"),
    _note("flat_bar", 17, "open, high, low and close are one price"),
    _note("zero_volume", 18, "bar or trade without volume"),
    _note("gap_unexpected", 19, "time without rows inside of the session, longer than a quiet spell"),
    _note("gap_session", 20, "time without rows while the market is closed"),
    _note("gap_quiet", 21, "short time without rows"),
    _note("negative_latency", 22, "received before the source's own time: one of the two clocks is wrong"),
    _note("volume_unknown", 23, "volume since the row before cannot be known: first row of the day"),
    _note("repeat_id", 24, "a signal's id comes again (retry)"),
    _note("frozen", 26, "price unchanged over many rows while it used to move"),
    _note("off_session", 27, "stamped while the market is closed by its declared session"),
    _note("unchanged", None, "quote with the same bid and ask as the one before"),
    Defect("exact_repeat", None, Effect.DROPPED, "the same row again, all values alike"),
    Defect("unreadable_time", None, Effect.DROPPED, "no readable time, so no place in the order"),
    Defect("no_instrument", None, Effect.DROPPED, "the row does not say which instrument it is of"),
    Defect("before_snapshot", None, Effect.DROPPED, "book update older than the snapshot it would apply to"),
    Defect("unreadable_frame", None, Effect.DROPPED, "line that is not of the declared format"),
)

DEFECTS: dict[str, Defect] = {defect.code: defect for defect in _DEFECTS}

UNSOUND_MASK = sum(defect.mask for defect in _DEFECTS if defect.effect is Effect.UNKNOWN)
"""`flags & UNSOUND_MASK` is non-zero where a row makes features unknown."""


def names_of(flags: int) -> tuple[str, ...]:
    """Codes of the defects in a row's flags, lowest bit first.

    >>> names_of(0b101)
    ('repeat_conflict', 'crossed')
    """
    return tuple(defect.code for defect in _DEFECTS if defect.mask & flags)
