"""Screenshots, as a throwaway test."""
import asyncio, os, pytest
from playwright.async_api import expect
from integration.test_page import Visit, browser, ARGUMENTS
from integration.fixtures import World
OUT="/tmp/shots"; os.makedirs(OUT,exist_ok=True)

async def test_shots(world: World, browser):
    async def visit(scheme, size):
        c=await browser.new_context(locale="en-GB",color_scheme=scheme,viewport=size)
        v=Visit(await c.new_page()); await v.page.goto(f"http://127.0.0.1:{world.xucd.port}/"); return v
    W,N={"width":1180,"height":640},{"width":390,"height":844}
    async def shot(v,name,full=False): await v.page.screenshot(path=f"{OUT}/{name}.png",full_page=full)
    wl=await visit("light",W); nd=await visit("dark",N); ada=await visit("dark",W); adan=await visit("light",N)
    await shot(wl,"door-light"); await shot(nd,"door-dark-narrow")
    await wl.sign_in("bruce","nope"); await expect(wl.page.get_by_role("alert")).to_contain_text("Unknown"); await shot(wl,"door-error")
    for v,u in ((wl,"bruce"),(nd,"bruce"),(ada,"ada"),(adan,"ada")): await v.sign_in(u)
    await expect(wl.state).to_have_text("Logged out")
    await expect(nd.state).to_have_text("Logged out")
    await shot(wl,"out-light"); await shot(nd,"out-dark-narrow")
    alice=await world.agent("alice","1002"); jack=await world.agent("jack","1003"); marice=await world.agent("marice","1004"); et=await world.agent("etienne","1005")
    await jack.ask("pauseAgent",reason="lunch")
    calla=world.phones.dial("3000"); (await world.phone("1002").rings()).answer(); await alice.until("AgentStateEvent",name="AgentOnCall")
    await wl.log_in("1001")
    callm=world.phones.dial("3002",caller_number="0230210090")
    done=[world.phone(n).rings() for n in ("1004","1005")]
    tasks=[asyncio.create_task(d) for d in done]
    await asyncio.wait(tasks,return_when=asyncio.FIRST_COMPLETED)
    call=world.phones.dial("3000",caller_number="0230210085"); leg=await world.phone("1001").rings()
    await expect(wl.state).to_have_text("Ringing"); await shot(wl,"ringing-light")
    leg.answer(); await expect(wl.state).to_have_text("On call")
    await asyncio.sleep(2.2)
    await calla.hang_up(); await alice.until("AgentStateEvent",name="AgentOnWrapup")
    await asyncio.sleep(1.2)
    await wl.page.mouse.move(600,20)
    for v,n in ((wl,"call-light"),(nd,"call-dark-narrow"),(ada,"admin-dark"),(adan,"admin-light-narrow")): await shot(v,n,True)
    await call.hang_up(); await expect(wl.state).to_have_text("Wrap-up"); await asyncio.sleep(.5)
    await shot(wl,"wrapup-light"); await shot(nd,"wrapup-dark-narrow",True)
    await wl.press("Lunch"); await expect(wl.state).to_have_text("Paused"); await shot(wl,"paused-light")
    await world.xucd.stop(); await expect(wl.banner).to_contain_text("lost"); await shot(wl,"lost-light"); await shot(nd,"lost-narrow")
    for t in tasks: t.cancel()
    await calla.ended() if False else None
    await callm.hang_up()
