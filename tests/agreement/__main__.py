"""`python -m tests.agreement --pairs 1000000`: as many pairs of expression and state as wanted, over several processes.

Prints what was covered, and every disagreement with the seed that makes it again. Exit 1 where there is one.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.agreement.campaign import Coverage, run
from tests.agreement.required import missing


def share(seed: int, pairs: int) -> tuple[Coverage, list[str]]:
    """One process's part; disagreements as text, since a state is not worth sending."""
    coverage = Coverage()
    return coverage, [str(each) for each in run(seed, pairs, coverage)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.agreement", description="Compare the backends at length.")
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1_000, help="the first seed; each share of 20,000 pairs takes one")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    shares = max(1, -(-options.pairs // 20_000))
    total, different = Coverage(), list[str]()
    with ProcessPoolExecutor(options.workers) as pool:
        parts = pool.map(share, range(options.seed, options.seed + shares), [options.pairs // shares + 1] * shares)
        for coverage, found in parts:
            total.add(coverage)
            different += found
            print(f"{total.pairs:>12,} pairs, {len(different)} disagreements", file=sys.stderr, flush=True)
    print(f"{total.pairs:,} pairs, {len(different)} disagreements, {total.ill_conditioned} ill-conditioned values")
    print(f"results: {dict(total.results.most_common())}")
    print(f"not covered: {missing(total) or 'nothing'}")
    print("\n".join(different[:50]))
    return 1 if different or missing(total) else 0


if __name__ == "__main__":
    sys.exit(main())
