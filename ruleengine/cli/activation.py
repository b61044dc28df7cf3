"""What a journal says of a run before its first event: which policy decides, on which account, over which market."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from ruleengine.cli.session import Session
from ruleengine.journal import JournalWriter
from ruleengine.market.days import as_stated
from ruleengine.model.instrument import Instrument
from ruleengine.reports.evidence.terms import terms_of


def activate(writer: JournalWriter, session: Session, description: str, start_ns: int) -> None:
    """The journal says which policy decides, with its text, so that it explains itself."""
    policy = session.policy
    body = {
        "policy": f"{policy['name']}@{policy['version']}",
        "digest": policy["digest"],
        "text": session.compiled.composed.sources,
        "parameters": {name: each.text for name, each in session.compiled.composed.parameters.items()},
        "market": description,
        "policy_file": str(session.policy_file.resolve()),
        "account_file": str(session.account_file.resolve()),
        "overlays": [str(each.resolve()) for each in session.overlays],
        "sets": list(session.sets),
        "start_ns": start_ns,
        "account": session.account,
        "instruments": terms_of(session.instruments),
        "specifications": [written(each) for each in session.instruments],
        "day": as_stated(session.day),
        "seed": session.seed,
    }
    writer.append("activation", start_ns, policy["name"], json.loads(json.dumps(body, default=str)))


def written(spec: Instrument) -> dict[str, Any]:
    """A specification as JSON values; numbers as their texts."""
    values = {field.name: getattr(spec, field.name) for field in fields(spec)}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def specification(plain: Mapping[str, Any]) -> Instrument:
    """The same, back. What this version of the model lacks is left out.

    >>> spec = Instrument("USD_JPY", "fx", "USD", "JPY", Decimal("0.01"), Decimal("0.001"), can_short=False)
    >>> specification(written(spec)) == spec
    True
    """
    known = {field.name: str(field.type) for field in fields(Instrument)}
    values = {name: value for name, value in plain.items() if name in known}
    for name, value in values.items():
        if isinstance(value, str) and known[name].startswith("Decimal"):
            values[name] = Decimal(value)
    return Instrument(**values)
