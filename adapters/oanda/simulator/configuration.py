"""PATCH configuration: the account's alias and margin rate."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.desk import Reply
from adapters.oanda.simulator.errors import BadRequest, Refusal, message_of
from adapters.oanda.simulator.figures import figure
from adapters.oanda.simulator.margin import worth

_ALIAS_MOST = 128


def configure(account: Account, given: Mapping[str, Any]) -> Reply:
    """Set what is given. A margin rate that the positions can't carry is refused and changes nothing."""
    alias, text = given.get("alias"), given.get("marginRate")
    if alias is None and text is None:
        raise _refusal(account, "CLIENT_CONFIGURE_DATA_MISSING", given)
    if alias is not None and not isinstance(alias, str):
        raise BadRequest("alias")
    if alias is not None and len(alias) > _ALIAS_MOST:
        raise _refusal(account, "ALIAS_INVALID", given)
    rate = None if text is None else figure(text, "marginRate")
    if rate is not None:
        if not 0 < rate <= 1:
            raise _refusal(account, "MARGIN_RATE_INVALID", given)
        _try_rate(account, rate, given)
        account.margin_rate = rate
    if alias is not None:
        account.alias = alias
    row = account.log.add("CLIENT_CONFIGURE", account.now(), alias=alias, marginRate=rate)
    return {"clientConfigureTransaction": row}


def _try_rate(account: Account, rate: Decimal, given: Mapping[str, Any]) -> None:
    before, account.margin_rate = account.margin_rate, rate
    found = worth(account)
    account.margin_rate = before
    if found.closeout_percent(account.options.closeout_share) >= 1:
        raise _refusal(account, "MARGIN_RATE_WOULD_TRIGGER_CLOSEOUT", given)
    if found.call_percent >= 1:
        raise _refusal(account, "MARGIN_RATE_WOULD_TRIGGER_MARGIN_CALL", given)


def _refusal(account: Account, reason: str, given: Mapping[str, Any]) -> Refusal:
    asked = {name: str(given[name]) for name in ("alias", "marginRate") if given.get(name) is not None}
    row = account.log.add("CLIENT_CONFIGURE_REJECT", account.now(), **asked, rejectReason=reason)
    return Refusal(400, message_of(reason), reason, {"clientConfigureRejectTransaction": row})
