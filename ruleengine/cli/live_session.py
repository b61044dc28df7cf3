"""A session on a venue over a network: reached, asked what the account is, held against the account file and the
policy, before anything is followed or sent.

1. environment    practice, unless the account file says live and `--live` names the account again
2. access         secrets, the address; refused in one sentence where something is missing
3. `account`      what the venue itself says: number, currency, mode, margin; an account file that says otherwise is
                  refused. Without a file the venue's word makes one, which is kept beside the journal
4. `instruments`  the venue's specifications of what the policy trades
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruleengine import log
from ruleengine.cli.documents import Refused, compiled_or_exit, shaped_or_exit
from ruleengine.cli.failure import CommandError
from ruleengine.cli.secrets import secrets_of
from ruleengine.cli.session import Session
from ruleengine.cli.streams import tell, write_whole
from ruleengine.cli.venues import adapter_named
from ruleengine.diagnostics import has_errors
from ruleengine.ports.venue import Access, Adapter, NetworkVenue, VenueAccount, VenueError, VenueSetup
from ruleengine.resolve.requires import check_requires
from ruleengine.schema.account import Account, content

FOLDER = Path(".ruleengine")
_UNREACHED = "look at the network and the address, and whether the venue is open to clients now"
_FURTHER = "`ruleengine doctor --adapter {}` looks further"
_ADDRESSED = "see whether it is {} that answers at {}"


@dataclass(frozen=True)
class Reach:
    """What the prompt says of a venue. `live`: the account's name, given a second time; "" for practice."""

    adapter: str | None
    account: Path | None
    account_id: str = ""
    address: str = ""
    live: str = ""


def is_far(reach: Reach) -> bool:
    """Does the prompt, or the account file, name a venue over a network?"""
    if reach.adapter is None and reach.account is None:
        return bool(reach.live or reach.address or reach.account_id)
    if reach.adapter is not None:
        return adapter_named(reach.adapter).capabilities.needs_network
    shaped: Account = shaped_or_exit(reach.account or Path(), Account)
    return adapter_named(shaped.venue.name.text).capabilities.needs_network or bool(reach.live)


@asynccontextmanager
async def opened(reach: Reach, further: str = _FURTHER) -> AsyncIterator[tuple[Adapter, NetworkVenue, Account | None]]:
    """The venue, connected, and the account file where one is named; closed at the end whatever happens. From here on
    secrets are in hand, so no log is written but the one that takes them out. `further`: what a person can do about an
    error that says nothing of it."""
    log.configure()
    shaped: Account | None = shaped_or_exit(reach.account, Account) if reach.account is not None else None
    adapter = _adapter(reach, shaped)
    access = _access(adapter, reach, shaped)
    plain = content(shaped) if shaped is not None else {}
    settings = dict(plain.get("venue", {}).get("settings") or {})
    name = adapter.capabilities.name
    remedy = _ADDRESSED.format(name, access.address) if access.address else further.format(name)
    try:
        venue = await adapter.open(VenueSetup(plain, (), 0, settings, access=access))
    except VenueError as error:
        raise told(name, error, remedy) from None
    try:
        yield adapter, venue, shaped  # type: ignore[misc]  # capabilities.needs_network says that it is one
    except VenueError as error:
        raise told(name, error, remedy) from None
    finally:
        await venue.close()


def told(venue: str, error: VenueError, further: str = "") -> CommandError:
    """A venue's refusal, for the person at the prompt. `further`: what to do where it doesn't say."""
    code = f" ({error.code})" if error.code and f"({error.code})" not in str(error) else ""
    is_unreached = error.code in ("connect", "timeout", "silent", "broken")
    remedy = _UNREACHED if is_unreached else further or _FURTHER.format(venue)
    return CommandError(f"{venue}: {error}{code}", error.remedy or remedy)


async def prepare_live(
    policy: Path,
    reach: Reach,
    overlays: Sequence[Path],
    sets: Sequence[str],
    adapter: Adapter,
    venue: NetworkVenue,
    shaped: Account | None,
) -> Session:
    """Compile the policy and hold it against the account and the instruments as the venue states them."""
    compiled = compiled_or_exit(policy, overlays, sets)
    stated = await venue.account()
    name = adapter.capabilities.name
    if shaped is None:
        if stated.environment == "live":
            raise CommandError(
                f"{name} says that account {stated.id} is live, and nobody asked for real money",
                "say `environment: live` in an account file, and --account FILE --live NAME",
            )
        file = write_account(name, stated, reach.address)
        shaped = shaped_or_exit(file, Account)
    else:
        file = reach.account or Path()
        _hold(shaped, stated, str(file))
    wanted = [leaf.text for leaf in compiled.composed.policy.requires.instruments]
    rates = [each.instrument.text for each in shaped.conversion.values() if each.instrument is not None]
    instruments = await venue.instruments(list(dict.fromkeys([*wanted, *rates])))
    found = check_requires(compiled.composed.policy, shaped, adapter.capabilities, instruments)
    if found:
        tell(found, {**compiled.composed.sources, str(file): file.read_text(encoding="utf-8")})
    if has_errors(found):
        raise Refused(f"{policy} can't run on {file}")
    plain = content(shaped)
    plain["venue"]["account_id"] = stated.id
    if stated.margin_model and shaped.margin_model is None:
        plain["margin_model"] = {"model": stated.margin_model}
    return Session(policy, compiled, file, plain, adapter, instruments, 0, tuple(overlays), tuple(sets))


def write_account(name: str, stated: VenueAccount, address: str) -> Path:
    """An account file of what the venue says, in the account's folder. One that says anything else is never replaced:
    somebody may have written limits into it, and would trade without them."""
    called = f"{name}-{stated.id}".lower()
    lines = [
        f"# made from what {name} says of the account",
        "apiVersion: ruleengine/v1",
        "kind: Account",
        f"name: {_quoted(called)}",
        f"currency: {stated.currency}",
        f"mode: {stated.mode}",
        *([f"margin_model: {{model: {stated.margin_model}}}"] if stated.margin_model else []),
        "environment: practice",
        "venue:",
        f"  name: {name}",
        f"  account_id: {_quoted(stated.id)}",
        *([f"  address: {_quoted(address)}"] if address else []),
    ]
    file = FOLDER / called / "account.yaml"
    if file.exists() and _without_address(file.read_text(encoding="utf-8").splitlines()) != _without_address(lines):
        raise CommandError(
            f"{file} is not what {name} says of the account: it was changed, or the account was",
            f"trade by it with --account {file}, or remove it",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, "\n".join(lines) + "\n")
    return file


def _without_address(lines: Sequence[str]) -> list[str]:
    return [each for each in lines if not each.lstrip().startswith("address:")]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _adapter(reach: Reach, shaped: Account | None) -> Adapter:
    of_file = shaped.venue.name.text if shaped is not None else ""
    if reach.adapter and of_file and of_file != reach.adapter:
        raise CommandError(
            f"--adapter {reach.adapter}, but {reach.account} is an account of {of_file}", "name one of the two"
        )
    if not (reach.adapter or of_file):
        raise CommandError("no venue", "name one with --adapter, or an account file with --account")
    adapter = adapter_named(reach.adapter or of_file)
    if not adapter.capabilities.needs_network:
        raise CommandError(
            f"{adapter.capabilities.name} is no venue over a network",
            "name one that is, or none: it runs here, with nothing to reach",
        )
    return adapter


def _access(adapter: Adapter, reach: Reach, shaped: Account | None) -> Access:
    name = adapter.capabilities.name
    environment = _environment(reach, shaped)
    given = shaped.venue if shaped is not None else None
    in_file = given.account_id.text if given is not None and given.account_id is not None else ""
    if reach.account_id and in_file and in_file != reach.account_id:
        raise CommandError(
            f"--account-id {reach.account_id}, but {reach.account} says {in_file}", "name one of the two"
        )
    address = reach.address or (given.address.text if given is not None and given.address is not None else "")
    if address and environment == "live":
        raise CommandError(f"live, and an address of its own ({address})", "an address is for practice and simulators")
    return Access(
        environment="live" if environment == "live" else "practice",
        account_id=reach.account_id or in_file,
        address=_checked(address),
        secrets=secrets_of(name, adapter.secrets),
        cache=cache_of(name),
    )


def _environment(reach: Reach, shaped: Account | None) -> str:
    """Live trading wants the account file's word and the account's name a second time."""
    environment = shaped.environment if shaped is not None else "practice"
    if environment == "live":
        name = shaped.name.text if shaped is not None else ""
        if reach.live != name:
            said = f"--live names `{reach.live}`" if reach.live else "--live is not given"
            raise CommandError(f"{reach.account} is live, and {said}", f"say --live {name} to trade with real money")
    elif reach.live:
        raise CommandError(
            "--live, but the account is for practice", "say `environment: live` in an account file, and --account FILE"
        )
    return environment


def _checked(address: str) -> str:
    """Secrets go there: in the open to this machine alone."""
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise CommandError(f"address {address}: no http://HOST:PORT", "as http://127.0.0.1:8410")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise CommandError(
            f"address {address}: secrets would travel in the open", "use https, or a server on this machine"
        )
    return address.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def cache_of(name: str) -> Path:
    """Where what outlives a process, and is of this user alone, is kept for a venue."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ruleengine" / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def differences(shaped: Account, stated: VenueAccount) -> list[str]:
    """What the account file says otherwise than the venue does."""
    given: list[tuple[str, Any, Any]] = [
        ("currency", shaped.currency.text, stated.currency),
        ("mode", shaped.mode, stated.mode),
        ("environment", shaped.environment, stated.environment),
    ]
    if shaped.venue.account_id is not None:
        given.append(("venue.account_id", shaped.venue.account_id.text, stated.id))
    if shaped.margin_model is not None and stated.margin_model:
        given.append(("margin_model.model", shaped.margin_model.model, stated.margin_model))
    return [f"{name} is {here}, the venue says {there}" for name, here, there in given if here != there]


def _hold(shaped: Account, stated: VenueAccount, file: str) -> None:
    """Rules were checked against the file, so it has to agree with the venue."""
    differ = differences(shaped, stated)
    if differ:
        raise CommandError(f"{file}: {'; '.join(differ)}", "mend the account file, or use another account")
