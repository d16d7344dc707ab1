"""Writes speed.md from `bench.json`: what was measured, its limit, and why the rest is where it is.

`make bench` runs it. The same record gives the same bytes.
"""

import json
from pathlib import Path
from typing import Any

from bench.explained import ITEMS

PROJECT = Path(__file__).parent.parent
RECORD = PROJECT / "bench.json"
PAGE = Path(__file__).with_name("speed.md")
HEAD = """# Speed

How fast xucd is, beside the least that the machine itself needs, and beside what one would use
instead. `make bench` measures it on real sockets: what is measured runs alone on one core, all
that drives it on another. Two sides that are compared take turns, and their ratio is taken round
by round. Figures are of the machine that each item names; ratios say more of other machines, but
are worse on a processor on which Python takes longer beside compiled programs, such as Asterisk. A
figure is a median, with its quartiles. `make bench-calls` and `make bench-pages` measure what takes
longer, and `make bench-quick` says in a minute whether a ratio has fallen. A script writes this
page from `bench.json`.
"""
_MET = {True: "met", False: "**missed**", None: ""}
_TABLE = "| | figure | quartiles | limit | |\n| --- | ---: | ---: | ---: | --- |\n"


def main() -> None:
    PAGE.write_text(page(json.loads(RECORD.read_text(encoding="utf-8"))), encoding="utf-8")


def page(record: dict[str, Any]) -> str:
    """The whole page of a record: first all that has a limit, then each item."""
    items = {name: item for name, item in ITEMS.items() if name in record}
    limits = [
        {**row, "what": f"[{item.title}](#{_anchor(item.title)}): {row['what']}"}
        for name, item in items.items()
        for row in record[name]["figures"]
        if row["limit"] is not None
    ]
    met = sum(bool(row["met"]) for row in limits)
    parts = [
        HEAD,
        f"\n## Limits\n\n{met} of {len(limits)} are met.\n\n{_TABLE}",
        *map(_row, limits),
    ]
    for name, item in items.items():
        run = record[name]["run"]
        commit = f", `{run['commit']}`" if run["commit"] else ""
        parts += [
            f"\n## {item.title}\n\n{item.what}\n\n{_TABLE}",
            *map(_row, record[name]["figures"]),
            f"\n{item.why}\n\n"
            f"{run['date']}{commit}: {run['processor']}, {run['cores']} cores, Linux "
            f"{run['kernel']}, Python {run['python']}; load {run['load']:g} before the run.\n",
        ]
    return "".join(parts)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _row(row: dict[str, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    spread = "" if row["low"] is None else f"{_number(row['low'])} to {_number(row['high'])}"
    limit = f"{row['bound']} {row['limit']:,g}" if row["limit"] is not None else ""
    figure = f"{_number(row['value'])}{unit}"
    return f"| {row['what']} | {figure} | {spread} | {limit} | {_MET[row['met']]} |\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,g}"


if __name__ == "__main__":
    main()
