"""A real provider of OpenID Connect (node-oidc-provider), and a browser without a window for it."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import subprocess
import threading
from typing import NamedTuple, Self, TextIO
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import (
    HTTPCookieProcessor,
    HTTPRedirectHandler,
    Request,
    build_opener,
)

from integration.ports import free_port
from tests.conftest import PROJECT

SECRET = "a secret+of/xucd"
DEADLINE = 30.0
MAX_REDIRECTS = 20


class OidcProvider:
    """The provider's process, for an xucd at `xucd`. Use it as a context manager."""

    def __init__(self, xucd: str) -> None:
        self.port = free_port()
        self._xucd = xucd
        self._process: subprocess.Popen[str] | None = None
        self._groups: dict[str, list[str]] = {}

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, key: str = "first") -> None:
        """Start it, with a new key of that name; returns when it listens."""
        settings = json.dumps({"port": self.port, "xucd": self._xucd, "key": key})
        # It ends with the tests even when they are killed.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "node", "tests/js/oidc-provider.mjs", settings],
            cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if line == "listening\n":
                break
        else:
            raise AssertionError("".join(said))
        threading.Thread(target=self._echo, args=(self._process.stdout,), daemon=True).start()
        for login, groups in self._groups.items():
            self.put(login, *groups)

    def _echo(self, said: TextIO) -> None:
        for line in said:
            print("provider:", line, end="")

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(DEADLINE)

    def put(self, login: str, *groups: str) -> None:
        """Say of which groups somebody is."""
        self._groups[login] = list(groups)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        connection.request("PUT", f"/people/{login}", json.dumps({"groups": groups}))
        assert connection.getresponse().status == 204
        connection.close()


class Answered(NamedTuple):
    """An answer, and where it led."""

    status: int
    location: str
    body: str


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class Browser:
    """Cookies, redirects that are followed on purpose, and the forms of the provider's pages."""

    def __init__(self) -> None:
        self._cookies = http.cookiejar.CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies), _Stay())

    def twin(self) -> Browser:
        """Another browser that has all cookies of this one, as of now."""
        twin = Browser()
        for cookie in self._cookies:
            twin._cookies.set_cookie(cookie)
        return twin

    def get(self, url: str, form: dict[str, str] | None = None) -> Answered:
        """One request, a form if there is one; no redirect is followed."""
        return self._open(Request(url, None if form is None else urlencode(form).encode()))

    def _open(self, request: Request) -> Answered:
        url = request.full_url
        try:
            answer = self._opener.open(request, timeout=DEADLINE)
        except HTTPError as error:
            answer = error
        with answer:
            location = urljoin(url, answer.headers.get("Location", ""))
            return Answered(answer.status, location, answer.read().decode())

    def post(self, url: str, body: object) -> Answered:
        """One request with JSON, as a page makes it."""
        return self._open(Request(url, json.dumps(body).encode()))

    def follow(self, url: str, stop: str, form: dict[str, str] | None = None) -> Answered:
        """Follow redirects until one leads to an address that begins with `stop`, or to none."""
        for _ in range(MAX_REDIRECTS):
            answer = self.get(url, form)
            if answer.status not in (302, 303) or answer.location.startswith(stop):
                return answer
            url, form = answer.location, None
        raise AssertionError(f"redirected without end: {url}")

    def sign_in(self, xucd: str, login: str, page: str = "/desk") -> str:
        """Sign in at the provider from a page of xucd's; returns the callback's address."""
        callback = f"{xucd}/signin/oidc/callback"
        asked = self.follow(f"{xucd}/signin/oidc?page={page}", callback)
        if asked.location.startswith(callback):  # the provider knows this browser
            return asked.location
        action = _action(asked.body)
        form = {"prompt": "login", "login": login, "password": "any"}
        return self.follow(action, callback, form).location


def _action(page: str) -> str:
    """Where the form of a page is sent."""
    found = re.search(r'action="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def sign_out_form(page: str) -> tuple[str, dict[str, str]]:
    """Where the provider's question whether to sign out is sent, and with what."""
    secret = re.search(r'name="xsrf" value="([^"]+)"', page)
    assert secret is not None, page
    return _action(page), {"xsrf": secret[1], "logout": "yes"}
