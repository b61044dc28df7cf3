"""The word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_DISTANCE_MAX = 2
_SUGGESTIONS_MAX = 3


def did_you_mean(word: str, candidates: Iterable[str]) -> list[str]:
    """Candidates at most two slips away (a letter added, lost, changed, or two swapped), nearest first.

    Words of up to three letters allow one slip only, or everything would resemble them; equally near candidates keep
    the order in which they were given. At most three are returned. Case counts as no slip.

    >>> did_you_mean("spraed", ["spread", "side", "mid"])
    ['spread']
    """
    slips_max = 1 if len(word) <= 3 else _DISTANCE_MAX
    near: list[tuple[int, int, str]] = []
    for order, candidate in enumerate(dict.fromkeys(candidates)):
        slips = edit_distance(word.lower(), candidate.lower(), slips_max)
        if slips <= slips_max and candidate != word:
            near.append((slips, order, candidate))
    return [candidate for _, _, candidate in sorted(near)[:_SUGGESTIONS_MAX]]


def help_line(word: str, candidates: Iterable[str], otherwise: str | None = None) -> str | None:
    """`did you mean …` for a help line, or `otherwise` where nothing is near.

    >>> help_line("sied", ["side", "size"])
    'did you mean `side` or `size`?'
    """
    near = [f"`{candidate}`" for candidate in did_you_mean(word, candidates)]
    if not near:
        return otherwise
    return f"did you mean {' or '.join(near)}?" if len(near) < 3 else f"did you mean {near[0]}, {near[1]} or {near[2]}?"


def edit_distance(left: str, right: str, limit: int = _DISTANCE_MAX) -> int:
    """Damerau's distance, with each place edited once; `limit + 1` stands for anything farther.

    >>> edit_distance("ab", "ba"), edit_distance("abcdef", "uvwxyz")
    (1, 3)
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before_last[j - 2] + 1)
            row.append(best)
        if min(row) > limit:
            return limit + 1
        before_last, last = last, row
    return min(last[-1], limit + 1)
