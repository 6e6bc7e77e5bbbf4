"""The validation table: `python -m tests.validation [times]`, `times` longer than the tests (default 1)."""

from __future__ import annotations

import sys

import numpy as np

from tests.validation.centres import ERLANG_A, ERLANG_C, N_MODEL, W3_MODEL, wallace_whitt
from tests.validation.measured import measure, size_of

SEED = 1


def main(times: int) -> None:
    print("| centre | figure | theory | found | away | customers |\n|---|---|---:|---:|---:|---:|")
    for centre in (*ERLANG_A, ERLANG_C, N_MODEL, W3_MODEL, wallace_whitt(6)):
        longer = times * (40 if centre.name in ("Erlang-C, 50 agents", "Wallace–Whitt, 6 of 6 skills") else 1)
        size = size_of(centre, longer)
        found = measure(centre, np.random.default_rng(SEED), size)
        counted = size.paths * (size.customers - size.warm_up) * size.batches
        for figure, expected in centre.answers.items():
            if figure in found:
                value = found[figure]
                print(
                    f"| {centre.name} | {figure} | {expected:.5f} | {value.mean:.5f} ± {value.error:.5f} "
                    f"| {100 * (value.mean / expected - 1):+.2f} % | {counted:,} |",
                    flush=True,
                )
    pooled = measure(wallace_whitt(6), np.random.default_rng(2))["wait"].mean
    for skills in (1, 2):
        ratio = measure(wallace_whitt(skills), np.random.default_rng(2))["wait"].mean / pooled
        print(
            f"| Wallace–Whitt, {skills} of 6 skills | wait ÷ pooled | {'5.4' if skills == 1 else '≤ 1.3'} | {ratio:.2f} | | |"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
