"""A site of the demo as it runs: its Asterisk, and the phones and callers of that."""

import asyncio
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from integration.demo import places
from integration.demo.callers import TONE, Callers
from integration.demo.layout import Site
from integration.pbx import HERE, Pbx
from integration.phones import Phone, Phones
from integration.sipp import SippError
from integration.trunks import TrunkEnd, trunk

ANSWER_AFTER = 2.0  # seconds that a demo phone rings
OUTSIDE_TALK = 20.0  # seconds after which whoever was called in the outside world hangs up
REGISTERED = 3600  # seconds that a registration lasts
OWN = HERE / "demo" / "asterisk"


class SitePbx(Pbx):
    """One of two sites' Asterisks.

    Its configuration is the usual one, with a trunk to the other site for calls between the two and
    one for queues that ring agents there; the site's own files replace those of the same name.
    """

    def __init__(self, site: Site, other: Site) -> None:
        super().__init__(site.version, site.ports, site.container)
        self._site = site
        self._other = other

    def volumes(self) -> dict[str, tuple[Path, str]]:
        """The configuration is made for this start."""
        folder = places.SCRATCH.absolute() / f"asterisk-{self._site.pbx}"
        shutil.copytree(HERE / "asterisk", folder)
        for file in (OWN / self._site.pbx).glob("*.conf"):
            shutil.copy(file, folder / "etc")
        for file in (OWN / "trunk").glob("*.conf"):
            with (folder / "etc" / file.name).open("a") as configured:
                configured.write(self._filled(file.read_text()))
        with (folder / "etc" / "pjsip.conf").open("a") as configured:
            configured.write(trunk(_end_of(self._site), _end_of(self._other)))
        return {**super().volumes(), "/xucd/asterisk": (folder, "ro")}

    def _filled(self, text: str) -> str:
        phones, queues = self._other.numbers
        for word, value in {
            "OWN_ADDRESS": self._site.address,
            "OTHER": self._other.pbx,
            "OTHER_ADDRESS": self._other.address,
            "OTHER_PORT": str(self._other.ports.sip),
            "OTHER_PHONES": phones,
            "OTHER_QUEUES": queues,
        }.items():
            text = text.replace(f"@{word}@", value)
        return text


def _end_of(site: Site) -> TrunkEnd:
    return TrunkEnd(site.pbx, site.agents_address, site.ports.sip)


class RunningSite:
    """Start the PBX before the phones, and end it after them."""

    def __init__(self, site: Site, other: Site | None) -> None:
        self.site = site
        self.pbx = SitePbx(site, other) if other else Pbx(ports=site.ports, name=site.container)
        self.phones = Phones(self.pbx)
        self.callers = Callers(site, self.phones)
        self._asterisk = f"Asterisk of {site.pbx}" if other else "Asterisk"

    async def start_phones(self) -> None:
        """Returns when they are registered."""
        await self.phones.start()
        for line in self.site.lines:
            phone = self.phones.phone(line)
            phone.answer_after, phone.tone = ANSWER_AFTER, 100.0 * int(line[-1])
        self.phones.new_phone = _outside
        await self._register()

    def until_amiss(self) -> tuple[Coroutine[Any, Any, str], ...]:
        """Each returns when something of the site has ended, and says so."""
        return self.phones.ended(), self._asterisk_ended(), self._keep_registered()

    async def _keep_registered(self) -> str:
        while True:
            await asyncio.sleep(REGISTERED / 2)
            try:
                await self._register()
            except (SippError, TimeoutError) as error:
                return str(error)

    async def _asterisk_ended(self) -> str:
        docker = await asyncio.create_subprocess_exec(
            *("docker", "wait", self.site.container),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            await docker.wait()
        finally:
            if docker.returncode is None:
                docker.kill()
                await docker.wait()
        return f"{self._asterisk} ended"

    async def _register(self) -> None:
        await self.phones.register(*self.site.lines, seconds=REGISTERED)


def _outside(number: str) -> Phone:
    """Somebody in the outside world, of a number that is called for the first time."""
    phone = Phone(number)
    phone.answer_after, phone.hang_up_after, phone.tone = ANSWER_AFTER, OUTSIDE_TALK, TONE
    return phone
