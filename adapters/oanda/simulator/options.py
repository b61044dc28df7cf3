"""What `--set` takes, and what an account is made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

DOCS: Mapping[str, str] = {
    "hedging": "whether accounts may hold both sides (true/false; default false; account number 002 is the other kind)",
    "currency": "home currency of accounts (USD, EUR, GBP, JPY …; default JPY)",
    "balance": "money in a new account (default 5000000)",
    "margin_rate": "margin rate of accounts; the larger of this and the instrument's counts (default 0.04)",
    "margin_refusal": "how a market order without margin is refused: cancel (201 with ORDER_CANCEL, default) or reject "
    "(400 with the reject transaction)",
    "closeout_share": "share of the margin used below which the net asset value brings a margin closeout (default 0.5)",
    "hours": "always (default) or new_york: closed at weekends and in the pause at 17:00 New York",
    "rate": "requests a second and address before 429; 0: no limit (default 120)",
    "connections": "new connections a second and address, beyond which one is closed without an answer; 0: no limit "
    "(default 0; the venue has 2)",
    "streams": "streams open at once and address before 429 (default 20)",
    "read_lag": "seconds for which a fresh order answers NO_SUCH_ORDER to GET (default 0)",
}

_MOST = Decimal(10**15)
_CURRENCIES = ("USD", "EUR", "GBP", "JPY", "AUD", "NZD", "CAD", "CHF")


@dataclass(frozen=True, slots=True)
class Options:
    """See `DOCS`. `read_lag`: seconds."""

    hedging: bool = False
    currency: str = "JPY"
    balance: Decimal = Decimal(5_000_000)
    margin_rate: Decimal = Decimal("0.04")
    margin_refusal: Literal["cancel", "reject"] = "cancel"
    closeout_share: Decimal = Decimal("0.5")
    hours: Literal["always", "new_york"] = "always"
    rate: int = 120
    connections: int = 0
    streams: int = 20
    read_lag: float = 0.0

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Options:
        """Options as typed on a command line. Raises ValueError with a sentence.

        >>> Options.of({"hedging": "true", "balance": "303000"}).balance
        Decimal('303000')
        """
        values: dict[str, Any] = {}
        for name, text in given.items():
            read = _READERS.get(name)
            if read is None:
                raise ValueError(f"the OANDA simulator has no option `{name}`; it has {', '.join(DOCS)}")
            try:
                values[name] = read(text)
            except (ValueError, InvalidOperation):
                raise ValueError(f"option `{name}` can't be `{text}`: {DOCS[name]}") from None
        return cls(**values)


def _word(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


def _flag(text: str) -> bool:
    return _word("true", "false")(text.lower()) == "true"


def _figure(above: int | None = 0) -> Callable[[str], Decimal]:
    """A number not below nought, and above `above` where it is given."""

    def read(text: str) -> Decimal:
        value = Decimal(text)
        if not 0 <= value < _MOST or (above is not None and value <= above):
            raise ValueError(text)
        return value

    return read


def _count(text: str) -> int:
    return int(_figure(None)(text))


_READERS: Mapping[str, Callable[[str], Any]] = {
    "hedging": _flag,
    "currency": _word(*_CURRENCIES),
    "balance": _figure(None),
    "margin_rate": _figure(),
    "margin_refusal": _word("cancel", "reject"),
    "closeout_share": _figure(),
    "hours": _word("always", "new_york"),
    "rate": _count,
    "connections": _count,
    "streams": _count,
    "read_lag": lambda text: float(_figure(None)(text)),
}
