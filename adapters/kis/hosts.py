"""Where the venue is, and whose account: live and mock have hosts, keys and account numbers of their own (§1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ruleengine.ports.venue import Access, VenueError

LIVE_REST, LIVE_SOCKET = "https://openapi.koreainvestment.com:9443", "ws://ops.koreainvestment.com:21000"
MOCK_REST, MOCK_SOCKET = "https://openapivts.koreainvestment.com:29443", "ws://ops.koreainvestment.com:31000"

_NUMBER = re.compile(r"(\d{8})-?(\d{2})")


@dataclass(frozen=True, slots=True)
class Hosts:
    rest: str
    socket: str
    is_mock: bool


def hosts_of(access: Access) -> Hosts:
    """The venue's hosts, or both of a simulator's on one address.

    Errors   VenueError for an address that is none.

    >>> hosts_of(Access(address="http://127.0.0.1:8123/")).socket
    'ws://127.0.0.1:8123'
    """
    is_mock = access.environment != "live"
    if not access.address:
        return Hosts(MOCK_REST, MOCK_SOCKET, True) if is_mock else Hosts(LIVE_REST, LIVE_SOCKET, False)
    scheme, _, rest = access.address.rstrip("/").partition("://")
    sockets = {"http": "ws", "https": "wss"}
    if scheme not in sockets or not rest or "@" in rest:
        raise VenueError(
            f"`{access.address}` is no address of a venue", code="ADDRESS", is_final=True,
            remedy="write it like http://127.0.0.1:8123",
        )  # fmt: skip
    return Hosts(f"{scheme}://{rest}", f"{sockets[scheme]}://{rest}", is_mock)


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """`cano`: the account's eight digits; `product`: its two digits of the kind of account (01: stocks)."""

    cano: str
    product: str

    @classmethod
    def of(cls, text: str) -> AccountNumber:
        """
        Errors   VenueError for anything but ten digits.

        >>> AccountNumber.of("12345678-01").digits
        '1234567801'
        """
        if not text.strip():
            raise VenueError(
                "no account is named", code="ACCOUNT", is_final=True,
                remedy="name it with --account-id, or as account_id in an account file, like 12345678-01",
            )  # fmt: skip
        match = _NUMBER.fullmatch(text.strip())
        if match is None:
            raise VenueError(
                f"`{text}` is no KIS account number", code="ACCOUNT", is_final=True,
                remedy="write its eight digits, a dash and two digits, like 12345678-01",
            )  # fmt: skip
        return cls(match[1], match[2])

    @property
    def digits(self) -> str:
        """As notices state it."""
        return self.cano + self.product

    @property
    def text(self) -> str:
        return f"{self.cano}-{self.product}"

    @property
    def fields(self) -> dict[str, str]:
        """As every request about the account states it."""
        return {"CANO": self.cano, "ACNT_PRDT_CD": self.product}
