"""Notices of own orders and fills: decrypted, read by place, filtered to the account (§5.2).

AES-256-CBC with PKCS#7 padding under base64; key and iv are the acknowledgement's texts as they stand, for each stream
and each session anew (trap 7). Fields 0–17 are the same in the layouts of 23 and 26 fields (trap 6).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from adapters.kis.orders import Key
from adapters.kis.rows import decimal_of
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError

_KNOWN_FIELDS = 18
_SIDES = {"01": Side.SHORT, "02": Side.LONG}


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one stream in one session. Not shown: what can read notices is a secret."""

    key: bytes
    iv: bytes

    @classmethod
    def of(cls, key: str, iv: str) -> Keys:
        """From an acknowledgement.

        Errors   VenueError where they can't be such keys.
        """
        found = cls(key.encode(), iv.encode())
        if len(found.key) != 32 or len(found.iv) != 16:
            raise VenueError("the venue gave no usable key for notices", code="NOTICE_KEY")
        return found

    def __repr__(self) -> str:
        return "Keys(…)"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `number`: of the order it is about; `original`: of the order that a revise or cancel changes, ""
    otherwise. `units` of a fill are what filled (trap 5); of another notice what was ordered. `clock`: HHMMSS."""

    kind: Literal["fill", "accepted", "rejected", "revised", "cancelled"]
    number: str
    original: str
    branch: str
    symbol: str
    side: Side
    units: Decimal
    price: Decimal
    clock: str
    order_units: Decimal

    def key(self, day: str) -> Key:
        """Of the order it is about, where it is of that day."""
        return Key.of(day, self.number, self.symbol)


def decrypt(text: str, keys: Keys) -> str:
    """The fields of an encrypted frame.

    Errors   VenueError where they can't be read with these keys.
    """
    try:
        data = base64.b64decode(text, validate=True)
        decryptor = Cipher(algorithms.AES256(keys.key), modes.CBC(keys.iv)).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        unpadder = padding.PKCS7(128).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except (ValueError, binascii.Error):
        raise VenueError("a notice can't be read with this session's key", code="NOTICE_KEY") from None


def read(fields: list[str], account: str) -> Notice | None:
    """A notice of this account (`account`: its ten digits); None for another account's, and for one that says nothing
    of an order yet (an order received, not taken).

    Errors   VenueError where a field is none.
    """
    if len(fields) < _KNOWN_FIELDS:
        raise VenueError(f"a notice has {len(fields)} fields, fewer than {_KNOWN_FIELDS}", code="FRAME")
    if fields[1].strip() != account:
        return None
    side, units, ordered = _SIDES.get(fields[4].strip()), decimal_of(fields[9]), decimal_of(fields[16])
    if side is None or units is None:
        raise VenueError("a notice states no side or no quantity", code="FRAME")
    kind = _kind(fields)
    if kind is None:
        return None
    return Notice(
        kind, fields[2].strip(), _number(fields[3]), fields[15].strip(), fields[8].strip(), side, units,
        decimal_of(fields[10]) or Decimal(0), fields[11].strip(), ordered if ordered is not None else units,
    )  # fmt: skip


def _kind(fields: list[str]) -> Literal["fill", "accepted", "rejected", "revised", "cancelled"] | None:
    change, refused, is_fill, acceptance = (fields[place].strip() for place in (5, 12, 13, 14))
    if is_fill == "2":
        return "fill"
    if refused == "1":
        return "rejected"
    if change == "2" or acceptance == "3":
        return "cancelled" if acceptance in {"2", "3"} else None
    if change == "1":
        return "revised" if acceptance == "2" else None
    return "accepted"


def _number(text: str) -> str:
    """A number of an order; "" where all of it is zeros."""
    return text.strip() if text.strip().strip("0") else ""
