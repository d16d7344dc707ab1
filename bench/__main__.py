"""All benchmarks, one after the other: printed, and written to `bench.json`."""

import argparse
import json
from pathlib import Path

from bench import events, fanout

OUTPUT = Path("bench.json")


def main() -> None:
    """Run everything."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = {"events": events.measure(), "fanout": fanout.measure()}
    events.show(found["events"])
    fanout.show(found["fanout"])
    OUTPUT.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {OUTPUT}")


if __name__ == "__main__":
    main()
