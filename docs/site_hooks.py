"""What mkdocs does beside its own for the site of the documents.

The pages of docs/ link to files of the project that lie elsewhere: other pages, such as
SECURITY.md, and files to copy. Those become part of the site, under `project/`, and links are
turned to them, so that one text is right on a code host and on the site.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PROJECT = Path(__file__).resolve().parent.parent
PAGES = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "systemd/README.md",
)
ICON = "xucd/web/static/icon.svg"
# A link or picture within the project: its text, where it leads, and where on that page.
LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def placed(path: str) -> str:
    """Where a file of the project, by its path there, is in the site."""
    return path.removeprefix("docs/") if path.startswith("docs/") else f"project/{path}"


def turned(markdown: str, path: str) -> str:
    """A page's text with its links as they are in the site; `path` is the page's in the project."""

    def turn(link: re.Match[str]) -> str:
        text, target, anchor = link.groups(default="")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if (PROJECT / target).is_dir():
            return text  # a code host shows a folder; the site has none
        start = posixpath.dirname(placed(path)) or "."
        return f"[{text}]({posixpath.relpath(placed(target), start)}{anchor})"

    return LINK.sub(turn, markdown)


def linked_files() -> set[str]:
    """The project's files, other than pages of the site, to which one of its pages links."""
    pages = [PROJECT / path for path in PAGES] + sorted((PROJECT / "docs").rglob("*.md"))
    found = set()
    for page in pages:
        for link in LINK.finditer(page.read_text(encoding="utf-8")):
            target = (page.parent / link[2]).resolve()
            if target.is_file() and target.suffix != ".md":
                found.add(target.relative_to(PROJECT).as_posix())
    return {path for path in found if not path.startswith("docs/")}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files from outside of docs/."""
    for path in (*PAGES, ICON, *sorted(linked_files())):
        source = PROJECT / path
        files.append(File.generated(config, placed(path), abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn the page's links."""
    source = page.file.abs_src_path
    assert source is not None
    return turned(markdown, Path(source).resolve().relative_to(PROJECT).as_posix())
