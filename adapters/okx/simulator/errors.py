"""What the venue says when it refuses, with the HTTP status that comes with it.

The status does not follow the code: most refusals of business come with 200. Source: fact sheet §8 and §7.
"""

from __future__ import annotations

_TABLE: dict[str, tuple[int, str]] = {
    # the request
    "50001": (503, "Service temporarily unavailable. Try again later"),
    "50002": (400, "JSON syntax error"),
    "50004": (400, "API endpoint request timeout"),
    "50011": (429, "Too Many Requests"),
    "50013": (429, "Systems are busy. Please try again later"),
    "50014": (400, "Parameter {name} cannot be empty"),
    "50026": (500, "System error. Try again later"),
    "50036": (400, "The expTime is not a time in milliseconds. Please adjust the expTime and try again"),
    "50037": (400, "Order expired: it reached the system after its expTime"),
    "50061": (200, "Sub-account rate limit exceeded. Please reduce the frequency of your requests"),
    "50115": (405, "Invalid request method"),
    # who asks
    "50101": (401, "APIKey does not match current environment"),
    "50102": (401, "Timestamp request expired"),
    "50103": (401, 'Request header "OK-ACCESS-KEY" cannot be empty'),
    "50104": (401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty'),
    "50105": (401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect'),
    "50106": (401, 'Request header "OK-ACCESS-SIGN" cannot be empty'),
    "50107": (401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty'),
    "50111": (401, "Invalid OK-ACCESS-KEY"),
    "50112": (401, "Invalid OK-ACCESS-TIMESTAMP"),
    "50113": (401, "Invalid Sign"),
    "50119": (401, "API key doesn't exist"),
    "50120": (401, "This API key doesn't have permission to use this function"),
    # orders
    "51000": (400, "Parameter {name} error"),
    "51001": (200, "Instrument ID, Instrument ID code, or Spread ID doesn't exist"),
    "51004": (200, "Order failed. The position and open orders exceed the limit of this leverage ({most} contracts)"),
    "51005": (200, "Your order amount exceeds the max order amount"),
    "51006": (200, "Order price is not within the price limit (max buy price: {buy}, min sell price: {sell})"),
    "51008": (200, "Order failed. Insufficient USDT margin in account"),
    "51010": (200, "You can't complete this request under your current account mode"),
    "51016": (200, "Duplicated client order ID"),
    "51020": (200, "Your order should meet or exceed the minimum order amount"),
    "51022": (200, "Contract suspended"),
    "51023": (200, "Position doesn't exist"),
    "51046": (200, "The take profit trigger price must be higher than the order price"),
    "51047": (200, "The stop loss trigger price must be lower than the order price"),
    "51048": (200, "The take profit trigger price must be lower than the order price"),
    "51049": (200, "The stop loss trigger price must be higher than the order price"),
    "51112": (200, "Close order size exceeds your available size for this position"),
    "51115": (200, "Cancel all pending close-orders before closing the position"),
    "51121": (200, "Order quantity must be a multiple of the lot size"),
    "51169": (200, "Order failed because you don't have any positions in this direction for this contract to reduce"),
    "51174": (200, "Order failed: you have reached the maximum of pending orders"),
    "51202": (200, "Market order amount exceeds the maximum amount"),
    "51205": (200, "Reduce Only is not available"),
    "51277": (200, "TP trigger price cannot be higher than the last price"),
    "51278": (200, "SL trigger price cannot be lower than the last price"),
    "51279": (200, "TP trigger price cannot be lower than the last price"),
    "51280": (200, "SL trigger price cannot be higher than the last price"),
    "51400": (200, "Cancellation failed as the order has been filled, canceled or does not exist"),
    "51503": (200, "Your order has already been filled, canceled or does not exist"),
    "51527": (200, "Failed to modify the order: at least one of newSz and newPx is needed"),
    "51603": (200, "Order does not exist"),
    # settings
    "59000": (200, "Setting failed. Cancel any open orders, close positions, and stop trading bots first"),
    "59102": (200, "Leverage exceeds the maximum limit. Please lower the leverage"),
    "59107": (200, "Leverage can't be set: not enough margin for the open positions and orders"),
    "59200": (200, "Insufficient account balance"),
    "59300": (200, "Margin call failed. Position does not exist"),
    "59301": (200, "Margin adjustment failed for exceeding the max limit"),
    # streams
    "60001": (200, '"OK-ACCESS-KEY" can\'t be empty'),
    "60002": (200, '"OK-ACCESS-SIGN" can\'t be empty'),
    "60003": (200, '"OK-ACCESS-PASSPHRASE" can\'t be empty'),
    "60004": (200, "Invalid timestamp"),
    "60005": (200, "Invalid apiKey"),
    "60006": (200, "Timestamp request expired"),
    "60007": (200, "Invalid sign"),
    "60009": (200, "Login failed"),
    "60011": (200, "Please log in"),
    "60012": (200, "Illegal request: {raw}"),
    "60013": (200, "Invalid args"),
    "60014": (200, "Requests too frequent"),
    "60018": (200, "Wrong URL or {raw} doesn't exist. Please use the correct URL, channel and parameters"),
    "60024": (200, "Wrong passphrase"),
    "60032": (200, "API key doesn't exist"),
    "60015": (200, "Connection closed as there was no data transmission in the last 30 seconds"),
    "64003": (200, "Your trading fee tier doesn't meet the requirement to access this channel"),
    "64008": (200, "The connection will soon be closed for a service upgrade. Please reconnect"),
}
_DEFAULTS = {"name": "", "most": "", "buy": "", "sell": "", "raw": ""}


class Refusal(Exception):
    """A request, or one order of it, that the venue does not do."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.status = code, message, status


def injected(code: str) -> Refusal:
    """What a person wants the venue to say, also where this table has no words for it."""
    status, message = _TABLE.get(code, (200, "Refused on request"))
    return Refusal(code, message.format(**_DEFAULTS), status)


def refuse(code: str, **words: str) -> Refusal:
    """The venue's own words for a code, to be raised.

    >>> refuse("50014", name="instId").message, refuse("50102").status
    ('Parameter instId cannot be empty', 401)
    """
    status, message = _TABLE[code]
    return Refusal(code, message.format(**(_DEFAULTS | words)), status)
