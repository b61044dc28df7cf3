"""Logs: the only module that knows loguru, and the last place where a secret could slip out.

Everything goes to standard error, as text or as JSON lines; standard output belongs to the commands' results. One
handler writes, and what it writes (message, fields, traceback) passes `redact` as a whole. The standard library's
loggers and warnings are led into it. Tracebacks carry no values of variables (`diagnose=False`) and nothing above the
place where an error was caught (`backtrace=False`).

loguru is imported by `configure` and `bound`, not by this module: it costs ten times an empty interpreter, and most
commands write no log.
"""

import base64
import json as json_format
import logging
import math
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from loguru import Logger, Message, Record

LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
HIDDEN = "[redacted]"

# A name says that its value is a secret; whole words, so that `monkey` and `token_count` keep theirs.
_NAME = (
    r"(?:(?:api|access|private|secret|app|signing|client)[_-]?(?:key|secret|sign)"
    r"|(?:access|refresh|auth|bearer|session)?token"
    r"|secret|passwd|password|passphrase|pwd|authorization|cookie|credentials?|signature)"
)
_SECRET_NAME = re.compile(rf"^(?:.*[_.-])?{_NAME}$", re.IGNORECASE)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # name=value, name: value, "name": "value", name='value', and values with a scheme before them (Bearer, Basic)
    (
        re.compile(
            rf"""(?P<name>(?<![a-z0-9]){_NAME}["']?\s*[=:]\s*)"""
            r"""(?P<value>"(?:[^"\\]|\\.)*(?:"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|(?:(?:bearer|basic|token)\s+)?[^\s"'&,;)}\]]+)""",
            re.IGNORECASE,
        ),
        rf"\g<name>{HIDDEN}",
    ),
    (re.compile(r"\b(?P<scheme>bearer|basic)\s+[a-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\g<scheme> {HIDDEN}"),
    # user:password@ in an address
    (re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)[^\s/@]{1,512}@", re.IGNORECASE), rf"\g<scheme>{HIDDEN}@"),
    # a bot's token in a path
    (re.compile(r"\bbot\d{6,}:[a-z0-9_-]{20,}", re.IGNORECASE), f"bot{HIDDEN}"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        HIDDEN,
    ),
)

_protected: dict[str, None] = {}  # spellings of known secrets; a dict keeps their order
_pattern: re.Pattern[str] | None = None


def configure(level: str = "INFO", *, json: bool = False, to: TextIO | None = None) -> None:
    """Send all logs, ours and the standard library's, to standard error (or `to`), from `level` on.

    Replaces whatever was configured before. Raises ValueError for an unknown level.
    """
    from loguru import logger

    name = level.upper()
    if name not in LEVELS:
        raise ValueError(f"unknown log level `{level}`; one of {', '.join(LEVELS).lower()}")
    logger.remove()
    logger.configure(patcher=_clean_record)
    logger.add(
        _writer(to, _as_json if json else _as_text),
        level=name,
        format="{message}",  # the writer makes the line, the traceback included
        diagnose=False,
        backtrace=False,
        catch=False,  # loguru's own report of a failing handler would print the record unredacted
    )
    logging.basicConfig(handlers=[_Bridge()], level=logging.NOTSET, force=True)
    logging.captureWarnings(True)
    # httpx tells each request's full address at INFO, Apprise each message; wanted only when someone looks for it
    for chatty in ("httpx", "httpcore", "apprise"):
        logging.getLogger(chatty).setLevel(logging.DEBUG if name in {"TRACE", "DEBUG"} else logging.WARNING)


def bound(**fields: object) -> "Logger":
    """A logger whose lines carry these fields: decision id, order id, policy digest."""
    from loguru import logger

    return logger.bind(**fields)


def protect(*secrets: str) -> None:
    """Never write these values again, in plain, quoted, escaped or base64 spelling.

    Whoever reads a secret from its file or the environment calls this before using it. A blank one is a ValueError.
    """
    global _pattern
    for secret in secrets:
        if not secret.strip():
            raise ValueError("a blank text is no secret")
        for spelling in _spellings(secret):
            _protected[spelling] = None
    longest_first = sorted(_protected, key=len, reverse=True)  # a secret may hold another one
    _pattern = re.compile("|".join(map(re.escape, longest_first)))


def unprotected(text: str) -> str:
    """The text without protected values; what merely has the shape of a secret stays, as `NAME=VALUE` in an advice."""
    return text if _pattern is None else _pattern.sub(HIDDEN, text)


def redact(text: str) -> str:
    """The text with protected values, and whatever has the shape of a secret, taken out.

    >>> redact("GET /v3/accounts?token=abc123&count=5")
    'GET /v3/accounts?token=[redacted]&count=5'
    >>> redact("Authorization: Bearer abc.def")
    'Authorization: [redacted]'
    >>> redact("monkey=3 spread=1.2")
    'monkey=3 spread=1.2'
    """
    text = unprotected(text)
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def _spellings(secret: str) -> list[str]:
    plain = secret.encode()
    coded = [base64.b64encode(plain).decode(), base64.urlsafe_b64encode(plain).decode()]
    return [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json_format.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        *(code.rstrip("=") for code in coded),
    ]


def _clean_record(record: "Record") -> None:
    """Redact what any handler could show; ours cleans the traceback besides."""
    record["message"] = redact(record["message"])
    record["extra"] = _clean_fields(record["extra"])


def _clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {redact(str(name)): HIDDEN if _SECRET_NAME.match(str(name)) else _clean(fields[name]) for name in fields}


def _clean(value: object) -> Any:
    """A value fit for JSON with no secret in it; numbers stay numbers where JSON has them."""
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value)):
        return value if redact(str(value)) == str(value) else HIDDEN
    if isinstance(value, Mapping):
        return _clean_fields(value)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    try:
        return redact(str(value))
    except Exception as error:  # noqa: BLE001 - a log line must never break what it tells about
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _writer(to: TextIO | None, line: Callable[["Record"], str]) -> Callable[["Message"], None]:
    def write(message: "Message") -> None:
        stream = to if to is not None else sys.stderr  # looked up late: a live display may have replaced it
        try:
            stream.write(line(message.record) + "\n")
            stream.flush()
        except (OSError, ValueError):
            return  # the reader of standard error is gone; the engine goes on

    return write


def _as_text(record: "Record") -> str:
    fields = "".join(f" {name}={value}" for name, value in record["extra"].items())
    message = (record["message"] + fields).replace("\n", "\n    ")  # no text from outside may pass for a line of ours
    return f"{record['time']:YYYY-MM-DDTHH:mm:ss.SSSZZ} {record['level'].name:<8} {message}" + _told_error(record, "\n")


def _as_json(record: "Record") -> str:
    row: dict[str, Any] = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "where": f"{record['name']}:{record['line']}",
        "message": record["message"],
        **({"fields": record["extra"]} if record["extra"] else {}),
    }
    if error := _told_error(record, ""):
        row["error"] = error
    return json_format.dumps(row, ensure_ascii=False)


def _told_error(record: "Record", before: str) -> str:
    """The traceback of the record's exception, without values of variables, redacted as a whole."""
    caught = record["exception"]
    if caught is None or caught.value is None:
        return ""
    return before + redact("".join(traceback.format_exception(caught.value)).rstrip("\n"))


class _Bridge(logging.Handler):
    """Leads records of the standard library's loggers into ours, with their level and exception."""

    def emit(self, record: logging.LogRecord) -> None:
        from loguru import logger

        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} (its arguments don't fit)"

        def keep_origin(ours: "Record") -> None:
            ours["name"], ours["line"] = record.name, record.lineno

        level: str | int = record.levelname if record.levelname in LEVELS else record.levelno
        logger.patch(keep_origin).opt(exception=record.exc_info).log(level, "{}", message)
