"""What `run`, `dry-run` and `why` share: the compiled policy, the account, the venue's instruments, all checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.cli.documents import Refused, compiled_or_exit, shaped_or_exit
from ruleengine.cli.failure import CommandError
from ruleengine.cli.streams import tell
from ruleengine.cli.venues import adapter_named
from ruleengine.diagnostics import has_errors
from ruleengine.graph.compile import Compiled
from ruleengine.market.interval import Anchor
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Adapter, VenueSetup
from ruleengine.resolve.requires import check_requires
from ruleengine.runtime.markets.terms import policy_day
from ruleengine.schema.account import Account, content
from ruleengine.typecheck.policy import TypedPolicy
from ruleengine.typecheck.rules import as_list


@dataclass(frozen=True)
class Session:
    """Everything a run is made of, before any event. `account`: the account file's content in normal form."""

    policy_file: Path
    compiled: Compiled
    account_file: Path
    account: dict[str, Any]
    adapter: Adapter
    instruments: tuple[Instrument, ...]
    seed: int
    overlays: tuple[Path, ...]
    sets: tuple[str, ...]

    @property
    def currency(self) -> str:
        return str(self.account["currency"])

    @property
    def policy(self) -> dict[str, str]:
        """Name, version and digest, as every decision carries them."""
        metadata = self.compiled.composed.policy.metadata
        return {"name": metadata.name.text, "version": metadata.version.text, "digest": self.compiled.composed.digest}

    @property
    def day(self) -> Anchor:
        """When the account's day begins."""
        return policy_day(self.account, self.instruments, self.compiled.composed.policy)

    def setup(self, start_ns: int, settings: dict[str, Any] | None = None) -> VenueSetup:
        """How to open the venue for a run whose first event comes at `start_ns`."""
        own = dict(self.account["venue"].get("settings") or {})
        return VenueSetup(self.account, self.instruments, self.seed, {**own, **(settings or {})}, start_ns)


def prepare(
    policy: Path,
    account: Path | None,
    overlays: Sequence[Path],
    sets: Sequence[str],
    seed: int,
    known: tuple[Instrument, ...] | None = None,
) -> Session:
    """Compile the policy, read the account, hold them against each other and against the venue. `known`: what the venue
    said of the instruments, where that was recorded."""
    compiled = compiled_or_exit(policy, overlays, sets)
    file = account or account_beside(policy)
    shaped: Account = shaped_or_exit(file, Account)
    adapter = adapter_named(shaped.venue.name.text)
    if adapter.capabilities.needs_network and known is None:
        raise CommandError(
            f"{file} is of an account at {adapter.capabilities.name}, which is asked over a network",
            "recorded data needs one of the paper venue: a copy with `venue: {name: paper}` and a `balance`",
        )
    wanted = [leaf.text for leaf in compiled.composed.policy.requires.instruments]
    rates = [each.instrument.text for each in shaped.conversion.values() if each.instrument is not None]
    instruments = adapter.instruments(list(dict.fromkeys([*wanted, *rates]))) if known is None else known
    found = check_requires(compiled.composed.policy, shaped, adapter.capabilities, instruments)
    if found:
        sources = {**compiled.composed.sources, str(file): file.read_text(encoding="utf-8")}
        tell(found, sources)
    if has_errors(found):
        raise Refused(f"{policy} can't run on {file}")
    return Session(policy, compiled, file, content(shaped), adapter, instruments, seed, tuple(overlays), tuple(sets))


def account_beside(policy: Path) -> Path:
    """`fx-hedge.policy.yaml` runs on `fx-hedge.account.yaml` where no account is named."""
    name = policy.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".policy")
    beside = policy.with_name(f"{name}.account.yaml")
    if not beside.is_file():
        raise CommandError(f"no account: {beside} does not exist", "name one with --account FILE")
    return beside


def simulated_profile(session: Session) -> dict[str, Any]:
    """A market for the policy's instruments, with signals of those of its strategies whose signals a rule takes, so
    that its rules act."""
    signals = []
    for name, strategy in session.compiled.composed.policy.strategies.items():
        if not _is_taken(session.compiled.typed, str(name)):
            continue
        tag = strategy.aliases[0].text if strategy.aliases else str(name)
        pocket = strategy.pocket.text if strategy.pocket else ""
        signals.append({"tag": tag, "pocket": pocket, "per_h": 20.0})
    return {"instruments": [each.name for each in session.instruments], "signals": signals}


def _is_taken(typed: TypedPolicy, strategy: str) -> bool:
    """Does an entry, a ladder or a pyramid that is switched on act on signals of this strategy?"""
    takers = (each for each in typed.rules if each.constants["enabled"] and getattr(each.source, "on", "") == "signal")
    for rule in takers:
        source: Any = rule.source
        words = as_list(getattr(source.applies_to, "strategy", None))
        if not words or strategy in [str(getattr(each, "text", each)) for each in words]:
            return True
    return False
