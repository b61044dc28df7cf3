"""Where secrets are looked for, in which order, and that nothing of them is shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError
from pydantic import SecretStr

from ruleengine import log
from ruleengine.cli.failure import CommandError
from ruleengine.cli.live_session import told
from ruleengine.cli.secrets import secret, secrets_of
from ruleengine.ports.venue import SecretName, VenueError, VenueSetup
from tests.cli.asking import ask

TOKEN = SecretName("token", "personal access token")
PHRASE = SecretName("passphrase", "of the key")


class Ring(KeyringBackend):
    """A key ring of the test's own; None: the machine has none."""

    priority = 1.0

    def __init__(self, held: dict[tuple[str, str], str] | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held = held

    def get_password(self, service: str, username: str) -> str | None:
        if self.held is None:
            raise NoKeyringError
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("secrets are read, never kept")


@pytest.fixture(autouse=True)
def ring() -> Iterator[Ring]:
    made, before = Ring(None), keyring.get_keyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def value(found: SecretStr | None) -> str | None:
    return None if found is None else found.get_secret_value()


@pytest.mark.parametrize("said", ["the app key is wrong (EGW00103)", "the app key is wrong"])
def test_a_venues_code_is_told_once(said: str) -> None:
    assert told("kis", VenueError(said, code="EGW00103")).message == "kis: the app key is wrong (EGW00103)"


def test_the_environment_comes_before_the_file_and_the_file_before_the_key_ring(tmp_path: Path, ring: Ring) -> None:
    file = tmp_path / "secrets"
    file.write_text("# ours\n\nOANDA_TOKEN = from-the-file\n", encoding="utf-8")
    file.chmod(0o600)
    ring.held = {("ruleengine", "oanda.token"): "from-the-ring"}
    named = {"RULEENGINE_SECRETS": str(file)}
    assert value(secret("oanda", "token", {"OANDA_TOKEN": "from-here", **named})) == "from-here"
    assert value(secret("oanda", "token", named)) == "from-the-file"
    assert value(secret("oanda", "token", {})) == "from-the-ring"
    ring.held = None
    assert secret("oanda", "token", {}) is None


def test_what_is_found_is_never_shown(tmp_path: Path) -> None:
    found = secret("okx", "key", {"OKX_KEY": "very-hush-1"})
    assert "very-hush-1" not in f"{found} {found!r}"
    assert log.redact("key very-hush-1 refused") == f"key {log.HIDDEN} refused"


@pytest.mark.parametrize("text", ["hush-1\nhush-2", "hush-\udce9", "hush-\u200b", "hush-é"])
def test_a_secret_that_no_header_takes_is_refused_and_not_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line end within, a byte that is no UTF-8, a space without width, a letter beyond ASCII."""
    monkeypatch.setenv("OKX_TOKEN", text)
    with pytest.raises(CommandError, match="OKX_TOKEN: holds a character") as refused:
        secrets_of("okx", [TOKEN])
    assert "hush" not in f"{refused.value.message} {refused.value.help}"


def test_all_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OKX_TOKEN", "OKX_PASSPHRASE", "RULEENGINE_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandError) as refused:
        secrets_of("okx", [TOKEN, PHRASE])
    assert refused.value.message == "okx: missing OKX_TOKEN (personal access token), OKX_PASSPHRASE (of the key)"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secrets"
    file.write_text("OANDA_TOKEN=hush\n", encoding="utf-8")
    file.chmod(mode)
    with pytest.raises(CommandError, match="others may read") as refused:
        secret("oanda", "token", {"RULEENGINE_SECRETS": str(file)})
    assert "hush" not in f"{refused.value.message} {refused.value.help}"


@pytest.mark.parametrize("line", ["hush-hush", "OANDA TOKEN=hush-hush", "=hush-hush"])
def test_a_line_that_is_none_is_named_by_its_number_and_not_shown(tmp_path: Path, line: str) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"# first\n{line}\n", encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(CommandError, match=":2: no line NAME=VALUE") as refused:
        secret("oanda", "token", {"RULEENGINE_SECRETS": str(file)})
    assert "hush" not in f"{refused.value.message} {refused.value.help}"


@pytest.mark.parametrize(("line", "said"), [
    ('OANDA_TOKEN="hush-hush"', "a value in quotes"), ("OANDA_TOKEN='hush-hush'", "a value in quotes"),
    ("export OANDA_TOKEN=hush-hush", "`export`"),
])  # fmt: skip
def test_a_line_as_a_shell_would_take_it_is_refused(tmp_path: Path, line: str, said: str) -> None:
    """Its quotes would be part of the token, which the venue then refuses."""
    file = tmp_path / "secrets"
    file.write_text(f"{line}\n", encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(CommandError, match=f":1: {said}") as refused:
        secret("oanda", "token", {"RULEENGINE_SECRETS": str(file)})
    assert "hush" not in f"{refused.value.message} {refused.value.help}"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        secret("oanda", "token", {"RULEENGINE_SECRETS": str(tmp_path / "none")})


def test_a_blank_place_is_passed_over_and_blanks_around_a_secret_are_none_of_it(tmp_path: Path) -> None:
    """A line feed at its end (`$(cat token)` in a unit file) would be refused as a header, with the secret beside."""
    file = tmp_path / "secrets"
    file.write_text("OANDA_TOKEN=from-the-file\n", encoding="utf-8")
    file.chmod(0o600)
    assert value(secret("oanda", "token", {"OANDA_TOKEN": " ", "RULEENGINE_SECRETS": str(file)})) == "from-the-file"
    assert value(secret("oanda", "token", {"OANDA_TOKEN": "from-here\n"})) == "from-here"


def test_a_blank_secret_is_none() -> None:
    assert secret("oanda", "token", {"OANDA_TOKEN": "  "}) is None


class Leaky:
    """An adapter that says its token wherever it can."""

    capabilities = SimpleNamespace(name="oanda", needs_network=True)
    secrets = (TOKEN,)

    async def open(self, setup: VenueSetup) -> None:
        assert setup.access is not None
        token = setup.access.secrets["token"].get_secret_value()
        logging.getLogger("library").warning("sent %s", token)
        try:
            raise OSError(f"lost {token}")
        except OSError as error:
            log.bound(header=token).opt(exception=error).warning("a request with {} failed", token)
        raise RuntimeError(f"no way with {token}")


def test_nothing_that_an_adapter_says_at_the_prompt_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the log is set up, loguru's own would write messages as they come and the values of variables."""
    monkeypatch.setenv("OANDA_TOKEN", "canary-4711-of-the-venue")
    monkeypatch.setattr("ruleengine.cli.live_session.adapter_named", lambda _: Leaky())
    found = ask("doctor", "--adapter", "oanda")
    assert found.code == 2
    assert [word in found.err for word in ("sent", "lost", "a request with", "no way with")] == [True] * 4
    assert "4711" not in found.err + found.out
