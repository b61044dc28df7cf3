"""One call as a service sees it: who asks, in which environment, with which fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.kis.simulator import refusals
from adapters.kis.simulator.keys import Key
from adapters.kis.simulator.refusals import Refused

_ACCOUNT_LENGTHS = (8, 2)


@dataclass(frozen=True, slots=True)
class Call:
    """`fields`: of the query (upper case) or the body (as sent). `tr_cont`: N asks for the next page."""

    key: Key
    tr_id: str
    is_mock: bool
    fields: Mapping[str, str]
    tr_cont: str = ""

    def text(self, name: str, default: str | None = None) -> str:
        """A field without its padding. Raises Refused where it is missing and has no default."""
        found = self.fields.get(name, default)
        if found is None:
            raise refusals.missing_field(name)
        return found.strip()

    def whole(self, name: str, default: str | None = None) -> int:
        """A whole number; blank is 0. Raises Refused for anything else."""
        text = self.text(name, default) or "0"
        try:
            value = int(text)
        except ValueError:
            raise refusals.missing_field(name) from None
        if value < 0:
            raise refusals.missing_field(name)
        return value

    @property
    def account(self) -> str:
        """The account's ten digits: the first that a key names is the key's own, any other is a wrong number."""
        parts = self.text("CANO"), self.text("ACNT_PRDT_CD")
        if any(len(part) != length or not part.isdigit() for part, length in zip(parts, _ACCOUNT_LENGTHS, strict=True)):
            raise Refused(refusals.WRONG_ACCOUNT)
        number = "".join(parts)
        if self.key.account not in ("", number):
            raise Refused(refusals.WRONG_ACCOUNT)
        self.key.account = number
        return number
