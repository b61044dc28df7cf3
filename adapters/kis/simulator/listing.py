"""The shares that are listed here: some of KRX's largest, one ETF and one of KOSDAQ, with prices to begin at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ruleengine.model.ticks import TickTable, daily_limits, tick_at

_FIXED = Decimal(1)  # what a table without bands would use; both tables here have bands
_LIMIT = Decimal("0.3")


@dataclass(frozen=True, slots=True)
class Listed:
    """One share. `price`: won, where its market begins. `shares`: how many there are."""

    symbol: str
    name: str
    english: str
    code: str
    market: str
    sector: str
    price: int
    shares: int
    ticks: TickTable = "krx_stock"

    def tick(self, price: int) -> int:
        """The price step at a price, in won."""
        return int(tick_at(self.ticks, _FIXED, Decimal(price)))

    def limits(self, base: int) -> tuple[int, int]:
        """(lowest, highest) price of a day with this base price, in won: 30 % each way."""
        low, high = daily_limits(Decimal(base), _LIMIT, self.ticks, _FIXED)
        return int(low), int(high)

    def floor(self, price: int) -> int:
        """The price on the grid at or below a price."""
        return price - price % self.tick(price)

    def above(self, price: int) -> int:
        """The next price of the grid above one that is on it."""
        return price + self.tick(price)

    def below(self, price: int) -> int:
        """The next price of the grid below one that is on it; never less than one step."""
        return max(price - self.tick(price - 1), self.tick(1))


_SHARES = (
    Listed("005930", "삼성전자", "SamsungElec", "KR7005930003", "KOSPI", "전기·전자", 71_800, 5_969_782_550),
    Listed("000660", "SK하이닉스", "SK hynix", "KR7000660001", "KOSPI", "전기·전자", 187_500, 728_002_365),
    Listed(
        "373220", "LG에너지솔루션", "LG Energy Solution", "KR7373220003", "KOSPI", "전기·전자", 352_500, 234_000_000
    ),
    Listed("207940", "삼성바이오로직스", "Samsung Biologics", "KR7207940008", "KOSPI", "제약", 1_012_000, 71_174_000),
    Listed("005380", "현대차", "Hyundai Motor", "KR7005380001", "KOSPI", "운송장비·부품", 214_500, 209_416_191),
    Listed("035420", "NAVER", "NAVER", "KR7035420009", "KOSPI", "IT 서비스", 193_600, 158_437_008),
    Listed("064260", "다날", "Danal", "KR7064260003", "KOSDAQ", "IT 서비스", 6_520, 68_900_000),
    Listed("032820", "우리기술", "Woori Technology", "KR7032820003", "KOSDAQ", "일반전기전자", 3_100, 165_000_000),
    Listed("035720", "카카오", "Kakao", "KR7035720002", "KOSPI", "IT 서비스", 42_150, 443_670_237),
    Listed("105560", "KB금융", "KB Financial Group", "KR7105560007", "KOSPI", "금융", 83_400, 393_528_423),
    Listed("068270", "셀트리온", "Celltrion", "KR7068270008", "KOSPI", "제약", 178_900, 217_000_000),
    Listed("009150", "삼성전기", "SEMCO", "KR7009150004", "KOSPI", "전기·전자", 135_400, 74_693_696),
    Listed("047040", "대우건설", "Daewoo E&C", "KR7047040001", "KOSPI", "건설", 3_640, 415_622_638),
    Listed("069500", "KODEX 200", "KODEX 200", "KR7069500007", "KOSPI", "ETF", 36_405, 165_000_000, "krx_etf"),
    Listed("247540", "에코프로비엠", "ECOPRO BM", "KR7247540008", "KOSDAQ", "전기·전자", 168_200, 97_801_344),
)


def listed(shares: Iterable[Listed] = _SHARES) -> Mapping[str, Listed]:
    """The listed shares by symbol."""
    return {each.symbol: each for each in shares}
