"""Pages written for the original library, of another origin, beside a real xucd and Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from integration.fixtures import World, clear
from integration.pages.browsers import DEADLINE_MS, Elsewhere
from integration.pages.daemons import one_xucd
from integration.pages.wire import Wire
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import Xucd

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs/browser-library.md"
ELSEWHERE_MS = 20_000  # within which an old page is at another host
JQUERY = HERE.parent.parent / "node_modules/jquery/dist/jquery.js"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Another site, which has old pages and the one of the documentation."""
    files = {"/jquery.js": JQUERY} | {f"/{page.name}": page for page in (HERE / "old").iterdir()}
    example = tmp_path_factory.mktemp("elsewhere") / "example.html"
    page = DOCUMENT.read_text(encoding="utf-8").partition("```html\n")[2].partition("```")[0]
    example.write_text(page.replace("127.0.0.1:8090", "XUCD"))
    files["/example.html"] = example
    with Elsewhere(files).open() as elsewhere:
        yield elsewhere


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(
    elsewhere: Elsewhere,
    pbx: Pbx,
    phones: Phones,
    prepared: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Xucd]:
    """A daemon that lets pages of that site in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XUCD_WEB_ORIGINS", elsewhere.origin)
        async with one_xucd(pbx, prepared, tmp_path_factory.mktemp("old-pages")) as xucd:
            elsewhere.xucd = f"127.0.0.1:{xucd.port}"
            yield xucd
            await clear(World(xucd, phones))


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, elsewhere: Elsewhere) -> AsyncIterator[Page]:
    """A tab, to whose page nothing went wrong that the test does not expect."""
    context = await browser.new_context(base_url=elsewhere.origin)
    page = await context.new_page()
    page.set_default_timeout(DEADLINE_MS)
    yield page
    await context.close()


async def sign_in(page: Page, login: str, password: str | None = None) -> None:
    await page.locator("#username").fill(login)
    await page.locator("#password").fill(password or f"{login}-demo")
    await page.get_by_role("button", name="Connect").click()


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=button, exact=True).click()


async def test_an_old_page_of_another_origin_logs_in_an_agent_pauses_and_sees_states(
    xucd: Xucd, page: Page
) -> None:
    went_wrong: list[str] = []
    page.on("pageerror", lambda error: went_wrong.append(str(error)))
    await page.goto("/agent.html")
    agent = page.locator("#agent")
    await page.locator("#phone").fill("1002")
    await sign_in(page, "alice")
    await expect(page.locator("#link")).to_have_text("opened")
    await expect(page.locator("#user")).to_have_text("Alice Johnson")
    await expect(page.locator("#phone-status")).to_have_text("AVAILABLE")
    await expect(agent).to_have_text("AgentLoggedOut")
    await expect(page.locator("#agents li")).to_have_count(6)

    await press(page, "Log in")
    await expect(agent).to_have_text("AgentReady available")
    await press(page, "Pause")
    await expect(agent).to_have_text("AgentOnPause lunch")
    await expect(page.locator("#statuses")).to_have_value("lunch")
    await expect(page.locator("#agent-9")).to_have_text("Alice AgentOnPause")
    await press(page, "Ready")
    await expect(agent).to_have_text("AgentReady available")
    await page.locator("#statuses").select_option("meeting")
    await expect(agent).to_have_text("AgentOnPause meeting")
    await press(page, "Log out")
    await expect(agent).to_have_text("AgentLoggedOut")

    await page.locator("#phone").fill("4711")
    await press(page, "Log in")
    await expect(page.locator("#errors")).to_have_text("PhoneNumberUnknown")
    await press(page, "Leave")
    await expect(page.locator("#link")).to_have_text("closed")
    assert went_wrong == []


async def test_an_old_page_reads_why_it_may_not_sign_in(xucd: Xucd, page: Page) -> None:
    await page.goto("/agent.html")
    await sign_in(page, "alice", "not-this-one")
    await expect(page.locator("#errors")).to_have_text("InvalidCredentials")


async def test_an_old_page_is_told_that_its_link_is_lost_and_connects_anew(
    xucd: Xucd, page: Page
) -> None:
    await page.goto("/agent.html")
    await sign_in(page, "bruce")
    await expect(page.locator("#user")).to_have_text("Bruce Wail")
    await xucd.stop()
    await expect(page.locator("#link")).to_have_text("closed")
    await xucd.start()
    await page.evaluate("document.querySelector('#user').textContent = ''; connect('1001')")
    await expect(page.locator("#link")).to_have_text("opened")
    await expect(page.locator("#user")).to_have_text("Bruce Wail")


@pytest.mark.parametrize("how", [Wire.cut, Wire.silence])
async def test_an_old_page_with_several_hosts_in_its_address_goes_to_the_next(
    xucd: Xucd, page: Page, how: Callable[[Wire], None]
) -> None:
    await page.goto("/agent.html")
    await sign_in(page, "bruce")
    await expect(page.locator("#user")).to_have_text("Bruce Wail")
    await press(page, "Leave")
    await expect(page.locator("#link")).to_have_text("closed")
    async with Wire(xucd.port) as first:
        await page.locator("#phone").fill("1001")
        hosts = f"127.0.0.1:{first.port},127.0.0.1:{xucd.port}"
        await page.evaluate("(hosts) => { xuc = hosts; connect('1001'); }", hosts)
        await expect(page.locator("#link")).to_have_text("opened")
        await expect(page.locator("#agent")).to_have_text("AgentLoggedOut")
        await page.evaluate("document.querySelector('#user').textContent = ''")
        how(first)
        if how is Wire.silence:
            await press(page, "Log in")  # which nobody hears any more
        await expect(page.locator("#user")).to_have_text("Bruce Wail", timeout=ELSEWHERE_MS)
        await expect(page.locator("#link")).to_have_text("opened")
        await expect(page.locator("#agent")).to_have_text("AgentLoggedOut")
        await press(page, "Log in")
        await expect(page.locator("#agent")).to_have_text("AgentReady available")
        await press(page, "Log out")
        await expect(page.locator("#agent")).to_have_text("AgentLoggedOut")


async def test_a_page_without_jquery_hears_by_shotgun_and_outlives_its_own_mistakes(
    xucd: Xucd, page: Page
) -> None:
    reported: list[str] = []
    page.on("console", lambda said: reported.append(said.text) if said.type == "error" else None)
    await page.goto("/plain.html")
    assert await page.evaluate("typeof jQuery") == "undefined"
    await page.evaluate("connect('ada', 'ada-demo')")
    await expect(page.locator("#link")).to_have_text("opened")
    await expect(page.locator("#agents")).to_have_text("6 agents")
    alice = await xucd.client("alice")
    await alice.ask("agentLogin", agentphonenumber="1002")
    await alice.ask("pauseAgent", reason="lunch")
    await alice.ask("agentLogout")
    await expect(page.locator("#states li")).to_have_text(["9 AgentReady", "9 AgentLoggedOut"])
    assert len(reported) == 1 and "this page does not know pauses" in reported[0]
    await alice.close()


async def test_an_old_page_takes_a_callback_and_gives_it_back(xucd: Xucd, page: Page) -> None:
    await page.goto("/agent.html")
    await sign_in(page, "bruce")
    await expect(page.locator("#user")).to_have_text("Bruce Wail")
    await press(page, "Callbacks")
    row = page.locator("#callbacks li").filter(has_text="O'Neill")
    await row.get_by_role("button", name="Take").click()
    await expect(row.locator("i")).to_have_text("agent 8")
    await row.get_by_role("button", name="Give back").click()
    await expect(row.locator("i")).to_have_text("free")
    await page.evaluate("Membership.getUserDefaultMembership(1)")
    await expect(page.locator("#errors")).to_contain_text("queues by default: ")


async def test_topics_do_with_their_handlers_what_jquery_does(xucd: Xucd, page: Page) -> None:
    """Pages have relied on jQuery's Callbacks, by which the original library called handlers."""
    await page.goto("/agent.html")
    ours, theirs = await page.evaluate(
        """() => {
            function told(add, remove, fire, empty) {
                let seed = 7;
                const any = (below) => (seed = (seed * 16807) % 2147483647) % below;
                const said = [];
                const handlers = Array.from({ length: 6 }, (_, number) => (value) => {
                    said.push([number, value]);
                    if (said.length % 5 === number) remove(handlers[any(6)]);
                    if (said.length % 7 === number) add(handlers[any(6)]);
                    if (said.length % 11 === number && value > 0) fire(value - 1);
                });
                for (let step = 0; step < 2000; step += 1) {
                    const handler = handlers[any(6)];
                    const act = any(5);
                    if (act < 2) { remove(handler); add(handler); }
                    else if (act === 2) remove(handler);
                    else fire(any(3));
                    if (any(50) === 0) empty();
                }
                return said;
            }
            const callbacks = jQuery.Callbacks();
            const topic = () => Cti.Topic("mine");
            return [
                told((one) => topic().subscribe(one), (one) => topic().unsubscribe(one),
                    (value) => topic().publish(value), () => topic().clear()),
                told((one) => callbacks.add(one), (one) => callbacks.remove(one),
                    (value) => callbacks.fire(value), () => callbacks.empty()),
            ];
        }"""
    )
    assert len(theirs) > 1000
    assert ours == theirs


async def test_the_page_of_the_documentation_works(xucd: Xucd, page: Page) -> None:
    await page.goto("/example.html")
    state = page.locator("#state")
    await expect(state).to_have_text("AgentLoggedOut")
    await press(page, "Log in")
    await expect(state).to_have_text("AgentReady")
    await press(page, "Pause")
    await expect(state).to_have_text("AgentOnPause")
    await page.evaluate("Cti.logoutAgent()")
    await expect(state).to_have_text("AgentLoggedOut")
    await page.evaluate("Cti.close()")
    await expect(state).to_have_text("offline")
