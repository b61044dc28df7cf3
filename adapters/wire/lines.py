"""Bodies that never end, one message a line. Chunks are not lines: a line may span chunks, a chunk may hold several."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ruleengine.ports.venue import VenueError

LINE_MAX = 1 << 20


async def split_lines(chunks: AsyncIterator[bytes], limit: int = LINE_MAX) -> AsyncIterator[bytes]:
    """Whole lines without their end, empty ones left out. What stands behind the last line end when the body ends is
    no whole message and is dropped. Raises VenueError for a line above `limit` bytes."""
    begun = bytearray()
    async for chunk in chunks:
        begun += chunk
        *whole, rest = begun.split(b"\n") if b"\n" in chunk else (begun,)
        begun = bytearray(rest)
        if len(begun) > limit or any(len(line) > limit for line in whole):
            raise VenueError(f"a line of the stream is above {limit} bytes", code="line_too_long")
        for line in whole:
            text = bytes(line).strip()
            if text:
                yield text
