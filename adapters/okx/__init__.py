"""OKX: perpetual swaps margined in USDT. `adapter` is what the entry point names."""

from adapters.okx.adapter import OkxAdapter

__all__ = ["OkxAdapter", "adapter"]

adapter = OkxAdapter()
