"""All benchmarks, one after the other: printed, and written to `bench.json`."""

import argparse
import json
from pathlib import Path

from bench import board, events, fanout, wrapup

OUTPUT = Path("bench.json")
PARTS = {"events": events, "fanout": fanout, "board": board, "wrapup": wrapup}


def main() -> None:
    """Run everything."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = {}
    for name, part in PARTS.items():
        found[name] = part.measure()
        part.show(found[name])
    OUTPUT.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {OUTPUT}")


if __name__ == "__main__":
    main()
