"""What OANDA says when it refuses: status, message, code; and the exceptions that carry a refusal to the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MESSAGES = {
    "ORDER_DOESNT_EXIST": "The Order specified does not exist",
    "TRADE_DOESNT_EXIST": "The Trade specified does not exist",
    "CLOSEOUT_POSITION_DOESNT_EXIST": "The Position requested to be closed out does not exist",
    "CLOSEOUT_POSITION_REJECT": "The request to closeout a Position could not be fulfilled",
    "CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION": "The request to closeout a Position was not specified completely",
    "CLOSEOUT_POSITION_UNITS_EXCEED_POSITION_SIZE": "The size of the Position requested to be closed out is exceeded",
    "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE": "The units specified exceed the size of the Trade to close",
    "INSUFFICIENT_MARGIN": "The Account has insufficient margin to complete the request",
    "INSTRUMENT_PRICE_UNKNOWN": "The price of the instrument is unknown",
    "INSTRUMENT_NOT_TRADEABLE": "The instrument specified is not tradeable by the Account",
    "PRICE_PRECISION_EXCEEDED": "The price specified contains more precision than is allowed for the instrument",
    "PRICE_BOUND_PRECISION_EXCEEDED": "The price bound specified contains more precision than is allowed for the "
    "instrument",
    "PRICE_MISSING": "The price has not been specified",
    "PRICE_INVALID": "The price specified is invalid",
    "UNITS_MISSING": "The units have not been specified",
    "UNITS_INVALID": "The units specified are invalid",
    "UNITS_PRECISION_EXCEEDED": "The units specified contain more precision than is allowed for the instrument",
    "UNITS_LIMIT_EXCEEDED": "The units specified exceed the maximum number of units allowed",
    "UNITS_MIMIMUM_NOT_MET": "The units specified are less than the minimum number of units required",
    "TIME_IN_FORCE_INVALID": "The timeInForce is invalid for this type of Order",
    "TIME_IN_FORCE_GTD_TIMESTAMP_MISSING": "The gtdTime has not been specified",
    "TIME_IN_FORCE_GTD_TIMESTAMP_IN_PAST": "The gtdTime specified is in the past",
    "CLIENT_ORDER_ID_ALREADY_EXISTS": "The client Order ID specified is already assigned to another pending Order",
    "CLIENT_ORDER_ID_INVALID": "The client Order ID specified is invalid",
    "CLIENT_TRADE_ID_ALREADY_EXISTS": "The client Trade ID specified is already assigned to another open Trade",
    "PENDING_ORDERS_ALLOWED_EXCEEDED": "The number of pending Orders allowed for the Account is exceeded",
}


def message_of(reason: str) -> str:
    """The sentence that goes with a reject reason.

    >>> message_of("TRIGGER_CONDITION_INVALID")
    'Trigger condition invalid'
    """
    return _MESSAGES.get(reason, reason.replace("_", " ").capitalize())


class Refusal(Exception):
    """An answer that is no success. `body`: what stands beside the message."""

    def __init__(self, status: int, message: str, code: str = "", body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.body = dict(body or {})

    def content(self) -> dict[str, Any]:
        """The whole body."""
        found = {**self.body, "errorMessage": self.message}
        if self.code:
            found["errorCode"] = self.code
        return found


class BadRequest(Refusal):
    """A parameter that can't be read: 400 without a code and without a transaction (fact sheet §5).

    >>> BadRequest("instrument").content()
    {'errorMessage': "Invalid value specified for 'instrument'"}
    """

    def __init__(self, name: str) -> None:
        super().__init__(400, f"Invalid value specified for '{name}'")


class NoSuch(Refusal):
    """404 with its code: `NO_SUCH_ORDER` …"""

    def __init__(self, what: str) -> None:
        code = f"NO_SUCH_{what.upper()}"
        super().__init__(404, f"The {what} ID specified does not exist", code)


class Rejected(Exception):
    """A request that the account refuses: it leaves a reject transaction. `terms`: what of the request stands in it."""

    def __init__(self, reason: str, terms: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.terms = reason, dict(terms or {})


class Cancelled(Exception):
    """An order that could not fill: it ends by an ORDER_CANCEL with this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
