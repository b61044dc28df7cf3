"""The shape of a policy file. These models are the grammar: the published JSON Schemas are generated from them.

A key that is not here is refused. Every key has a description and an example; expressions stay text until `typecheck`.
The shapes of its sections stand in files of their own (`rule`, `guards`, `entries`, `additions`, `hedges`, `exits` …).
"""

# annotations are not postponed here: pydantic would compile two hundred texts at every start
from typing import Literal

from pydantic import PrivateAttr

from ruleengine.load import MapNode
from ruleengine.schema import examples
from ruleengine.schema.additions import Ladder, Pyramid
from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.candidates import Candidates
from ruleengine.schema.declarations import Feature, Metadata, Metric, Parameter, Requires, Schedule, Strategy, Timeframe
from ruleengine.schema.entries import Entry
from ruleengine.schema.exits import Exit
from ruleengine.schema.figures import Prefix
from ruleengine.schema.guards import Cap, Guard, Sizing
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.leaf import Expression, Id, Name, Tag, Words
from ruleengine.schema.limits import Limits
from ruleengine.schema.modes import Mode
from ruleengine.schema.patterns import Pattern
from ruleengine.schema.protections import Alert, Protection
from ruleengine.schema.tables import Table


class Policy(Shape):
    """A policy."""

    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815 - the key
    kind: Literal["Policy"] = key("what this file is", "Policy")
    metadata: Metadata = key("name and version", {"name": "fx-hedge", "version": "1.3.0"})
    extends: Words | None = optional("path of the policy this one builds on, from this file", "./base.policy.yaml")
    overrides: list[Words] = key(
        "what of the policy below this file may change; anything else it may only add to", ["guards.spread"], default=[]
    )
    removes: list[Words] = key("what of the policy below is left out", ["exits.time-out"], default=[])
    parts: list[Words] = key(
        "files of kind Part, from this file, whose sections belong to this policy", ["./exits.part.yaml"], default=[]
    )
    requires: Requires = key("what it needs of account and venue", {"instruments": ["USD_JPY"]})
    strategies: dict[Tag, Strategy] = key(
        "base tags with their aliases", {"M1Scalper": {"aliases": ["M1Scalper-trend-long"]}}, default={}
    )
    pockets: list[Id] = key("named shares of the book", ["scalp", "micro", "macro"], default=[])
    regimes: list[Id] = key("names of regimes", ["trending", "ranging", "choppy"], default=[])
    ownership: list[Prefix] = key(
        "client-id prefixes of our own orders; anything else is manual (FX-16)", ["qr-", "qs-"], default=[]
    )
    timeframes: dict[Name, Timeframe] = key(
        "timeframes beside m1 m2 m5 m10 m15 m30 h1 h2 h4 d1", {"m7": {"interval": "7min"}}, default={}
    )
    parameters: dict[Name, Parameter] = key(
        "declared tunables", {"safety": {"unit": "ratio", "default": "90%", "doc": "FX-02"}}, default={}
    )
    features: dict[Name, Feature | Expression] = key(
        "named values", {"gap": "abs(mid - sma(m1.close, 20))"}, default={}
    )
    schedules: dict[Name, Schedule] = key(
        "named hours; the name is a condition",
        {"thin": {"timezone": "UTC", "windows": [{"from": "21:00", "to": "23:00"}]}},
        default={},
    )
    tables: dict[Name, Table] = key("decision tables", examples.TABLES, default={})
    modes: dict[Name, Mode] = key(
        "states that are kept from event to event; a mode's name is a value", examples.MODES, default={}
    )
    candidates: list[Candidates] = key(
        "the best of the instruments, by a score (PY-09)", examples.CANDIDATES, default=[]
    )
    patterns: dict[Name, Pattern] = key(
        "what happens in a price: ordered steps, or counters; `name.long` and `name.short` are values",
        examples.PATTERNS,
        default={},
    )
    limits: Limits = key("pre-trade limits of the order gate (OPS-01)", examples.LIMITS)
    guards: list[Guard] = key("rules that may only refuse", examples.GUARDS, default=[])
    caps: list[Cap] = key("rules solved for the largest size", examples.CAPS, default=[])
    sizing: list[Sizing] = key("rules that give or scale the size", examples.SIZING, default=[])
    entries: list[Entry] = key("rules that open", examples.ENTRIES, default=[])
    ladders: list[Ladder] = key("rules that add to a position, step by step", examples.LADDERS, default=[])
    pyramids: list[Pyramid] = key("rules that add to a position, by a size", examples.PYRAMIDS, default=[])
    hedges: list[Hedge] = key("rules that reduce the net position or open the other side", examples.HEDGES, default=[])
    exits: list[Exit] = key("rules that close", examples.EXITS, default=[])
    protections: list[Protection] = key(
        "conditions that stop what adds risk for a time", examples.PROTECTIONS, default=[]
    )
    alerts: list[Alert] = key("conditions that are told of", examples.ALERTS, default=[])
    metrics: dict[Tag, Metric | Expression] = key(
        "figures", {"open_losers": "count(t for t in trades if t.pnl < 0)"}, default={}
    )

    _root: MapNode | None = PrivateAttr(None)
    """The map it was read from; `places.span_of` finds keys in it."""
