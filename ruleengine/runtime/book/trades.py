"""One open trade as rules see it, with its frame and what only we know of it: peaks, stages, who opened it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import MarketFrame, TradeFrame
from ruleengine.model.side import Side
from ruleengine.model.unknown import known
from ruleengine.runtime.book.lots import identity_from_json, identity_to_json
from ruleengine.runtime.book.tags import Identity

_ZERO = Decimal(0)


@dataclass(slots=True)
class Trade:
    """`identity`, `opened_ns`, `stop`, `target`: of what opened it. `lots`: the venue's
    numbers. `stages`: exit stages that have filled (FX-35)."""

    id: str
    instrument: str
    side: Side
    frame: TradeFrame
    identity: Identity
    opened_ns: int
    initial_units: Decimal
    rule: str = ""
    client_id: str = ""
    stop: Decimal | None = None
    target: Decimal | None = None
    units: Decimal = _ZERO
    entry_price: Decimal = _ZERO
    stages: dict[str, None] = field(default_factory=dict)
    lots: tuple[str, ...] = ()

    @property
    def is_manual(self) -> bool:
        return self.identity.owner == "manual"

    def state(self) -> dict[str, Any]:
        """What lots do not say again: identity, peaks and stages."""
        best, worst = self.frame.best_price, self.frame.worst_price
        return {
            "id": self.id,
            "instrument": self.instrument,
            "side": self.side.value,
            "who": identity_to_json(self.identity),
            "opened_ns": self.opened_ns,
            "initial": str(self.initial_units),
            "rule": self.rule,
            "client_id": self.client_id,
            "stop": None if self.stop is None else str(self.stop),
            "target": None if self.target is None else str(self.target),
            "stages": list(self.stages),
            "best": best if known(best) else None,
            "worst": worst if known(worst) else None,
        }

    @classmethod
    def from_state(cls, row: Mapping[str, Any], market: MarketFrame) -> Trade:
        frame = TradeFrame(m=market, stage=len(row["stages"]))
        if row["best"] is not None:
            frame.best_price, frame.worst_price = row["best"], row["worst"]
        who = identity_from_json(row["who"])
        assert who is not None, "a trade has an opening"
        stop, target = (None if row[name] is None else Decimal(row[name]) for name in ("stop", "target"))
        return cls(
            id=row["id"],
            instrument=row["instrument"],
            side=Side(row["side"]),
            frame=frame,
            identity=who,
            opened_ns=row["opened_ns"],
            initial_units=Decimal(row["initial"]),
            rule=row["rule"],
            client_id=row["client_id"],
            stop=stop,
            target=target,
            stages=dict.fromkeys(row["stages"]),
        )
