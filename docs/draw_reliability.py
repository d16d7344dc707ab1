"""Writes the table of reliability.md: what was tried against xucd, how often, what was lost.

The figures are those that tests leave with ``--proofs FOLDER``, which `make soak` gives them: see
`tests/plugin_proofs.py`. A row of a test that has not run again stays as it is, with the commit and
the day of its run; one of a test that leaves figures no more goes. Run it after a soak:
`python docs/draw_reliability.py .proofs`.
"""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parent.parent
PAGE = Path(__file__).with_name("reliability.md")
BEGIN, END = "<!-- drawn: proofs -->\n", "<!-- end: proofs -->\n"
HEAD = (
    "| What was tried | How often | What was lost | Shown by | Run of |\n"
    "| --- | ---: | --- | --- | --- |\n"
)


class Row(NamedTuple):
    """A row as it stands in the page; `run` is a commit and a day, if they are known."""

    tried: str
    times: str
    lost: str
    test: str
    run: str = "–"


def main(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    fresh = [row for file in sorted(folder.glob("*.json")) for row in of_file(file)]
    PAGE.write_text(drawn(page, fresh), encoding="utf-8")


def drawn(page: str, fresh: list[Row]) -> str:
    """The page with these rows in the place of those of the same tests."""
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    again = {row.test for row in fresh}
    kept = [row for row in parsed(old) if row.test not in again and leaves_figures(row.test)]
    rows = sorted(kept + fresh, key=lambda row: (row.tried, row.test))
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return before + BEGIN + HEAD + lines + END + after


def of_file(file: Path) -> list[Row]:
    """The rows of one test's figures. Digits are grouped by threes."""
    content = json.loads(file.read_text(encoding="utf-8"))
    commit = f"`{content['commit']}`, " if content["commit"] else ""
    return [
        Row(
            row["tried"],
            f"{row['times']:,}",
            row["lost"] + f" ({row['note']})" * bool(row["note"]),
            f"`{content['test']}`",
            commit + content["date"],
        )
        for row in content["rows"]
    ]


def parsed(table: str) -> list[Row]:
    """The rows of a table, also of one from before runs were named."""
    return [Row(*line.strip("| \n").split(" | ")) for line in table.splitlines()[2:]]


def leaves_figures(test: str) -> bool:
    """Whether the test of a row is still there, and uses `proof`."""
    file, _, name = test.strip("`").partition("::")
    path, name = PROJECT / file, re.sub(r"\[.*", "", name).rpartition("::")[2]
    if not path.is_file():
        return False
    head = re.search(rf"def {name}\(([^)]*)\)", path.read_text(encoding="utf-8"))
    return head is not None and "proof: Proof" in head[1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
