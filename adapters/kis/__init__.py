"""KIS (한국투자증권): Korean shares of a cash account, live or mock, over its Open API."""

from adapters.kis.adapter import KisAdapter

__all__ = ["KisAdapter", "adapter"]

adapter = KisAdapter()
