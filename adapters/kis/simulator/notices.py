"""Notices of own orders: one line of fields, encrypted (fact sheet §5.2, H0STCNI0 and H0STCNI9)."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.kis.simulator.days import hms
from adapters.kis.simulator.exchange import Notice
from adapters.kis.simulator.listing import Listed
from adapters.kis.simulator.orders import BRANCH, CANCEL, FOK_KINDS, IOC_KINDS, REVISE, Order, odno

_BLOCK_BITS = 128
_OWNER = "모의고객"
_EXCHANGES = {"KRX": "1", "NXT": "2", "SOR": "3"}
_IS_FILL, _IS_NOTICE = "2", "1"
_RECEIVED, _CONFIRMED, _KILLED = "1", "2", "3"
_STATES = {
    "accepted": _RECEIVED,
    "confirmed": _CONFIRMED,
    "filled": _CONFIRMED,
    "killed": _KILLED,
    "refused": _RECEIVED,
}


def fields(notice: Notice, share: Listed, customer: str, width: int) -> str:
    """The clear text of a notice. `customer`: the HTS id of the registration; `width`: 26 fields, or 23 as before
    March 2025.

    Field 9 holds the fill where field 13 is 2, else the order's quantity: whoever sums it must look at 13.
    """
    order = notice.order
    is_fill = notice.what == "filled"
    head = [
        customer, order.account, odno(order.number), odno(order.original), order.side_code, order.purpose, order.kind,
        _condition(order), order.symbol, f"{notice.quantity:010d}", f"{notice.price:09d}", hms(notice.at_ns),
        "1" if notice.what == "refused" else "0", _IS_FILL if is_fill else _IS_NOTICE, _STATES[notice.what],
        BRANCH, f"{order.original_quantity or order.quantity:09d}", _OWNER,
    ]  # fmt: skip
    price = f"{0 if order.purpose == CANCEL else order.price:09d}"
    if width == 23:
        return "^".join([*head, share.name, "10", "", share.name, price])
    return "^".join([*head, f"{order.trigger:09d}", _EXCHANGES[order.exchange], "", "", "00", "", share.name, price])


def encrypted(text: str, key: str, iv: str) -> str:
    """AES-256-CBC under the texts of the registration's answer as they are, padded after PKCS#7, in base64."""
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def frame(tr_id: str, text: str, key: str, iv: str) -> str:
    """The message as it goes over the wire."""
    return f"1|{tr_id}|001|{encrypted(text, key, iv)}"


def _condition(order: Order) -> str:
    if order.purpose in (REVISE, CANCEL):
        return "0"
    return "1" if order.kind in IOC_KINDS else "2" if order.kind in FOK_KINDS else "0"
