"""Data frames of the socket: `<0|1>|<tr_id>|<count>|<fields joined by ^>` (§5.2).

Fields get appended at the end over the years, so a record's width is total ÷ count and fields are read by their place;
what lies beyond the known ones is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass

from ruleengine.ports.venue import VenueError

WIDTHS = {"H0STCNT0": 46, "H0STASP0": 59}
"""Fewest fields of a record."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`body`: the fields, or base64 of them where it is encrypted."""

    is_encrypted: bool
    tr_id: str
    count: int
    body: str


def is_frame(text: str) -> bool:
    """A frame, or else a JSON message: told by the first character."""
    return text[:1] in {"0", "1"}


def parse(text: str) -> Frame:
    """
    Errors   VenueError for what is no frame.

    >>> parse("0|H0STCNT0|002|a b^c|d^").body
    'a b^c|d^'
    """
    parts = text.split("|", 3)
    if len(parts) != 4 or parts[0] not in {"0", "1"} or not parts[2].strip().isdigit():
        raise VenueError(f"the socket sent a frame that is none: `{text[:60]}`", code="FRAME")
    return Frame(parts[0] == "1", parts[1], int(parts[2]), parts[3])


def records(tr_id: str, count: int, fields: str) -> list[list[str]]:
    """The records of a frame, each as its fields (trap 8).

    Errors   VenueError where the fields don't make `count` records, or are fewer than they were ever.

    >>> records("X", 2, "a^b^c^d")
    [['a', 'b'], ['c', 'd']]
    """
    values = fields.split("^")
    width, left_over = divmod(len(values), max(count, 1))
    if count < 1 or left_over or width < WIDTHS.get(tr_id, 1):
        raise VenueError(f"{tr_id}: {len(values)} fields don't make {count} records", code="FRAME")
    return [values[start : start + width] for start in range(0, len(values), width)]
