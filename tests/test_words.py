"""The texts of the pages: each is there in both languages, and each is used somewhere."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from xucd.center.callee import KEYS
from xucd.cti.schema.tables import STATES

STATIC = Path(__file__).parent.parent / "xucd/web/static"
TABLES = sorted((STATIC / "js/words").glob("*.js"))
# A page's words may be said by its own page alone, the shared ones by any.
PAGES = {name: [f"{name}.html", f"js/{name}"] for name in ("desk", "board", "explorer")}
KEY = r"[a-zA-Z][\w.-]*"


def rows(table: Path) -> dict[str, list[str]]:
    """A table's rows, as Node reads them."""
    script = f"import words from {json.dumps(table.as_uri())};console.log(JSON.stringify(words))"
    node = ["node", "--input-type=module", "--no-warnings", "-e", script]
    printed = subprocess.run(node, check=True, capture_output=True, text=True).stdout
    table_rows: dict[str, list[str]] = json.loads(printed)
    return table_rows


def sources(*places: str) -> str:
    """All HTML and JavaScript below these places, as one text."""
    files: list[Path] = []
    for place in places:
        path = STATIC / place
        files += sorted(path.rglob("*.js")) if path.is_dir() else [path]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_every_row_has_both_languages_with_the_same_blanks(table: Path) -> None:
    for key, row in rows(table).items():
        assert len(row) == 2, key
        assert all(words.strip() for words in row), key
        blanks = [sorted(set(re.findall(r"\{(\w+)\}", words))) for words in row]
        assert blanks[0] == blanks[1], key


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_an_agent_has_its_words(state: str) -> None:
    known = {key for table in TABLES for key in rows(table)}
    assert {f"state.{state}", f"count.{state}.one", f"count.{state}.other"} <= known


def test_every_column_of_a_callback_is_shown_by_its_words_or_in_the_head_of_its_row() -> None:
    in_head = {"phoneNumber", "mobilePhoneNumber", "firstName", "lastName", "company"}
    named = {f"column.{key}" for key in KEYS.values() if key not in in_head}
    assert named == {key for key in rows(STATIC / "js/words/desk.js") if key.startswith("column.")}


@pytest.mark.parametrize("page", PAGES)
def test_whatever_a_page_says_is_in_its_tables(page: str) -> None:
    if not (STATIC / f"js/words/{page}.js").exists():
        pytest.fail(f"there are no words for the page {page}")
    known = set(rows(STATIC / "js/words/shared.js")) | set(rows(STATIC / f"js/words/{page}.js"))
    text = sources(*PAGES[page], "js/shared")
    said = set(re.findall(rf'\bt\(\s*"({KEY})"', text))
    said |= set(re.findall(rf'data-t(?:-[a-z-]+)?"?[=:]\s*"({KEY})"', text))
    assert said - known == set()
    counted = set(re.findall(rf'\btCount\(\s*"({KEY})"', text))
    assert {f"{key}.{form}" for key in counted for form in ("one", "other")} - known == set()


def test_no_words_are_left_that_nobody_says() -> None:
    everything = sources(*(place for places in PAGES.values() for place in places), "js/shared")
    said = set(re.findall(rf'"({KEY})"', everything))
    begun = tuple(set(re.findall(rf"`({KEY}\.)\$", everything)))
    left = [
        key
        for table in TABLES
        for key in rows(table)
        if key not in said
        and re.sub(r"\.(one|other)$", "", key) not in said
        and not key.startswith(begun)
    ]
    assert left == []
