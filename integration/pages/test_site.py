"""The site of the documents: it builds strictly, asks no other host, and can be searched."""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.async_api import Browser

import xucd
from integration.pages.browsers import complaints_of

PROJECT = Path(__file__).resolve().parents[2]


def build(folder: Path) -> str:
    """Build the site into a folder, by the command of `make docs`; what it printed."""
    ran = subprocess.run(
        [sys.executable, "docs/build_site.py", folder], cwd=PROJECT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site of this version, beside one of an older version that was built before."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "0.0.9").mkdir()
    (folder / "0.0.9/index.html").write_text("older")
    build(folder)
    yield folder


def test_each_page_is_in_the_site_and_the_first_is_the_five_minute_road(site: Path) -> None:
    folder = site / xucd.__version__
    for page in (PROJECT / "docs").rglob("*.md"):
        name = page.relative_to(PROJECT / "docs").with_suffix(".html").as_posix()
        name = re.sub(r"(^|/)README\.html$", r"\1index.html", name)
        assert (folder / name).exists(), name
    assert "<h1" in (first := (folder / "index.html").read_text())
    assert "xucd setup" in first


def test_readers_choose_among_the_versions_that_were_built(site: Path) -> None:
    versions = json.loads((site / "versions.json").read_text())
    assert [(each["version"], each["aliases"]) for each in versions] == [
        (xucd.__version__, ["latest"]),
        ("0.0.9", []),
    ]
    assert f"url={xucd.__version__}/index.html" in (site / "index.html").read_text()


def test_no_page_names_another_host_but_in_links(site: Path) -> None:
    fetched = re.compile(
        r"""<(?:script|img|iframe|link(?! rel="canonical"))[^>]*(?:src|href)="?(https?:)?//"""
    )
    for page in (site / xucd.__version__).rglob("*.html"):
        assert not fetched.search(page.read_text(encoding="utf-8")), page


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The address of a web server that serves the site."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: the test says what went wrong."""

        def do_GET(self) -> None:
            # A browser that is slow enough asks for an icon of the page that only leads on.
            if self.path == "/favicon.ico":
                self.send_response(HTTPStatus.NO_CONTENT)
                self.end_headers()
                return
            super().do_GET()

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(site))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_browser_searches_the_site_and_asks_no_other_host(
    served: str, browser: Browser
) -> None:
    page = await browser.new_page()
    complaints = complaints_of(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answers: list[tuple[int, str]] = []
    page.on("response", lambda answer: answers.append((answer.status, answer.url)))
    await page.goto(served)
    await page.get_by_role("heading", name="The first five minutes").wait_for()
    await page.get_by_role("textbox", name="Search").fill("AddQueueMember")
    found = page.locator("a.md-search-result__link")
    await found.filter(has_text="Migrating from the dialplan").first.click()
    await page.get_by_role("heading", name="Migrating from the dialplan").wait_for()
    await page.get_by_role("button", name="Select version").wait_for()
    await page.goto(f"{served}{xucd.__version__}/agents.html")
    await page.get_by_role("heading", name="The agent's life").first.wait_for()
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
    assert [url for status, url in answers if status >= HTTPStatus.BAD_REQUEST] == []
    assert complaints == []
    await page.close()
