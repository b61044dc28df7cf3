"""How much a file may hold: the loader contract in figures.

Each limit is checked before or while the work is done that it bounds, never after.
"""

from typing import Final

FILE_BYTES_MAX: Final = 256 * 1024
SET_BYTES_MAX: Final = 2 * 1024 * 1024
DEPTH_MAX: Final = 32
NODES_MAX: Final = 20_000
ALIASES_MAX: Final = 100
EXPANSION_RATIO_MAX: Final = 10
"""Length of the text with every alias written out, as a multiple of the text."""

FINDINGS_MAX: Final = 50
"""Findings of one kind reported for a file; a damaged file has thousands, and nobody reads them."""

FINDINGS_OF_FILE_MAX: Final = 200
"""Findings reported for one file in all; the first ones by place."""

DIGITS_MAX: Final = 40
SECTIONS_SKIPPED_MAX: Final = 5
"""Broken top-level sections set aside so that faults in the others are found in the same run."""
