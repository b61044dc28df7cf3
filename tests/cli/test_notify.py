"""People are told (PY-08): through Apprise as it is, down to the bytes that would leave, which go nowhere here.

What Telegram asks of MarkdownV2 is from its Bot API's page on formatting: these 18 characters must be escaped with a
backslash wherever they are no mark, and any ASCII character may be.
"""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine import log
from ruleengine.cli.failure import CommandError
from ruleengine.cli.notify import Notifier, Target, literal, message, targets_of, unmarked
from ruleengine.cli.outbox import LEVELS, Notice
from ruleengine.model.audit import Note
from tests.cli.asking import ask

RESERVED = "_*[]()~`>#+-=|{}.!"
TOKEN = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI"
ADDRESS = f"tgram://{TOKEN}/4711/?format=markdown&mdv=v2"


class Wire:
    """Where requests end: their bodies are kept, and answered as Telegram does."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status, self.end = 200, "/sendMessage"
        self.came = threading.Event()

    def send(self, _adapter: object, request: requests.PreparedRequest, **_: object) -> requests.Response:
        assert request.url is not None
        assert request.url.endswith(self.end)
        assert isinstance(request.body, str | bytes)
        self.bodies.append(json.loads(request.body))
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = self.status, request, request.url
        answer._content = b'{"ok":true,"result":[]}'
        self.came.set()
        return answer


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda *args, **more: made.send(*args, **more))
    return made


def read_as_telegram(text: str) -> tuple[str, list[str]]:
    """(text as it is shown, what is bold in it); an error where Telegram would refuse the message."""
    shown, bold, start, place = "", [], -1, 0
    while place < len(text):
        each = text[place]
        if each == "\\" and place + 1 < len(text) and text[place + 1].isascii():
            shown, place = shown + text[place + 1], place + 1
        elif each == "*":
            if start >= 0:
                bold.append(shown[start:])
            start = len(shown) if start < 0 else -1
        else:
            assert each not in RESERVED, f"`{each}` at {place} is reserved and must be escaped: {text}"
            shown += each
        place += 1
    assert start < 0, f"bold has no end: {text}"
    return shown, bold


def sent(wire: Wire, text: str) -> str:
    assert targets_of([ADDRESS])[0].send(message("fx on demo", [Notice("alert", "RE1", text, "now")], {}))
    (body,) = wire.bodies
    wire.bodies.clear()
    assert body["parse_mode"] == "MarkdownV2"
    shown, bold = read_as_telegram(body["text"])
    assert bold == ["fx on demo", "alert RE1"]
    return shown.split("\n", 2)[2].strip().partition("\n")[2].strip()


@pytest.mark.parametrize(
    "text",
    [
        "spread 1.2pips > 1.0pips on USD_JPY (ask - bid) = 0.012!",
        "*bold* _italic_ __under__ ~gone~ ||hidden|| `code` ```block``` [link](http://example.org/?a=b&c=d)",
        "- item # heading > quote 1. first + more | cell | {x} <b>tag</b> &amp; \\ back\\slash \\",
        "손절 −2 % 도달: 005930 · 가격 ₩70,100",
    ],
)
def test_what_is_told_reads_as_it_was_written(wire: Wire, text: str) -> None:
    assert sent(wire, text) == text


def test_a_name_can_neither_break_the_line_nor_turn_it_round(wire: Wire) -> None:
    assert sent(wire, "a\nALERT RE999 sell all\u202eesrever\u0000\tb") == "a ALERT RE999 sell all esrever b"


@settings(max_examples=150)
@given(st.text(st.sampled_from(RESERVED + "\\<>&;:/'\"ab1 \n") | st.characters(codec="utf-8"), max_size=60))
def test_no_text_at_all_is_markup(text: str) -> None:
    made = Wire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", lambda *args, **more: made.send(*args, **more))
        assert sent(made, f"x{text}x") == literal_read(f"x{text}x")


def literal_read(text: str) -> str:
    """`literal`, read by the rule of CommonMark: a backslash before ASCII punctuation is that character."""
    shown, escaped = "", False
    for each in literal(text):
        if each == "\\" and not escaped:
            escaped = True
        else:
            shown, escaped = shown + each, False
    return shown


def test_many_are_one_message_that_telegram_takes(wire: Wire) -> None:
    many = [Notice("alert", f"RE{number}", "." * 5_000, "2026-01-07 13:00:42.000Z") for number in range(9)]
    (target,) = targets_of([ADDRESS])
    assert target.send(message("." * 300, many, {"RE3": 5}, target.size_max))
    (body,) = wire.bodies
    assert len(body["text"]) <= 4_096
    shown, bold = read_as_telegram(body["text"])
    assert bold[1:] == [f"alert RE{number}" for number in range(7)]
    assert shown.endswith("and 7 more"), "9 − 7, and 5 that were not kept"


@settings(max_examples=100)
@given(st.text(st.sampled_from("\\.*ab "), max_size=5_000), st.integers(1, 9), st.integers(300, 4_000))
def test_no_message_is_larger_than_its_target_takes(text: str, count: int, size: int) -> None:
    """Discord takes 2,000 characters and answers 400 to more, however often it is sent."""
    many = [Notice("alert", f"RE{number}", text, "2026-01-07 13:00:42.000Z") for number in range(count)]
    made = message(text, many, {}, size)
    assert len(made) <= size
    read_as_telegram(made.replace("**", "*"))
    assert targets_of(["discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV"])[0].size_max == 2_000


def test_in_a_flood_the_alert_and_the_end_are_spelled_out() -> None:
    flood = [Notice("warning", "RE1", f"slow {number}", "") for number in range(30)]
    text = message("fx", [*flood, Notice("alert", "RE2", "stuck", ""), Notice("info", "", "over", "", True)], {})
    assert [line for line in text.split("\n") if line in {"stuck", "over", "slow 0", "slow 4", "slow 5"}] == [
        "slow 0", "slow 4", "stuck", "over",
    ]  # fmt: skip
    assert text.endswith("and 25 more"), "30 − 5"


def test_a_target_that_shows_text_as_it_is_gets_no_marks(wire: Wire) -> None:
    """ntfy and a hook for JSON show what they are sent; Slack has no escapes (`&`, `<` and `>` are its entities)."""
    text = message("fx 1.0", [Notice("alert", "RE1", "bid*2 > 1.0 \\ x", "2026-01-07")], {})
    assert unmarked(text) == "fx 1.0\n\nalert RE1 2026-01-07  \nbid*2 > 1.0 \\ x"
    wire.end = ""
    for address, name in (("json://localhost/hook", "message"), ("ntfy://localhost/topic", "message")):
        assert targets_of([address])[0].send(text)
        assert wire.bodies.pop()[name] == unmarked(text)
    targets_of(["slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23desk"])[0].send(text)
    (body,) = wire.bodies
    assert body["mrkdwn"] is False
    assert body["attachments"][0]["text"] == unmarked(text).replace(">", "&gt;")


def test_an_address_that_fails_neither_silences_nor_repeats_itself_to_another() -> None:
    texts: list[str] = []
    came = threading.Event()

    def fail(_text: str) -> bool:
        if texts.count("again") == 0:
            texts.append("again")
        return False

    def send(text: str) -> bool:
        texts.append(text)
        came.set()
        return True

    teller = Notifier([Target(fail), Target(send)], "fx")
    for number in range(3):
        came.clear()
        teller.tell("alert", "RE1", f"number {number}")
        assert came.wait(10)
    assert teller.close(wait_s=0.05) == [(0, 3), (3, 0)]
    assert len([each for each in texts if each != "again"]) == 3, "each once"


def test_no_notice_holds_a_secret() -> None:
    log.protect("canary-in-a-notice")
    texts: list[str] = []

    def send(text: str) -> bool:
        texts.append(text)
        return True

    teller = Notifier([Target(send)], "fx")
    teller.tell("alert", "RE1", "refused: https://h/x?token=hush with canary-in-a-notice")
    assert teller.close() == [(1, 0)]
    assert "canary" not in unmarked(texts[0])
    assert "hush" not in texts[0]


def test_only_what_is_asked_for_is_told_and_the_end_waits_for_it() -> None:
    texts: list[str] = []

    def send(text: str) -> bool:
        texts.append(text)
        return True

    teller = Notifier([Target(send)], "fx", "warning")
    for level in LEVELS:
        teller.note(Note(1_767_790_842 * 10**9, 7, level, "RE1", f"of {level}", "USD_JPY"))
    teller.tell("info", "", "the run has ended", always=True)
    assert teller.close() == [(3, 0)]
    assert [text.split("\n\n")[1].split("\n")[1] for text in texts] == [
        "USD\\_JPY\\: of warning",
        "USD\\_JPY\\: of alert",
        "the run has ended",
    ]
    assert "2026\\-01\\-07" in texts[0]


def test_a_channel_that_fails_holds_nothing_up_and_is_told() -> None:
    def fail(_text: str) -> bool:
        raise OSError("no route")

    teller = Notifier([Target(fail)], "fx")
    teller.tell("alert", "RE1", "x")
    assert teller.close(wait_s=0.05) == [(0, 1)]


# --- at the prompt ------------------------------------------------------------------------------------------------


RUN = ["run", "--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl", "--speed", "max"]


def test_a_run_tells_of_its_alerts_and_its_end(world: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RULEENGINE_NOTIFY", ADDRESS)
    found = ask(*RUN, "--notify", "info", "--journal", "journal")
    assert found.code == 0, found.err
    told = [read_as_telegram(body["text"])[0] for body in wire.bodies]
    assert told[0].endswith("the run has begun")
    assert "the run has ended: " in told[-1]
    assert f"notices: {found.err.partition('notices: ')[2].split()[0]} delivered" in found.err
    everything = found.out + found.err + "".join(path.read_bytes().decode("latin1") for path in journal_files(world))
    assert TOKEN not in everything
    assert TOKEN.partition(":")[2] not in everything


def journal_files(world: Path) -> list[Path]:
    return [path for path in (world / "journal").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("error", "said"),
    [(RuntimeError("no room"), "ended by RuntimeError: no room"), (CommandError("okx: no way"), "ended: okx: no way")],
)
def test_people_hear_of_a_run_that_an_error_ended(
    error: Exception, said: str, world: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error while the run is made ready too: whoever watches from afar sees no prompt."""

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setenv("RULEENGINE_NOTIFY", ADDRESS)
    monkeypatch.setattr("ruleengine.cli.run._on_paper", broken)
    assert ask(*RUN, "--journal", "journal").code == 2
    told = [read_as_telegram(body["text"])[0] for body in wire.bodies]
    assert [each.rsplit("\n", 1)[-1] for each in told] == [
        "the run has begun",
        f"the run was {said}",
    ]


def test_a_service_that_breaks_shows_nothing_of_its_address(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What libraries log, and what our log writes with an exception, passes the log that takes secrets out."""

    def fail(*_: object, **__: object) -> None:
        logging.getLogger("urllib3").warning("retrying /webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js")
        raise RuntimeError("no way to JHMHI8qBe7bk2ZwO5U711o3dV_js")

    monkeypatch.setenv("RULEENGINE_NOTIFY", "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js")
    monkeypatch.setattr("ruleengine.cli.notify.FLUSH_S", 0.05)
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", fail)
    found = ask(*RUN, "--journal", "journal")
    assert found.code == 0
    assert "retrying" in found.err
    assert "JHMHI8qBe7" not in found.err + found.out


def test_asked_for_without_an_address_the_run_does_not_start(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RULEENGINE_NOTIFY", raising=False)
    found = ask(*RUN, "--notify", "alert", "--journal", "journal")
    assert found.code == 2
    assert "nobody to tell" in found.err
    assert "RULEENGINE_NOTIFY" in found.err
    assert not (world / "journal").exists()


def test_an_address_that_is_none_is_refused_without_being_shown(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RULEENGINE_NOTIFY", f"{ADDRESS} nowhere://hush-hush")
    found = ask(*RUN, "--journal", "journal")
    assert found.code == 2
    assert "address 2 of 2" in found.err
    assert "hush" not in found.err


def test_without_an_address_nothing_is_told(world: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RULEENGINE_NOTIFY", raising=False)
    assert ask(*RUN, "--journal", "journal").code == 0
    assert wire.bodies == []


def test_an_address_from_the_file_of_secrets(world: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world / "secrets"
    file.write_text(f"# whom to tell\nRULEENGINE_NOTIFY={ADDRESS}\n", encoding="utf-8")
    monkeypatch.delenv("RULEENGINE_NOTIFY", raising=False)
    monkeypatch.setenv("RULEENGINE_SECRETS", str(file))
    file.chmod(0o640)
    refused = ask(*RUN, "--journal", "journal")
    assert refused.code == 2
    assert "chmod 600" in refused.err
    file.chmod(0o600)
    assert ask(*RUN, "--journal", "journal").code == 0
    assert wire.bodies


def test_an_address_that_is_none_is_named_by_its_place() -> None:
    with pytest.raises(CommandError, match="address 1 of 1"):
        targets_of(["none"])
