"""What all pages share: signing in, the link and its loss, language, colours, axe-core."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from integration.fixtures import MakeXucd, World
from integration.pages.axe import violations
from integration.pages.boards import OpensBoard
from integration.pages.desks import OpensDesk
from integration.pages.wire import Wire
from integration.pbx import Pbx
from integration.ports import free_port


async def test_a_wrong_password_is_told_in_words_and_too_many_with_the_time_to_wait(
    opens_desk: OpensDesk,
) -> None:
    desk = await opens_desk()
    error = desk.page.locator("#sign-in-error")
    await desk.press("Sign in")
    await expect(error).to_have_text("Enter your login and your password.")
    await desk.sign_in("bruce", "not-this-one")
    await expect(error).to_have_text("Unknown login or wrong password.")
    await desk.sign_in("bruce")
    await expect(desk.state).to_have_text("Logged out")
    await desk.press("Sign out")
    for _ in range(60):  # 20 a minute, and what leaks away while they are typed
        async with desk.page.expect_response("**/auth/login") as answered:
            await desk.sign_in("bruce", "not-this-one")
        if (await answered.value).status == 429:
            break
    await expect(error).to_contain_text("Too many attempts to sign in. Try again in")
    # The browser itself notes each attempt that was refused.
    assert all("401" in said or "429" in said for said in desk.complaints)
    desk.complaints.clear()


async def test_the_form_is_there_before_the_page_and_signs_in_once_the_page_is(
    opens_desk: OpensDesk,
) -> None:
    desk = await opens_desk()
    form_is_used = asyncio.Event()

    async def hold(route: Route) -> None:
        await form_is_used.wait()
        await route.continue_()

    await desk.page.route("**/js/desk/desk.js", hold)
    await desk.page.reload(wait_until="commit")
    await desk.sign_in("bruce")
    await expect(desk.page.locator("[aria-busy]")).to_have_text("Sign in")
    form_is_used.set()
    await expect(desk.state).to_have_text("Logged out")


async def test_a_page_that_could_not_be_loaded_whole_is_loaded_again_by_who_signs_in(
    opens_desk: OpensDesk,
) -> None:
    desk = await opens_desk()
    await desk.page.route("**/js/desk/desk.js", lambda route: route.abort())
    async with desk.page.expect_event("requestfailed"):
        await desk.page.reload()
    await desk.page.unroute("**/js/desk/desk.js")
    async with desk.page.expect_event("load"):
        await desk.sign_in("bruce")
    await desk.sign_in("bruce")
    await expect(desk.state).to_have_text("Logged out")
    desk.complaints.clear()  # of what could not be loaded


async def test_a_page_with_a_defect_is_loaded_again_once_and_then_says_so(
    opens_desk: OpensDesk,
) -> None:
    desk = await opens_desk("bruce")
    await expect(desk.state).to_have_text("Logged out")
    loads: list[Page] = []

    def note(page: Page) -> None:
        loads.append(page)

    desk.page.on("load", note)
    defect = {"content_type": "text/javascript", "body": "throw new Error('a defect')"}
    await desk.page.route("**/js/desk/desk.js", lambda route: route.fulfill(**defect))
    await desk.page.reload()
    error = desk.page.locator("#sign-in-error")
    await expect(error).to_contain_text("could not be loaded", timeout=20_000)
    assert len(loads) == 2
    await desk.page.unroute("**/js/desk/desk.js")
    await desk.page.reload()
    await expect(desk.state).to_have_text("Logged out")
    assert await desk.page.evaluate("Object.keys(sessionStorage)") == ["xucd.token"]
    desk.complaints.clear()  # of the defect


async def test_a_reload_stays_signed_in_and_signing_out_forgets_token_and_input(
    opens_desk: OpensDesk,
) -> None:
    bruce = await opens_desk("bruce")
    await expect(bruce.state).to_have_text("Logged out")
    await bruce.page.reload()
    await expect(bruce.state).to_have_text("Logged out")
    number = bruce.page.locator("#number")
    await number.fill("0298765432")
    async with bruce.page.expect_response("**/auth/logout") as answered:
        await bruce.press("Sign out")
    assert (await answered.value).status == 204
    await expect(bruce.page.get_by_label("Login")).to_be_focused()
    await expect(bruce.page.locator("#sign-in-error")).to_have_text("")
    await expect(number).to_have_value("")
    await bruce.page.reload()
    await expect(bruce.page.get_by_label("Login")).to_be_visible()
    assert await bruce.page.evaluate("sessionStorage.length + localStorage.length") == 0


async def test_a_sign_out_that_the_server_did_not_confirm_is_told(opens_desk: OpensDesk) -> None:
    bruce = await opens_desk("bruce")
    await expect(bruce.state).to_have_text("Logged out")
    await bruce.page.route("**/auth/logout", lambda route: route.abort())
    await bruce.press("Sign out")
    error = bruce.page.locator("#sign-in-error")
    await expect(error).to_contain_text("the server did not confirm it")
    await bruce.page.reload()
    await expect(bruce.page.get_by_label("Login")).to_be_visible()
    bruce.complaints.clear()  # the browser itself notes the request that failed


async def test_a_page_whose_user_is_signed_out_everywhere_does_not_sign_in_again(
    opens_desk: OpensDesk,
) -> None:
    bruce = await opens_desk("bruce")
    await expect(bruce.state).to_have_text("Logged out")
    await bruce.press("Change password")
    sign_ins: list[str] = []
    bruce.page.on("request", lambda request: sign_ins.append(request.url))
    assert await bruce.page.evaluate(
        """async () => (await fetch("/xuc/api/2.0/auth/logout", {
            method: "POST",
            headers: {
                Authorization: `Bearer ${sessionStorage.getItem("xucd.token")}`,
                "Content-Type": "application/json",
            },
            body: JSON.stringify({ everywhere: true }),
        })).status"""
    ) == 204  # fmt: skip
    await expect(bruce.page.get_by_label("Login")).to_be_focused()
    await expect(bruce.page.locator("#password-dialog")).to_have_count(0)
    await expect(bruce.page.locator("#sign-in-error")).not_to_have_text("")
    assert not [url for url in sign_ins if url.endswith("/auth/login")]
    assert await bruce.page.evaluate("sessionStorage.length + localStorage.length") == 0
    bruce.complaints.clear()  # the browser itself notes the token that was refused


async def fill_in(page: Page, *passwords: str) -> None:
    """Fill in the dialog for a new password, and confirm."""
    fields = ("#old-password", "#new-password", "#new-password-again")
    for field, password in zip(fields, passwords, strict=True):
        await page.locator(field).fill(password)
    await page.keyboard.press("Enter")


async def test_a_page_changes_its_users_password_and_stays_while_others_are_signed_out(
    opens_desk: OpensDesk, opens_board: OpensBoard
) -> None:
    desk, board = await opens_desk("alice"), await opens_board("alice", locale="fr-FR")
    await expect(board.page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    await desk.press("Change password")
    error = desk.page.locator("#password-error")
    assert await violations(desk.page) == []
    await desk.press("Change")
    await expect(error).to_have_text("Fill in all three fields.")
    await fill_in(desk.page, "alice-demo", "short", "short")
    await expect(error).to_have_text("A password needs at least 8 characters.")
    await fill_in(desk.page, "alice-demo", "alice-at-home", "alice-at-sea")
    await expect(error).to_have_text("The two new passwords differ.")
    await fill_in(desk.page, "alice-dem0", "alice-at-home", "alice-at-home")
    await expect(error).to_have_text("The present password is wrong.")
    assert await violations(desk.page) == []
    await fill_in(desk.page, "alice-demo", "alice-at-home", "alice-at-home")
    await expect(desk.page.get_by_text("Your password is changed.")).to_be_visible()
    await expect(desk.page.locator("#password-dialog")).to_have_count(0)
    await expect(board.page.locator("#login")).to_be_focused()
    await desk.page.reload()
    await expect(desk.state).to_have_text("Logged out")

    await board.page.locator("#login").fill("alice")
    await board.page.locator("#password").fill("alice-at-home")
    await board.page.keyboard.press("Enter")
    await board.page.get_by_role("button", name="Changer de mot de passe").click()
    assert await violations(board.page) == []
    await board.page.keyboard.press("Escape")
    await expect(board.page.locator("#password-dialog")).to_have_count(0)
    await board.page.get_by_role("button", name="Changer de mot de passe").click()
    await fill_in(board.page, "alice-at-home", "alice-demo", "alice-demo")
    await expect(board.page.get_by_text("Votre mot de passe est changé.")).to_be_visible()
    await expect(desk.page.get_by_label("Login")).to_be_focused()
    for page in (desk, board):  # the browser itself notes what was refused
        assert all("403" in said for said in page.complaints), page.complaints
        page.complaints.clear()


async def test_the_pages_speak_the_browsers_language_or_the_one_chosen(
    opens_desk: OpensDesk,
) -> None:
    bruce = await opens_desk(locale="fr-FR")
    await expect(bruce.page.locator("html")).to_have_attribute("lang", "fr")
    await bruce.page.get_by_label("Identifiant").fill("bruce")
    await bruce.page.get_by_label("Mot de passe").fill("bruce-demo")
    await bruce.press("Se connecter")
    await expect(bruce.state).to_have_text("Déconnecté")
    await bruce.press("EN: Speak English")
    await expect(bruce.state).to_have_text("Logged out")
    await expect(bruce.page.get_by_role("heading", name="Your queues")).to_be_visible()
    await bruce.page.reload()
    await expect(bruce.state).to_have_text("Logged out")


async def test_the_colours_follow_the_system_or_what_was_chosen(opens_desk: OpensDesk) -> None:
    desk = await opens_desk(color_scheme="dark")
    body = desk.page.locator("body")
    dark = "rgb(15, 20, 26)"
    await expect(body).to_have_css("background-color", dark)
    await desk.press("Colours: as the system")
    await expect(body).not_to_have_css("background-color", dark)
    await desk.page.reload()
    await expect(body).not_to_have_css("background-color", dark)
    await desk.press("Colours: light")
    await expect(body).to_have_css("background-color", dark)
    await desk.press("Colours: dark")
    await expect(desk.page.get_by_role("button", name="Colours: as the system")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_axe_finds_nothing_wrong_with_the_desk_in_any_state(
    world: World, opens_desk: OpensDesk, colours: str
) -> None:
    bruce = await opens_desk(color_scheme=colours, bypass_csp=True)
    assert await violations(bruce.page) == []  # the sign-in form
    await bruce.sign_in("bruce")
    await expect(bruce.state).to_have_text("Logged out")
    await bruce.log_in("1001")
    await bruce.press("Take Bob Yard")
    await bruce.press("Queue and variables")
    await bruce.press("Add a variable")
    await bruce.page.get_by_label("Call from").select_option("Support")
    await bruce.callback("Bob Yard").get_by_role("button", name="Call 0230210084").click()
    own = await world.phone("1001").rings()
    await expect(bruce.call).to_have_count(1)
    assert await violations(bruce.page) == []
    own.answer()
    customer = await world.phone("0230210084").rings()
    customer.answer()
    await own.answered()
    await expect(bruce.call).to_contain_text("Outgoing call")
    await bruce.callback("Bob Yard").get_by_label("Call again").check()
    await bruce.press("Reschedule")
    await bruce.press("Log out")
    assert await violations(bruce.page) == []  # with a question
    await bruce.press("Cancel")
    await bruce.press("Hang up")
    await customer.ended()
    await bruce.press("Lunch")
    await bruce.page.get_by_label("Number", exact=True).fill("not a number")
    await bruce.press("Call")
    await expect(bruce.refusal).not_to_be_empty()
    await bruce.page.set_viewport_size({"width": 390, "height": 844})
    assert await violations(bruce.page) == []
    await bruce.page.get_by_role("button", name="Dismiss").last.click()
    await bruce.press("Keyboard shortcuts")
    assert await violations(bruce.page) == []


async def test_after_a_cut_the_page_comes_back_with_what_it_missed(
    world: World, opens_desk: OpensDesk
) -> None:
    alice = await world.agent("alice", "1002")
    async with Wire(world.xucd.port) as wire:
        bruce = await opens_desk(port=wire.port)
        greetings: list[dict[str, Any]] = []

        def heard(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message.get("msgType") == "LoggedOn":
                greetings.append(message["ctiMessage"])

        bruce.page.on("websocket", lambda socket: socket.on("framereceived", heard))
        await bruce.sign_in("bruce")
        await expect(bruce.row("Alice Johnson")).to_contain_text("Ready")
        wire.cut()
        await expect(bruce.banner).to_contain_text("Connection to xucd lost")
        await bruce.page.get_by_label("Phone line").fill("1001")
        await bruce.press("Log in")
        await expect(bruce.refusal).to_contain_text("Connection to xucd lost")
        await alice.ask("pauseAgent", reason="meeting")
        wire.mend()
        await expect(bruce.banner).to_be_hidden(timeout=60_000)  # attempts grow rarer
        await expect(bruce.row("Alice Johnson")).to_contain_text("Paused In a meeting")
        assert [greeting.get("recovered") for greeting in greetings] == [None, True]
    # The browser itself notes each attempt that found nobody.
    bruce.complaints[:] = [said for said in bruce.complaints if "net::ERR_" not in said]


async def test_asterisk_out_of_reach_is_told_for_as_long_as_it_lasts(
    pbx: Pbx, make_xucd: MakeXucd, opens_desk: OpensDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Wire(pbx.ami_port) as wire:
        monkeypatch.setenv("XUCD_AMI_PORT", str(wire.port))
        # Another xucd runs beside this Asterisk, which asks that one.
        monkeypatch.setenv("XUCD_AGI_PORT", str(free_port()))
        xucd = await make_xucd()
        bruce = await opens_desk("bruce", port=xucd.port)
        await bruce.log_in("1001")
        wire.cut()
        await expect(bruce.banner).to_contain_text("Asterisk is unreachable since")
        await bruce.press("Lunch")
        await expect(bruce.refusal).to_have_text("Asterisk is unreachable.")
        await bruce.page.reload()
        await expect(bruce.banner).to_contain_text("Asterisk is unreachable since")
        wire.mend()
        await expect(bruce.banner).to_be_hidden(timeout=60_000)  # attempts grow rarer
        await bruce.press("Lunch")
        await expect(bruce.state).to_have_text("Paused")
        await bruce.press("Log out")
        await expect(bruce.state).to_have_text("Logged out")
