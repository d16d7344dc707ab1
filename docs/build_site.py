"""Builds the site of the documents: `python docs/build_site.py [FOLDER]`, build/site unless given.

The site of this version is in a folder named by it, beside those of the versions that were built
there before; the page lets a reader choose among them. Nothing of it is committed.
"""

import json
import logging
import os
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

import xucd

os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # of the theme, about mkdocs' future
PROJECT = Path(__file__).resolve().parent.parent
ENTRY = """<!doctype html>
<meta charset="utf-8">
<title>xucd</title>
<meta http-equiv="refresh" content="0; url={version}/index.html">
<a href="{version}/index.html">The documents of xucd {version}</a>
"""


def build_site(folder: Path, version: str = xucd.__version__) -> Path:
    """Build this version's site into a folder for all of them; returns its own folder.

    Raises:
        mkdocs.exceptions.Abort: a page has a link that leads nowhere, or is in no menu.
    """
    site = folder / version
    config = load_config(str(PROJECT / "mkdocs.yml"), site_dir=str(site), strict=True)
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()
    versions = sorted(
        (page.parent.name for page in folder.glob("*/index.html")), key=_rank, reverse=True
    )
    entries = [
        {"version": each, "title": each, "aliases": ["latest"] if each == versions[0] else []}
        for each in versions
    ]
    (folder / "versions.json").write_text(json.dumps(entries), encoding="utf-8")
    (folder / "index.html").write_text(ENTRY.format(version=versions[0]), encoding="utf-8")
    return site


def _rank(version: str) -> list[tuple[bool, int, str]]:
    """Sorts 0.10.0 after 0.9.0."""
    parts = version.split(".")
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "build/site"
    build_site(target)
    print(f"the documents are in {target}: python3 -m http.server -b 127.0.0.1 -d {target} 8000")
