"""Writes the table of reliability.md: what was tried against xucd, how often, what was lost.

The figures are those that tests leave with ``--proofs FOLDER``, which `make soak` gives them: see
`tests/plugin_proofs.py`. A row of a test that has not run again stays as it is; one of a test that
exists no more goes. Run it after a soak: `python docs/draw_reliability.py .proofs`.
"""

import json
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGE = Path(__file__).with_name("reliability.md")
BEGIN, END = "<!-- drawn: proofs -->\n", "<!-- end: proofs -->\n"
HEAD = "| What was tried | How often | What was lost | Shown by |\n| --- | ---: | --- | --- |\n"

Row = tuple[str, str, str, str]


def main(folder: Path) -> None:
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    old, after = rest.split(END)
    fresh = [row for file in sorted(folder.glob("*.json")) for row in _rows(file)]
    again = {row[3] for row in fresh}
    rows = [row for row in _parsed(old) if row[3] not in again and _exists(row[3])] + fresh
    lines = "".join(f"| {' | '.join(row)} |\n" for row in sorted(rows))
    PAGE.write_text(before + BEGIN + HEAD + lines + END + after, encoding="utf-8")


def _rows(file: Path) -> list[Row]:
    """The rows of one test's figures. Digits are grouped by threes."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return [
        (
            row["tried"],
            f"{row['times']:,}",
            row["lost"] + f" ({row['note']})" * bool(row["note"]),
            f"`{content['test']}`",
        )
        for row in content["rows"]
    ]


def _parsed(table: str) -> list[Row]:
    lines = [line.strip("| \n").split(" | ") for line in table.splitlines()[2:]]
    return [(tried, times, lost, test) for tried, times, lost, test in lines]


def _exists(test: str) -> bool:
    """Whether the test of a row is still there."""
    file, _, name = test.strip("`").partition("::")
    path, name = PROJECT / file, re.sub(r"\[.*", "", name).rpartition("::")[2]
    return path.is_file() and f"def {name}(" in path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
