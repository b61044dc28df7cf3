"""What the engine is told of its account, from the account file's content: mode, currency, margin model, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from ruleengine.runtime.book.margin import MarginWeights

Model = Literal["net", "max_side", "gross", "hedged_pct"]
_LIMITS = ("max_order_value", "max_worst_case_exposure", "orders_per_second", "orders_per_minute", "price_collar")


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """`limits`: in internal units, those that the file states."""

    currency: str
    mode: Literal["netting", "hedging"]
    weights: MarginWeights
    isolates: bool
    limits: Mapping[str, float]

    @classmethod
    def of(cls, account: Mapping[str, Any]) -> AccountTerms:
        """A netting account counts the net position, a hedging one the larger side, where the file doesn't say (FX-01).

        >>> AccountTerms.of({"currency": "JPY", "mode": "hedging"}).weights.max_side
        1.0
        """
        mode = str(account.get("mode", "netting"))
        if mode not in ("netting", "hedging"):
            raise ValueError(f"account mode `{mode}` is neither netting nor hedging")
        given = account.get("margin_model") or {}
        model = {"model": given} if isinstance(given, str) else given
        word = str(model.get("model") or ("net" if mode == "netting" else "max_side"))
        if word not in ("net", "max_side", "gross", "hedged_pct", "isolated"):
            raise ValueError(f"margin model `{word}` is none of net, max_side, gross, hedged_pct, isolated")
        isolates = word == "isolated"
        if isolates:
            word = "gross"  # what the venue states beyond this estimate, by the trades' leverage, is counted on top
        limits = account.get("limits") or {}
        return cls(
            currency=str(account.get("currency", "")),
            mode=cast(Literal["netting", "hedging"], mode),
            weights=MarginWeights.of(cast(Model, word), float(model.get("share", 1))),
            isolates=isolates,
            limits={name: float(limits[name]) for name in _LIMITS if limits.get(name) is not None},
        )
