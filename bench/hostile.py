"""Hostile files: how long each takes to be refused, as a share of reading a whole community that is fine."""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rules.spec import load  # noqa: E402
from store.folder import read_folder  # noqa: E402
from workflows.phases import discover  # noqa: E402

LEVELS = range(ord("b"), ord("j"))
FILES = {
    "empty": b"",
    "2 MiB": b"schema: community/v1\n# " + b"x" * 2 * 1024 * 1024,
    "1 MiB of one list": b"schema: [" + b"x," * 500_000 + b"]",
    "bomb of aliases": b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c, c, b", ".join([b"*%c" % (c - 1)] * 9)) for c in LEVELS),
    "binary": bytes(range(256)) * 2_000,
    "5,000 open brackets": b"[" * 5_000,
    "20,000 slips": b"schema: sla/v1\nslas: []\n" + b"".join(b"k%d: 1\n" % n for n in range(20_000)),
}


def seconds(files: dict[str, bytes]) -> float:
    """CPU seconds of one load."""
    start = time.process_time()
    load(files, discover())
    return time.process_time() - start


def main() -> None:
    """Print a line for each file."""
    whole = seconds(read_folder(ROOT / "specs" / "auto"))
    print(f"{'a community that is fine (specs/auto)':40} {whole:8.3f} s   1.00")
    for name, content in FILES.items():
        took = seconds({"hostile.yaml": content})
        print(f"{name:40} {took:8.3f} s   {took / whole:.2f}")


if __name__ == "__main__":
    main()
