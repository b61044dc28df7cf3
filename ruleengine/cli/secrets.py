"""Secrets by name: what a venue or a channel asks for, and nobody writes into a policy or an account file.

`token` of `oanda` is looked for, in this order, in

1. the environment, as `OANDA_TOKEN`
2. the file that `RULEENGINE_SECRETS` names, as a line `OANDA_TOKEN=…`; nobody but its owner may read or write it
3. the system's key ring, under service `ruleengine`, user `oanda.token`, where the extra `keyring` is installed

What is found is never shown again: `ruleengine.log` takes it out of every line.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

from ruleengine import log
from ruleengine.cli.failure import CommandError
from ruleengine.ports.venue import SecretName

FILE = "RULEENGINE_SECRETS"
SERVICE = "ruleengine"


def variable(owner: str, name: str) -> str:
    """
    >>> variable("oanda", "token")
    'OANDA_TOKEN'
    """
    return f"{owner}_{name}".upper().replace("-", "_")


def secret(owner: str, name: str, environment: Mapping[str, str] = os.environ) -> SecretStr | None:
    """The secret, or None where none of the places has it. A file that others may read is a CommandError, and so is a
    secret with a line end or another character that nothing shows."""
    called = variable(owner, name)
    places = (environment.get, lambda each: _of_file(environment).get(each), lambda _: _of_key_ring(owner, name))
    found = next((value for look in places if (value := (look(called) or "").strip())), "")
    if not found:
        return None
    if not found.isprintable():
        raise CommandError(f"{called}: holds a character that can't be shown, such as a line end", "copy it anew")
    log.protect(found)
    return SecretStr(found)


def secrets_of(owner: str, names: Sequence[SecretName]) -> dict[str, SecretStr]:
    """All secrets that a venue asks for. Those that are missing are told together, as a CommandError; venues' own are
    of ASCII characters alone, and travel in headers that take no others."""
    found = {each.name: secret(owner, each.name) for each in names}
    missing = [each for each in names if found[each.name] is None]
    if missing:
        told = ", ".join(f"{variable(owner, each.name)} ({each.doc})" for each in missing)
        raise CommandError(
            f"{owner}: missing {told}",
            f"set it in the environment, in the file that {FILE} names, or in the key ring (service {SERVICE}, user "
            f"{owner}.{missing[0].name})",
        )
    given = {name: value for name, value in found.items() if value is not None}
    for name, value in given.items():
        if not value.get_secret_value().isascii():
            raise CommandError(f"{variable(owner, name)}: holds a character beyond ASCII", "copy it anew")
    return given


def _of_file(environment: Mapping[str, str]) -> dict[str, str]:
    named = environment.get(FILE)
    if not named:
        return {}
    path = Path(named)
    try:
        with path.open(encoding="utf-8") as file:
            state = os.fstat(file.fileno())
            if stat.S_IMODE(state.st_mode) & 0o077 or state.st_uid != os.geteuid():
                raise CommandError(f"{path}: others may read this file of secrets", f"chmod 600 {path}, as its owner")
            return dict(_pair(path, number, line) for number, line in enumerate(file, 1) if _is_content(line))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise CommandError(f"{path}: {reason}", f"{FILE} names the file of secrets") from None


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _pair(path: Path, number: int, line: str) -> tuple[str, str]:
    name, sign, value = line.strip().partition("=")
    if sign and name.split()[:-1] == ["export"]:
        raise CommandError(f"{path}:{number}: `export`, where NAME=VALUE stands alone", "leave the word out")
    if not sign or not name.strip().isidentifier():
        raise CommandError(f"{path}:{number}: no line NAME=VALUE", "as OANDA_TOKEN=…, one a line; # begins a comment")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        raise CommandError(f"{path}:{number}: a value in quotes", f"write {name.strip()}=… without them")
    return name.strip(), value


def _of_key_ring(owner: str, name: str) -> str | None:
    if find_spec("keyring") is None:
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, f"{owner}.{name}")
    except KeyringError:
        return None  # no key ring on this machine: the other places are the ones to fill
