"""How a venue over a network is reached: what the prompt and the account file have to agree in, and where secrets may
go. Everything is refused before anybody is asked; who gets past all of it lacks a secret here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.oanda import adapter as oanda_adapter
from ruleengine import log
from ruleengine.cli import live_session
from ruleengine.cli.documents import Refused, shaped_or_exit
from ruleengine.cli.failure import CommandError
from ruleengine.cli.live_session import Reach, differences, opened, prepare_live, told, write_account
from ruleengine.cli.session import Session
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Access, VenueAccount, VenueError, VenueSetup
from ruleengine.schema.account import Account
from tests.cli.asking import ask
from tests.cli.venue_desk import ACCOUNT, POLICY
from tests.runtime.engine.world import USD_JPY

PRACTICE = f'{ACCOUNT}venue: {{name: oanda, account_id: "101-1"}}\n'
LIVE = (
    f"{ACCOUNT}environment: live\nlimits: {{max_order_value: 5_000JPY, max_worst_case_exposure: 9_000JPY}}\n"
    'venue: {name: oanda, account_id: "001-1"}\n'
)
PAPER = f"{ACCOUNT}balance: 500_000JPY\nvenue: {{name: paper}}\n"
FILES = {
    "practice": PRACTICE,
    "live": LIVE,
    "paper": PAPER,
    "live-elsewhere": LIVE.replace('"001-1"', '"001-1", address: "https://venue.example"'),
    "in-the-open": PRACTICE.replace('"101-1"', '"101-1", address: "http://venue.example"'),
    "foreign": LIVE.replace("5_000JPY", "50USD"),
    "half-limited": LIVE.replace(", max_worst_case_exposure: 9_000JPY", ""),
}
STATED = VenueAccount("101-1", "JPY", "netting", "practice", "net")
NEXT = "missing OANDA_TOKEN"
"""What is wrong once everything before it is right."""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("OANDA_TOKEN", "RULEENGINE_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    for name, text in FILES.items():
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    Path("rounds.policy.yaml").write_text(
        POLICY.format(currency="JPY", instrument="USD_JPY", size="2_000units"), encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--account live.yaml", "live.yaml is live, and --live is not given"),
        ("--account live.yaml --live live", "live.yaml is live, and --live names `live`"),
        ("--account live.yaml --live desk", NEXT),
        ("--account practice.yaml", NEXT),
        ("--account practice.yaml --live desk", "--live, but the account is for practice"),
        ("--adapter oanda --live desk", "--live, but the account is for practice"),
        ("--account live.yaml --live desk --address https://venue.example", "live, and an address of its own"),
        ("--account live-elsewhere.yaml --live desk", "live, and an address of its own"),
    ],
)
def test_real_money_takes_the_files_word_and_the_accounts_name_a_second_time(arguments: str, sentence: str) -> None:
    found = ask("doctor", *arguments.split())
    assert found.code == 2
    assert sentence in found.err


@pytest.mark.parametrize(
    ("file", "wrong"), [("half-limited.yaml", "max_worst_case_exposure"), ("foreign.yaml", "money in USD")]
)
def test_a_live_account_whose_limits_are_none_is_refused(file: str, wrong: str) -> None:
    found = ask("doctor", "--account", file, "--live", "desk")
    assert found.code == 1
    assert wrong in found.err
    assert f"{file} is refused" in found.err
    assert NEXT not in found.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--adapter okx --account practice.yaml", "--adapter okx, but practice.yaml is an account of oanda"),
        ("--adapter oanda --account practice.yaml", NEXT),
        ("--account practice.yaml --account-id 101-2", "--account-id 101-2, but practice.yaml says 101-1"),
        ("--account practice.yaml --account-id 101-1", NEXT),
        ("", "no venue"),
        ("--adapter paper", "paper is no venue over a network"),
    ],
)
def test_one_venue_and_one_account_are_meant(arguments: str, sentence: str) -> None:
    found = ask("doctor", *arguments.split())
    assert found.code == 2
    assert sentence in found.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--live desk", "no venue"),
        ("--address http://127.0.0.1:1", "no venue"),
        ("--account-id 101-1", "no venue"),
        ("--account paper.yaml --live desk", "paper is no venue over a network"),
        ("--account live.yaml", "--live is not given"),
        ("--adapter oanda", NEXT),
    ],
)
def test_who_means_a_venue_is_not_given_paper(arguments: str, sentence: str) -> None:
    """`--live` that is forgotten by half would else be a run on paper which somebody takes for the real one."""
    found = ask("run", "--policy", "rounds.policy.yaml", *arguments.split(), "--duration", "1s")
    assert found.code == 2
    assert sentence in found.err


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:8410", NEXT),
        ("http://127.0.0.1:8410/", NEXT),
        ("http://localhost:8410", NEXT),
        ("http://[::1]:8410", NEXT),
        ("https://venue.example", NEXT),
        ("http://venue.example", "secrets would travel in the open"),
        ("http://10.0.0.1:8410", "secrets would travel in the open"),
        ("http://localhost.example", "secrets would travel in the open"),
        ("ftp://127.0.0.1", "no http://HOST:PORT"),
        ("127.0.0.1:8410", "no http://HOST:PORT"),
        ("http://:8410", "no http://HOST:PORT"),
        ("https://venue.example/path", "no http://HOST:PORT"),
    ],
)
def test_secrets_go_to_this_machine_or_under_cover(address: str, sentence: str) -> None:
    found = ask("doctor", "--adapter", "oanda", "--address", address)
    assert found.code == 2
    assert sentence in found.err


def test_nor_do_they_go_into_the_open_by_an_account_file() -> None:
    assert "secrets would travel in the open" in ask("doctor", "--account", "in-the-open.yaml").err


# --- what the adapter is told, what it says ---------------------------------------------------------------------------


class Asked:
    """Stands for the adapter and for its venue; keeps how it was opened, and whether it was closed."""

    capabilities, secrets = oanda_adapter.capabilities, ()

    def __init__(self, trouble: VenueError | None = None, stated: VenueAccount = STATED) -> None:
        self.trouble, self.stated = trouble, stated
        self.setup, self.is_closed = VenueSetup({}, (), 0), False
        self.wanted: list[str] = []
        self.is_log_safe: Callable[[], bool] = lambda: False

    async def open(self, setup: VenueSetup) -> Asked:
        assert self.is_log_safe(), "secrets are in hand from here on"
        self.setup = setup
        if self.trouble is not None:
            raise self.trouble
        return self

    async def close(self) -> None:
        self.is_closed = True

    async def account(self) -> VenueAccount:
        return self.stated

    async def instruments(self, names: list[str]) -> tuple[Instrument, ...]:
        self.wanted = names
        return tuple(replace(USD_JPY, name=each, base=each[:3]) for each in names)


def reached(monkeypatch: pytest.MonkeyPatch, reach: Reach, asked: Asked, error: Exception | None = None) -> Access:
    """How the adapter is opened; `error`: what happens while it is open."""

    async def run() -> None:
        async with opened(reach):
            if error is not None:
                raise error

    configured: list[bool] = []
    monkeypatch.setattr(live_session, "adapter_named", lambda _name: asked)
    monkeypatch.setattr(log, "configure", lambda: configured.append(True))
    asked.is_log_safe = lambda: bool(configured)
    asyncio.run(run())
    return asked.setup.access


def test_the_adapter_is_told_which_account_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompt's address goes before the file's."""
    live = reached(monkeypatch, Reach(None, Path("live.yaml"), live="desk"), Asked())
    assert (live.environment, live.account_id, live.address) == ("live", "001-1", "")
    plain = Reach("oanda", None, "101-7", "http://127.0.0.1:8410/")
    access = reached(monkeypatch, plain, Asked())
    assert (access.environment, access.account_id, access.address) == ("practice", "101-7", "http://127.0.0.1:8410")
    over = Reach(None, Path("in-the-open.yaml"), address="https://cover.example")
    assert reached(monkeypatch, over, Asked()).address == "https://cover.example"


@pytest.mark.parametrize("error", [None, ZeroDivisionError("a fault"), VenueError("no more", code="W1")])
def test_a_venue_is_closed_however_it_ends(error: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    if error is None:
        reached(monkeypatch, Reach("oanda", None), asked)
    else:
        with pytest.raises(CommandError if isinstance(error, VenueError) else ZeroDivisionError):
            reached(monkeypatch, Reach("oanda", None), asked, error)
    assert asked.is_closed


def test_a_venue_that_does_not_open_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match=r"oanda: the token is void \(T1\)"):
        reached(monkeypatch, Reach("oanda", None), Asked(VenueError("the token is void", code="T1")))


@pytest.mark.parametrize(
    ("error", "message", "help"),
    [
        (VenueError("can't connect", code="connect"), "oanda: can't connect (connect)", "look at the network"),
        (
            VenueError("no such account", code="E4"),
            "oanda: no such account (E4)",
            "`ruleengine doctor --adapter oanda`",
        ),
        (VenueError("no such account"), "oanda: no such account", "`ruleengine doctor --adapter oanda`"),
        (
            VenueError("too many calls", code="429", remedy="wait a minute"),
            "oanda: too many calls (429)",
            "wait a minute",
        ),
    ],
)
def test_a_venues_refusal_has_its_remedy(error: VenueError, message: str, help: str) -> None:
    found = told("oanda", error)
    assert found.message == message
    assert found.help.startswith(help)


# --- the account file against the venue -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "stated", "said"),
    [
        ("", STATED, []),
        ("", replace(STATED, currency="USD"), ["currency is JPY, the venue says USD"]),
        ("", replace(STATED, mode="hedging"), ["mode is netting, the venue says hedging"]),
        ("", replace(STATED, environment="live"), ["environment is practice, the venue says live"]),
        ("", replace(STATED, id="101-2"), ["venue.account_id is 101-1, the venue says 101-2"]),
        ("margin_model: {model: net}\n", STATED, []),
        ("margin_model: {model: gross}\n", STATED, ["margin_model.model is gross, the venue says net"]),
        ("margin_model: {model: gross}\n", replace(STATED, margin_model=""), []),
    ],
)
def test_what_the_file_says_otherwise_is_found(line: str, stated: VenueAccount, said: list[str]) -> None:
    Path("practice.yaml").write_text(PRACTICE + line, encoding="utf-8")
    shaped: Any = shaped_or_exit(Path("practice.yaml"), Account)
    assert differences(shaped, stated) == said


def prepared(file: Path | None, stated: VenueAccount = STATED) -> tuple[Session, list[str]]:
    """(the session, the instruments that the venue was asked for)."""
    asked: Any = Asked(stated=stated)
    shaped: Any = None if file is None else shaped_or_exit(file, Account)
    made = prepare_live(Path("rounds.policy.yaml"), Reach("oanda", file), (), (), oanda_adapter, asked, shaped)
    return asyncio.run(made), asked.wanted


def test_no_session_on_an_account_that_differs() -> None:
    with pytest.raises(CommandError, match="mode is netting, the venue says hedging"):
        prepared(Path("practice.yaml"), replace(STATED, mode="hedging"))


@pytest.mark.parametrize(
    ("line", "stated", "reckoned"),
    [
        ("", "gross", {"model": "gross"}),
        ("", "", None),
        ("margin_model: {model: hedged_pct, share: 50%}\n", "hedged_pct", {"model": "hedged_pct", "share": "0.50"}),
    ],
)
def test_margin_is_reckoned_as_the_venue_does(line: str, stated: str, reckoned: dict[str, Any] | None) -> None:
    """Where the file says nothing of it; and the account is held under the venue's own number of it."""
    Path("practice.yaml").write_text(PRACTICE.replace(', account_id: "101-1"', "") + line, encoding="utf-8")
    session, _ = prepared(Path("practice.yaml"), replace(STATED, margin_model=stated))
    assert session.account["venue"]["account_id"] == "101-1"
    found = session.account.get("margin_model")
    assert (None if found is None else {name: found[name] for name in reckoned or {}}) == reckoned


def test_rates_of_exchange_are_asked_for_beside_what_trades() -> None:
    rates = "conversion: {USD: {instrument: USD_JPY}, EUR: {instrument: EUR_JPY}, GBP: {rate: 190}}\n"
    Path("practice.yaml").write_text(PRACTICE + rates, encoding="utf-8")
    assert prepared(Path("practice.yaml"))[1] == ["USD_JPY", "EUR_JPY"]


@pytest.mark.parametrize("stated", [STATED, replace(STATED, margin_model="")])
@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1"])
def test_the_file_that_is_made_says_what_the_venue_says(stated: VenueAccount, address: str) -> None:
    made: Any = shaped_or_exit(write_account("oanda", stated, address), Account)
    assert differences(made, stated) == []
    assert (made.name.text, made.environment) == ("oanda-101-1", "practice")
    assert (made.margin_model is None, made.venue.address is None) == (not stated.margin_model, not address)


def test_a_policy_that_the_account_cannot_carry_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    text = POLICY.format(currency="USD", instrument="USD_JPY", size="2_000units")
    Path("rounds.policy.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"rounds\.policy\.yaml can't run on practice\.yaml"):
        prepared(Path("practice.yaml"))
    assert "USD" in capsys.readouterr().err
