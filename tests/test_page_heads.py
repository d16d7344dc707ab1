"""What the heads of the pages name, so that the sign-in form waits for no chain of files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parent.parent / "xucd/web/static"
PAGES = sorted(path.stem for path in STATIC.glob("*.html"))


def imported(module: str, known: set[str]) -> set[str]:
    """`known`, a module of the pages, and all those that are loaded with it."""
    if module in known:
        return known
    known.add(module)
    text = (STATIC / module).read_text()
    for path in re.findall(r'^(?:import|\}|  )[^;"*]*? from "([^"]+)";', text, re.MULTILINE):
        target = STATIC / path[1:] if path.startswith("/") else (STATIC / module).parent / path
        imported(str(target.resolve().relative_to(STATIC.resolve())), known)
    return known


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_head_names_every_module_that_its_sign_in_form_needs_and_no_other(
    page: str,
) -> None:
    head = (STATIC / f"{page}.html").read_text()
    named = re.findall(r'<link rel="modulepreload" href="/([^"]+)">', head)
    main = f"js/{page}/main.js"
    assert sorted(named) == sorted(imported(main, set()) - {main})


def test_no_style_sheet_waits_for_another() -> None:
    assert not [path.name for path in (STATIC / "css").iterdir() if "@import" in path.read_text()]
