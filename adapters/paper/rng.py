"""Seeded randomness whose whole state is one integer, so that a restored venue goes on to the bit.

SplitMix64 (Steele, Lea, Flood 2014): integer arithmetic only, alike on every Python and machine.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


class SplitMix64:
    """A stream of numbers; `state` is all of it.

    >>> [SplitMix64(0).next_u64() for _ in range(1)] == [0xE220A8397B1DCDAF]
    True
    """

    __slots__ = ("state",)

    def __init__(self, seed: int) -> None:
        self.state = seed & _MASK

    def next_u64(self) -> int:
        self.state = (self.state + _GAMMA) & _MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def unit(self) -> float:
        """Uniform in [0, 1)."""
        return (self.next_u64() >> 11) * 2.0**-53

    def below(self, n: int) -> int:
        """Uniform in 0 … n − 1; 0 where n is not above 1."""
        return self.next_u64() % n if n > 1 else 0
