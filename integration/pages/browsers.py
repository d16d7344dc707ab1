"""Chromium for the tests of pages, and a server for pages of another origin than xucd's."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

DEADLINE_MS = 45_000
expect.set_options(timeout=DEADLINE_MS)

# The sandbox cannot be had by root, who runs the tests in a container; the others keep the
# browser from talking to anybody but us.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
]  # fmt: skip

# A toast disappears by itself, perhaps before a test comes to look for it.
_KEEP_TOASTS = """
window.toasts = [];
new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
  if (node instanceof Element && node.matches(".toast")) toasts.push(node.textContent);
}))).observe(document, { childList: true, subtree: true });
"""


async def keep_toasts(context: BrowserContext) -> None:
    """Let the pages of a context remember their toasts for `toast`."""
    await context.add_init_script(_KEEP_TOASTS)


async def toast(page: Page, words: str) -> None:
    """Wait until a page has shown a toast with these words."""
    await page.wait_for_function(
        "(words) => toasts.some((one) => one.includes(words))", arg=words, polling=50
    )


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The distribution's Chromium, or else the one that Playwright brings."""
    installed = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed, args=ARGUMENTS)
        yield browser
        await browser.close()


def complaints_of(page: Page) -> list[str]:
    """A list that grows by whatever the browser's console complains of on a page.

    From now on, the page's elements are waited for as long as a loaded machine takes.
    """
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None,
    )
    page.set_default_timeout(DEADLINE_MS)
    return complaints


class Elsewhere:
    """A web server of its own origin. `files` are its paths and what is served there.

    Each ``XUCD`` in the text of a page becomes `xucd`, the host and port that the page turns to.
    """

    def __init__(self, files: dict[str, Path]) -> None:
        self.xucd = ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = files.get(self.path.partition("?")[0])
                if path is None:
                    self.send_error(404)
                    return
                kind = {".html": "text/html", ".js": "text/javascript"}[path.suffix]
                body = path.read_bytes()
                if path.suffix == ".html":
                    body = body.replace(b"XUCD", outer.xucd.encode())
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the tests say what went wrong."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextlib.contextmanager
    def open(self) -> Iterator[Elsewhere]:
        """Serve, for as long as the context lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
