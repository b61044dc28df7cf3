"""No secret leaves through the logs, whatever fails and whoever logs it; and the logs stay readable."""

import base64
import io
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from urllib.parse import quote

import loguru
import pytest

from ruleengine import log

# Forty made-up secrets, one for each way out, some with characters that quoting and escaping change.
CANARIES = [f'cnry{number:02d}-{"Zq9+/=x%"[number % 8]}{number * 7919:06d}-"tail é' for number in range(40)]


class VenueError(Exception):
    """What an adapter might raise, with too much in it."""


class Leaky:
    """A value whose text holds a secret."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Leaky({self.secret!r})"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError(CANARIES[0])


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Standard error's stand-in; puts the process's logging back as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, {name: logging.getLogger(name).level for name in ("httpx", "httpcore")})
    yield io.StringIO()
    logging.captureWarnings(False)
    root.handlers[:], root.level = before[0], before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)
    loguru.logger.remove()
    loguru.logger.configure(patcher=lambda record: None)
    log._protected.clear()
    log._pattern = None


def raise_with(secret: str) -> None:
    password = secret  # a local variable that a chatty traceback would print
    raise VenueError(f"refused {password}")


def caught(secret: str) -> None:
    try:
        raise_with(secret)
    except VenueError:
        log.bound().exception("order failed")


def chained(secret: str) -> None:
    try:
        try:
            raise_with(secret)
        except VenueError as error:
            raise ValueError("bad answer") from error
    except ValueError:
        log.bound().exception("order failed")


def noted(secret: str) -> None:
    error = ValueError("bad answer")
    error.add_note(f"sent with {secret}")
    log.bound().opt(exception=error).error("order failed")


def grouped(secret: str) -> None:
    log.bound().opt(exception=ExceptionGroup("all", [ValueError(secret)])).error("order failed")


def stdlib_caught(secret: str) -> None:
    try:
        raise_with(secret)
    except VenueError:
        logging.getLogger("venue").exception("order failed")


WAYS_OUT: dict[str, Callable[[str], None]] = {
    "message": lambda secret: log.bound().info("sending " + secret),
    "argument": lambda secret: log.bound().info("sending {}", secret),
    "field": lambda secret: log.bound(note=secret).info("sending"),
    "field's name": lambda secret: log.bound(**{secret: 1}).info("sending"),
    "nested field": lambda secret: log.bound(order={"ids": [1, {"note": secret}]}).info("sending"),
    "object in a field": lambda secret: log.bound(order=Leaky(secret)).info("sending"),
    "object in a message": lambda secret: log.bound().info("sending {!r}", Leaky(secret)),
    "in an address": lambda secret: log.bound().info("GET /v3/x?q={}", quote(secret, safe="")),
    "base64": lambda secret: log.bound().info("sending {}", base64.b64encode(secret.encode()).decode()),
    "in JSON": lambda secret: log.bound().info("sending {}", json.dumps({"note": secret})),
    "stdlib": lambda secret: logging.getLogger("httpcore.connection").warning("sending %s", secret),
    "stdlib with a bad format": lambda secret: logging.getLogger("venue").warning(f"%d {secret}", "x"),  # noqa: G004 - a text that is no format
    "stdlib's error": stdlib_caught,
    "warning": lambda secret: warnings.warn(f"sending {secret}", UserWarning, stacklevel=1),
    "error": caught,
    "error's cause": chained,
    "error's note": noted,
    "errors in a group": grouped,
}


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_protected_value_leaves(
    way: str, as_json: bool, out: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    log.configure("trace", json=as_json, to=out)
    log.protect(*CANARIES)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for secret in CANARIES:
            WAYS_OUT[way](secret)
    captured = capfd.readouterr()
    written = out.getvalue() + captured.out + captured.err
    assert written.count(log.HIDDEN) >= len(CANARIES)  # it was written, and only without the secret
    assert "cnry" not in written
    for secret in CANARIES:
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in written


def test_the_ways_out_would_leak_unprotected(out: io.StringIO) -> None:
    """The canaries do travel along each way: with redaction switched off they are seen."""
    log.configure("trace", to=out)
    for name, way in WAYS_OUT.items():
        if name == "base64":
            continue
        out.seek(0)
        out.truncate()
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            way(CANARIES[0])
        assert "cnry00" in out.getvalue(), name


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("Authorization: Bearer aaaa.bbbb.cccc", "Authorization", "aaaa"),
        ("{'Authorization': 'Bearer aaaa.bbbb'}", "Authorization", "aaaa"),
        ('{"appkey": "k k,k", "count": 5}', '"count": 5', "k k"),
        ('{"api_secret": "a\\"b", "count": 5}', '"count": 5', 'a\\"b'),
        ("OK-ACCESS-SIGN: abcd1234==", "OK-ACCESS-SIGN", "abcd1234"),
        ("GET /x?access_token=abcd1234&count=5", "count=5", "abcd1234"),
        ('{"count": 5, "accessToken": "abcd cut of', '"count": 5', "abcd"),
        ("OANDA_TOKEN=abcd1234 started", "started", "abcd1234"),
        ("https://user:abcd1234@host/x", "host/x", "abcd1234"),
        ("POST /bot1234567:AAAAAAAAAAAAAAAAAAAAAAAA/send", "/send", "AAAAAAAA"),
        ("-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----\nafter", "after", "abcd"),
        ("-----BEGIN EC PRIVATE KEY-----\nabcd cut off", "", "abcd"),
        ("said Bearer abcdefgh123", "said", "abcdefgh123"),
    ],
)
def test_shapes_of_secrets_are_seen_without_being_told(text: str, kept: str, gone: str) -> None:
    assert kept in log.redact(text)
    assert gone not in log.redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "monkey=3 keyboard: on",
        "max_margin_usage=0.92",
        "verdict=pass spread=1.2",
        "12 tokens_per_second=5",
        "side: long",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert log.redact(text) == text


@pytest.mark.parametrize("unit", ["api-", "secret", "token=", 'token="', "a:b@", "a://", "eyJ", "bearer ", "bot1"])
def test_redaction_takes_time_in_proportion_to_the_text(unit: str) -> None:
    """Text from outside can't hang the log. 200,000 characters take 0.1 s; in quadratic time they took minutes."""
    start = time.perf_counter()
    log.redact(unit * (200_000 // len(unit)))
    assert time.perf_counter() - start < 5


def test_a_field_named_after_a_secret_hides_any_value(out: io.StringIO) -> None:
    log.configure(json=True, to=out)
    log.bound(account="101-1", api_key="abcdefg", token={"v": 1}, attempts=3).info("signed in")
    assert json.loads(out.getvalue())["fields"] == {
        "account": "101-1",
        "api_key": log.HIDDEN,
        "token": log.HIDDEN,
        "attempts": 3,
    }


def test_a_number_may_be_a_secret(out: io.StringIO) -> None:
    log.configure(json=True, to=out)
    log.protect("90210417")
    log.bound(pin=90210417).info("signed in")
    assert json.loads(out.getvalue())["fields"] == {"pin": log.HIDDEN}


def test_one_json_object_a_line_with_where_it_came_from(out: io.StringIO) -> None:
    log.configure("info", json=True, to=out)
    log.bound(decision="d-1", spread=1.2, missing=float("nan")).warning("refused\nentry")
    logging.getLogger("httpx").info("GET 200")
    logging.getLogger("venue").error("gone")
    caught("x")
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(row["level"], row["message"]) for row in rows] == [
        ("warning", "refused\nentry"),
        ("error", "gone"),
        ("error", "order failed"),
    ]
    assert rows[0]["fields"] == {"decision": "d-1", "spread": 1.2, "missing": "nan"}
    assert rows[1]["where"].startswith("venue:")
    assert "VenueError: refused x" in rows[2]["error"]
    assert "password = secret" not in rows[2]["error"].replace("password = secret  #", "")


def test_text_from_outside_cannot_pass_for_a_line_of_ours(out: io.StringIO) -> None:
    log.configure(to=out)
    log.bound().info("name: x\n2026-01-01T00:00:00.000+00:00 CRITICAL halted")
    assert [line.startswith("2") for line in out.getvalue().splitlines()] == [True, False]


def test_what_cannot_be_shown_breaks_nothing(out: io.StringIO) -> None:
    log.configure(to=out)
    log.bound(value=Unprintable()).info("went on")
    assert "went on" in out.getvalue()
    assert "Unprintable that cannot be shown" in out.getvalue()
    assert "cnry" not in out.getvalue()


def test_a_reader_that_left_breaks_nothing(out: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    log.configure(to=out)
    out.close()
    log.bound().info("nobody listens")
    assert capfd.readouterr() == ("", "")


def test_levels(out: io.StringIO) -> None:
    log.configure("warning", to=out)
    log.bound().info("quiet")
    log.bound().error("loud")
    assert "quiet" not in out.getvalue()
    assert "loud" in out.getvalue()
    with pytest.raises(ValueError, match="unknown log level `chatty`; one of trace, debug"):
        log.configure("chatty")


def test_standard_error_unless_told_otherwise(out: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    log.bound().info("here")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "here" in captured.err


def test_blank_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="blank"):
        log.protect("")
