# ruff: noqa: INP001, PTH123, T201
"""Tells how far an export of the audit trail is proven, or names its first bad entry. docs/audit.md explains it."""

import argparse
import re
from hashlib import sha256


def anchor(text):
    count, head = text.split(":")
    return int(count), head.lower()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("export", metavar="FILE")
parser.add_argument("--start", type=anchor, default=(0, "0" * 64), metavar="COUNT:HEAD")
parser.add_argument("--anchor", type=anchor, default=[], action="append", metavar="COUNT:HEAD")
given = parser.parse_args()
(count, head), fits = given.start, True
with open(given.export, encoding="latin-1", newline="\n") as lines:
    while (fits := fits and all(h == head for n, h in given.anchor if n == count)) and (line := next(lines, "")):
        count, before = count + 1, head
        # A hash is over its line without the hash itself, and that includes the hash of the line before.
        found = re.fullmatch(r'(.*)"hash":"(\w{64})",(.*"number":(\d+),.*"prev":"(\w{64})",.*})\s*', line)
        left, head, right, number, prev = found.groups() if found else [""] * 5
        fits = (number, prev, head) == (str(count), before, sha256((left + right).encode("latin-1")).hexdigest())
if fits and any(n > count for n, _ in given.anchor):
    count, fits = count + 1, False
print(f"proven up to entry {count}, hash {head}" if fits else f"entry {count} is the first bad one")
raise SystemExit(not fits)
