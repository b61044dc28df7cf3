"""OANDA v20: netting and hedging accounts over REST and two streams of lines."""

from adapters.oanda.adapter import OandaAdapter

__all__ = ["OandaAdapter", "adapter"]

adapter = OandaAdapter()
