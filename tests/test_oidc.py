"""Signing in by OpenID Connect: a real provider, and a real xucd of its own."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from integration.client import http
from integration.pages.browsers import chromium, complaints_of
from tests.lone_xucd import LoneXucd
from tests.oidc_provider import SECRET, Browser, OidcProvider, sign_out_form
from tests.ws_client import Client
from xucd.center.audit import Kind
from xucd.cti.link import SIGNED_OUT
from xucd.signin.passwords import hash_password
from xucd.store import audit
from xucd.store.audit import AuditSearch
from xucd.web.oidc_routes import MAX_FAILURES

AUTH = "/xuc/api/2.0/auth"


class Centre(NamedTuple):
    """An xucd and its provider."""

    xucd: LoneXucd
    provider: OidcProvider

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.xucd.port}"

    async def come_back(
        self, login: str, page: str = "/desk", browser: Browser | None = None
    ) -> str:
        """Sign in at the provider; returns where xucd sends the browser then, without its host."""
        browser = browser or Browser()

        def run() -> str:
            callback = browser.sign_in(self.url, login, page)
            return browser.get(callback).location.removeprefix(self.url)

        return await asyncio.to_thread(run)

    async def ask(self, path: str, body: object = None, token: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await asyncio.to_thread(http, self.xucd.port, path, body, headers)

    async def take(self, browser: Browser, code: str) -> tuple[int, Any]:
        """What a page is answered to a code."""
        url = f"{self.url}{AUTH}/oidc"
        answer = await asyncio.to_thread(browser.post, url, {"code": code})
        return answer.status, json.loads(answer.body)

    async def token(self, login: str, browser: Browser | None = None) -> str:
        """Sign in; returns xucd's token."""
        browser = browser or Browser()
        location = await self.come_back(login, browser=browser)
        status, answer = await self.take(browser, location.removeprefix("/desk#signed-in="))
        assert status == 200, answer
        return str(answer["token"])

    async def profile(self, token: str) -> str:
        """The profile that a new link of a sign-in is told."""
        client = await Client.connect(self.xucd.port, f"/xuc/api/2.0/cti?token={token}")
        async with client:
            while (told := await client.hear())["msgType"] != "RightProfile":
                pass
        return str(told["ctiMessage"]["profile"])

    async def entries(self, kind: Kind) -> list[Any]:
        """The audit trail's entries of a kind, the newest first."""
        store = self.xucd.store()
        search = AuditSearch(kind=kind, newest_first=True)
        found = await asyncio.to_thread(audit.read, store, search)
        store.close()
        return [entry.entry for entry in found]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    folder = tmp_path_factory.mktemp("oidc")
    xucd = LoneXucd(folder)
    with (
        pytest.MonkeyPatch.context() as patch,
        OidcProvider(f"http://127.0.0.1:{xucd.port}") as provider,
    ):
        for name, value in {
            "XUCD_WEB_PUBLIC_URL": f"http://127.0.0.1:{xucd.port}",
            "XUCD_OIDC_ISSUER": provider.issuer,
            "XUCD_OIDC_SECRET": SECRET,
            "XUCD_OIDC_NAME": "Our people",
        }.items():
            patch.setenv(name, value)
        grants = (
            '[[oidc.grants]]\ngroup = "cc-supervisors"\nprofile = "Supervisor"\n'
            'rights = ["recording"]\nqueues = ["sales", "gone"]\n'
            '[[oidc.grants]]\ngroup = "cc-admins"\nprofile = "Admin"\n'
        )
        xucd.file.write_text(xucd.file.read_text() + grants)
        async with xucd:
            yield Centre(xucd, provider)


async def test_a_page_is_told_how_to_sign_in(centre: Centre) -> None:
    status, told = await centre.ask(f"{AUTH}/methods")
    assert status == 200
    assert told == {"oidc": {"name": "Our people", "start": "/signin/oidc"}}


async def test_a_user_signs_in_and_gets_the_profile_of_its_groups_until_it_leaves_them(
    centre: Centre,
) -> None:
    centre.provider.put("bruce", "cc-supervisors", "others")
    token = await centre.token("bruce")
    assert await centre.profile(token) == "Supervisor"
    signed_in = (await centre.entries(Kind.SIGN_IN))[0]
    assert (signed_in.actor.login, signed_in.detail, signed_in.outcome) == (
        "bruce", {"method": "oidc"}, "ok",
    )  # fmt: skip
    given = (await centre.entries(Kind.SET_PROFILE))[0]
    assert given.actor.login == "bruce"
    assert given.detail["after"]["profile"] == "Supervisor"
    # Both groups: the higher one counts.
    centre.provider.put("bruce", "cc-supervisors", "cc-admins")
    assert await centre.profile(await centre.token("bruce")) == "Admin"
    centre.provider.put("bruce")
    assert await centre.profile(await centre.token("bruce")) == "NoRight"
    lost = (await centre.entries(Kind.SET_PROFILE))[0]
    assert (lost.detail["before"]["profile"], lost.detail["after"]["profile"]) == ("Admin", None)


async def test_the_code_in_the_fragment_is_good_for_one_token_in_its_browser(
    centre: Centre,
) -> None:
    browser = Browser()
    location = await centre.come_back("bruce", page="/board", browser=browser)
    page, _, code = location.partition("#signed-in=")
    assert page == "/board"
    status, answer = await centre.take(browser, code)
    assert (status, answer["login"]) == (200, "bruce")
    assert (await centre.ask(f"{AUTH}/check", token=answer["token"]))[0] == 200
    for again in (code, "", "invented", "é"):
        status, answer = await centre.take(browser, again)
        assert (status, answer["error"]) == (403, "SignInFailed")
    # Who is sent to a page with somebody else's code does not become that user.
    code = (await centre.come_back("bruce")).removeprefix("/desk#signed-in=")
    assert (await centre.take(Browser(), code))[0] == 403


async def test_whoever_is_no_user_of_xucd_stays_out(centre: Centre) -> None:
    centre.provider.put("stranger", "cc-admins")
    assert await centre.come_back("stranger") == "/desk#sign-in-error=UserUnknown"
    log = centre.xucd.log.read_text()
    assert re.search(r"sign-in refused +address=127\.0\.0\.1 code=UserUnknown", log)


async def test_an_answer_counts_in_the_browser_that_asked_for_it_and_once(centre: Centre) -> None:
    failed = "/desk#sign-in-error=SignInFailed"
    own, other = Browser(), Browser()
    callback = await asyncio.to_thread(own.sign_in, centre.url, "bruce")

    async def location(browser: Browser, url: str) -> str:
        answer = await asyncio.to_thread(browser.get, url)
        assert answer.status == 303
        return answer.location.removeprefix(centre.url)

    # Login CSRF: somebody's own answer in another browser.
    assert await location(other, callback) == failed
    asked = parse_qs(urlsplit(callback).query)
    twin = own.twin()
    assert (await location(own, callback)).startswith("/desk#signed-in=")
    assert await location(own, callback) == failed
    # Even with the cookie from before.
    assert await location(twin, callback) == failed
    assert "came back twice" in centre.xucd.log.read_text()
    # Another provider's answer, one that does not say whose it is, and no answer at all.
    for rest in ("code=OWN&iss=https://other.example", "code=OWN", "code=x", "", "iss=%00"):
        browser = Browser()
        callback = await asyncio.to_thread(browser.sign_in, centre.url, "bruce")
        asked = parse_qs(urlsplit(callback).query)
        state, code = asked["state"][0], asked["code"][0]
        changed = f"{callback.partition('?')[0]}?state={state}&{rest.replace('OWN', code)}"
        assert await location(browser, changed) == failed
    log = centre.xucd.log.read_text()
    assert code not in log
    assert state not in log


async def test_a_refusal_of_the_provider_and_a_foreign_page_end_on_a_page_of_ours(
    centre: Centre,
) -> None:
    browser = Browser()
    start = f"{centre.url}/signin/oidc?page=https://evil.example/"
    departed = await asyncio.to_thread(browser.get, start)
    asked = parse_qs(urlsplit(departed.location).query)
    assert asked["redirect_uri"] == [f"{centre.url}/signin/oidc/callback"]
    assert asked["code_challenge_method"] == ["S256"]
    issuer = centre.provider.issuer
    refused = f"error=access_denied&state={asked['state'][0]}&iss={issuer}"
    answer = await asyncio.to_thread(browser.get, f"{centre.url}/signin/oidc/callback?{refused}")
    assert answer.location == f"{centre.url}/desk#sign-in-error=AccessDenied"


async def test_signing_out_ends_the_sign_in_and_leads_to_the_providers_end_which_ends_the_others(
    centre: Centre,
) -> None:
    browser = Browser()
    token = await centre.token("bruce", browser)
    other = await centre.token("bruce", browser)  # the provider does not ask again
    client = await Client.connect(centre.xucd.port, f"/xuc/api/2.0/cti?token={other}")
    status, answer = await centre.ask(f"{AUTH}/oidc/logout", {}, token)
    assert status == 200
    assert (await centre.ask(f"{AUTH}/check", token=token))[0] == 403
    assert (await centre.ask(f"{AUTH}/check", token=other))[0] == 200
    location = answer["location"]
    assert location.startswith(f"{centre.provider.issuer}/session/end?")
    # The provider asks whether to sign out, then tells xucd of its session's end (back-channel).
    asked = await asyncio.to_thread(browser.get, location)
    action, form = sign_out_form(asked.body)
    ended = await asyncio.to_thread(browser.follow, action, f"{centre.url}/", form)
    assert ended.location == f"{centre.url}/"
    assert (await client.goodbye()).code == SIGNED_OUT
    assert (await centre.ask(f"{AUTH}/check", token=other))[0] == 403
    status, answer = await centre.ask("/signin/oidc/backchannel-logout", {"logout_token": "x.y.z"})
    assert (status, answer["error"]) == (400, "InvalidToken")
    # Only who has a token of xucd's ends anything.
    assert (await centre.ask(f"{AUTH}/oidc/logout", {}))[0] == 400
    assert (await centre.ask(f"{AUTH}/oidc/logout", {}, "x.y.z"))[0] == 403


async def test_a_user_signs_in_and_out_on_the_page_in_a_browser(centre: Centre) -> None:
    centre.provider.put("alice", "cc-supervisors")
    async with chromium() as browser:
        context = await browser.new_context(locale="fr-FR")
        page = await context.new_page()
        complaints = complaints_of(page)
        await page.goto(f"{centre.url}/board")
        # The code is not lost while xucd cannot be reached for a moment.
        await page.route(f"**{AUTH}/oidc", lambda route: route.abort(), times=1)
        await page.click("text=Se connecter avec Our people")
        await page.fill("input[name=login]", "alice")
        await page.fill("input[name=password]", "any")
        await page.click("button[type=submit]")
        await expect(page.locator("#page")).to_be_visible()
        # Neither the address nor the history keeps the code, and a reload stays signed in.
        assert page.url == f"{centre.url}/board"
        complaints.clear()  # those of the provider's page
        await page.reload()
        await expect(page.locator("#page")).to_be_visible()
        assert complaints == []
        # Whoever is signed in stays so by a link that tells of an error.
        await page.goto("about:blank")
        await page.goto(f"{centre.url}/board#sign-in-error=UserUnknown")
        await expect(page.locator("#page")).to_be_visible()
        # Once its token has ended, what comes next is no sign-in by the provider.
        await page.evaluate("sessionStorage.setItem('xucd.token', 'ended')")
        await page.reload()
        await expect(page.locator("#sign-in")).to_be_visible()
        assert await page.evaluate("sessionStorage.getItem('xucd.provider')") is None
        await page.click("#sign-in-elsewhere")  # the provider does not ask again
        await expect(page.locator("#page")).to_be_visible()
        await page.click("#sign-out")
        await page.click("text=Yes")
        await expect(page.locator("#sign-in")).to_be_visible()
        await expect(page.locator("#page")).to_be_hidden()
        # The provider asks again: its session has ended, too.
        await page.click("#sign-in-elsewhere")
        await expect(page.locator("input[name=login]")).to_be_visible()
        await page.goto(f"{centre.url}/desk#sign-in-error=UserUnknown")
        await expect(page.locator("#sign-in-error")).to_contain_text("utilisateur")
        await context.close()


async def test_a_new_key_of_the_provider_is_fetched_and_passwords_work_while_it_is_down(
    centre: Centre,
) -> None:
    await centre.token("bruce")
    centre.provider.stop()
    try:
        # Its document is known: the code cannot be exchanged, and the page says so.
        store = centre.xucd.store()
        await asyncio.to_thread(
            store.set_password_hash, "bruce", await asyncio.to_thread(hash_password, "bruce-demo")
        )
        store.close()
        body = {"login": "bruce", "password": "bruce-demo"}
        assert (await centre.ask(f"{AUTH}/login", body))[0] == 200
        browser = Browser()
        departed = await asyncio.to_thread(browser.get, f"{centre.url}/signin/oidc")
        state = parse_qs(urlsplit(departed.location).query)["state"][0]
        query = f"code=x&state={state}&iss={centre.provider.issuer}"
        back = await asyncio.to_thread(browser.get, f"{centre.url}/signin/oidc/callback?{query}")
        assert back.location == f"{centre.url}/desk#sign-in-error=SignInUnavailable"
    finally:
        await asyncio.to_thread(centre.provider.start, "second")
    # Keys are asked for again ten seconds after the last time, at the earliest.
    async with asyncio.timeout(60):
        while not (await centre.come_back("bruce")).startswith("/desk#signed-in="):  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def test_strangers_fill_neither_the_log_nor_have_anybody_banned(centre: Centre) -> None:
    before = len(centre.xucd.log.read_text())
    url = f"{centre.url}/signin/oidc/callback?state=invented"
    for _ in range(2 * MAX_FAILURES):
        answer = await asyncio.to_thread(Browser().get, url)
        assert answer.location.endswith("/desk#sign-in-error=SignInFailed")
    token = ("/signin/oidc/backchannel-logout", {"logout_token": "x"})
    while (answered := await centre.ask(*token))[0] == 400:
        pass
    assert (answered[0], answered[1]["error"]) == (429, "TooManyRequests")
    # Any page can have its visitors do this, so they sign in as before.
    assert (await centre.come_back("bruce")).startswith("/desk#signed-in=")
    log = centre.xucd.log.read_text()
    assert 0 < log[before:].count("browser that did not begin it") < 2 * MAX_FAILURES
    assert "wrong login or password" not in log
