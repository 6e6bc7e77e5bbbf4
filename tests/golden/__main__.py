"""Record golden histories anew: python -m tests.golden [name …] [--force]

A history that is decided otherwise now is recorded only when the CHANGELOG's Unreleased section says why
("- Decisions changed: <name>: <why>"), or with --force for one that has not been released yet.
"""

from __future__ import annotations

import sys

from tests.golden.histories import declared, file_of, fingerprint, first_difference, read, write
from tests.golden.sources import BANK, BANK_FINGERPRINT, RECORDED, bank_day


def main(arguments: list[str]) -> int:
    force = "--force" in arguments
    names = [name for name in arguments if name != "--force"] or [*RECORDED, "bank_day"]
    refused = 0
    for name in names:
        if name == "bank_day":
            refused += not _bank(force)
            continue
        difference = first_difference(read(name)) if file_of(name).exists() else None
        if difference is not None and declared(name) is None and not force:
            print(f"{name}: decided otherwise, and the CHANGELOG does not say why\n{difference}")
            refused += 1
            continue
        write(name, RECORDED[name]())
        print(f"{name}: {sum(1 for _ in read(name))} inputs, {file_of(name).stat().st_size:,} bytes")
    return 1 if refused else 0


def _bank(force: bool) -> bool:
    if not BANK.exists():
        print("bank_day: the folder of public data is not beside the repository; left as it is")
        return True
    found = fingerprint(bank_day())
    known = BANK_FINGERPRINT.read_text().strip() if BANK_FINGERPRINT.exists() else found
    if found != known and declared("bank_day") is None and not force:
        print("bank_day: decided otherwise, and the CHANGELOG does not say why")
        return False
    BANK_FINGERPRINT.write_text(found + "\n")
    print(f"bank_day: {found}")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
