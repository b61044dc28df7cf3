"""The form of every answer: lower-case headers, padded words, pages with their keys (fact sheet §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, PlainTextResponse, Response

from adapters.kis.simulator import refusals
from adapters.kis.simulator.refusals import Refusal

_WORDS_WIDTH = 80
_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answers. `tr_cont`: F or M where more rows follow, D or E where none do, "" without pages."""

    body: Mapping[str, Any]
    msg_cd: str = "MCA00000"
    msg1: str = "정상처리 되었습니다."
    tr_cont: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of many rows. `keys`: what the client sends back for the next ones."""

    rows: Sequence[Any]
    tr_cont: str
    keys: Mapping[str, str] = field(default_factory=dict)


def answered(reply: Reply, tr_id: str) -> Response:
    body = {**reply.body, "rt_cd": "0", "msg_cd": reply.msg_cd, "msg1": _padded(reply.msg1)}
    return JSONResponse(body, headers=_headers(tr_id, reply.tr_cont), media_type=_JSON)


def refused(refusal: Refusal, tr_id: str) -> Response:
    if refusal.text:
        return PlainTextResponse(refusal.text, refusal.status, headers=_headers(tr_id, ""))
    body = {"rt_cd": refusal.rt_cd, "msg_cd": refusal.msg_cd, "msg1": _padded(refusal.msg1)}
    return JSONResponse(body, refusal.status, headers=_headers(tr_id, ""), media_type=_JSON)


def page(rows: Sequence[Any], size: int, search: str, query: Mapping[str, str], tr_cont: str) -> Page:
    """The page that a query asks for: with `tr_cont` N and the keys of the page before the next one, else the first.

    `search`: what the rows were asked by; it comes back as ctx_area_fk100 and must return unchanged, trimmed or not.

    >>> page("abcde", 2, "12345678^01", {}, "").tr_cont, page("ab", 2, "12345678^01", {}, "").tr_cont
    ('F', 'D')
    """
    begin = 0
    if tr_cont == "N":
        begin = _next_row(query.get("CTX_AREA_NK100", ""))
        if begin and query.get("CTX_AREA_FK100", "").strip() != search.strip():
            raise refusals.missing_field("CTX_AREA_FK100")
    end = begin + size
    has_more = end < len(rows)
    cont = ("M" if begin else "F") if has_more else ("E" if begin else "D")
    keys = {"ctx_area_fk100": f"{search:<100}", "ctx_area_nk100": f"{f'NEXT {end} {size}' if has_more else '':<100}"}
    return Page(rows[begin:end], cont, keys)


def _next_row(key: str) -> int:
    """Where a page begins, by the key that the page before gave; its inner spaces count."""
    if not key.strip():
        return 0
    match key.strip().split(" "):
        case ["NEXT", begin, _] if begin.isdigit():
            return int(begin)
    raise refusals.missing_field("CTX_AREA_NK100")


def fixed(value: Decimal | int, places: int) -> str:
    """A figure with that many decimals, half away from zero.

    >>> fixed(Decimal("929100") / 13, 4), fixed(0, 8)
    ('71469.2308', '0.00000000')
    """
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def percent(part: int | Decimal, whole: int | Decimal, places: int = 2) -> str:
    """A ratio in percent; 0 where there is no whole."""
    return fixed(Decimal(part) * 100 / Decimal(whole) if whole else Decimal(0), places)


def _padded(words: str) -> str:
    return f"{words:<{_WORDS_WIDTH}}"


def _headers(tr_id: str, tr_cont: str) -> dict[str, str]:
    return {"tr_id": tr_id, "tr_cont": tr_cont, "gt_uid": uuid4().hex.upper()}
