"""How the venue says no: HTTP status, `rt_cd`, `msg_cd` and words (fact sheet §6).

The mock venue answers some refusals of orders under numbers of its own. Codes that no source states are marked; their
meaning is only in their words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """As the body of the reply states it. `status`: HTTP's; `text`: the body where it is no JSON."""

    msg_cd: str
    msg1: str
    rt_cd: str = "7"
    status: int = 200
    text: str = ""


class Refused(Exception):
    """What was asked is not done."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.msg_cd or refusal.text)
        self.refusal = refusal


WRONG_ACCOUNT = Refusal("", "", text="ERROR : INPUT INVALID_CHECK_ACNO")
RATE = Refusal("EGW00201", "초당 거래건수를 초과하였습니다.", "1", 500)
TOKEN_EXPIRED = Refusal("EGW00123", "기간이 만료된 token 입니다.", "1", 500)
TOKEN_UNKNOWN = Refusal("EGW00121", "유효하지 않은 token 입니다.", "1", 500)
NO_BEARER = Refusal("EGW00205", "credentials_type이 유효하지 않습니다.(Bearer)", "1", 500)
NOT_THE_KEYS = Refusal("EGW00105", "유효하지 않은 AppSecret입니다.", "1", 500)
LIVE_ONLY_KEY = Refusal("EGW02004", "실전투자 TR 이 아닙니다.", "1", 500)
MOCK_ONLY_KEY = Refusal("EGW02006", "모의투자 TR 이 아닙니다.", "1", 500)
NO_SUCH_SERVICE = Refusal("OPSQ0002", "없는 서비스 코드 입니다.", "7")

NO_CASH = Refusal("APBK0952", "주문가능금액을 초과 했습니다")
UNKNOWN_SYMBOL = Refusal("APBK0656", "해당종목정보가 없습니다.")
NO_PRICE = Refusal("APBK1234", "주문단가를 입력하여 주십시오.")
NO_QUANTITY = Refusal("APBK1235", "주문 수량을 확인해주세요.")  # this number is ours
UNKNOWN_KIND = Refusal("APBK1236", "주문구분을 확인하여 주십시오.")  # this number is ours
WRONG_EXCHANGE = Refusal("APBK1237", "거래소구분을 확인하여 주십시오.")  # this number is ours

_BY_VENUE = {
    "off_tick": (Refusal("APBK0506", "주식주문호가단위 오류입니다."),
                 Refusal("40030000", "모의투자 주문처리가 안되었습니다(호가단위 오류)", "1")),
    "beyond_limit": (Refusal("APBK0507", "상하한가 범위를 벗어난 주문단가입니다."),  # these numbers are ours
                     Refusal("40040000", "모의투자 주문처리가 안되었습니다(상하한가 오류)", "1")),
    "closed": (Refusal("APBK0918", "장운영시간이 아닙니다.", "1"),
               Refusal("40580000", "모의투자 장종료 입니다.", "1")),
    "no_business_day": (Refusal("APBK0919", "장운영일자가 주문일과 상이합니다", "1"),
                        Refusal("40100000", "모의투자 영업일이 아닙니다.", "1")),
    "too_many_to_sell": (Refusal("APBK0400", "주문 가능한 수량을 초과했습니다."),
                         Refusal("APBK0400", "주문 가능한 수량을 초과했습니다.")),
    "nothing_held": (Refusal("APBK0400", "주문 가능한 수량을 초과했습니다."),
                     Refusal("40240000", "모의투자 잔고내역이 없습니다.", "1")),
    "nothing_to_change": (Refusal("APBK0344", "정정/취소할 수량이 없습니다."),
                          Refusal("40330000", "모의투자 정정/취소할 수량이 없습니다.", "1")),
}  # fmt: skip


def of_order(word: str, is_mock: bool) -> Refused:
    """A refusal of an order, as the live or the mock venue gives it."""
    return Refused(_BY_VENUE[word][is_mock])


def missing_field(name: str) -> Refused:
    """A query or body without a field that the service needs."""
    return Refused(Refusal("OPSQ2001", f"ERROR : INPUT FIELD NOT FOUND [{name}]", "2"))
