"""A venue with no network: account, fills and a seeded market."""

from adapters.paper.adapter import PaperAdapter

__all__ = ["PaperAdapter", "adapter"]

adapter = PaperAdapter()
