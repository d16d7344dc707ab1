"""The trunks between PBXs, as `asterisk-conf/pjsip-trunk.conf` has them."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from integration.pbx import HERE, Pbx

SHIPPED = HERE.parent / "asterisk-conf" / "pjsip-trunk.conf"


@dataclass(frozen=True)
class TrunkEnd:
    """Where a PBX meets others: its name, and an address that is not the phones'."""

    pbx: str
    address: str
    port: int


def trunk(own: TrunkEnd, other: TrunkEnd) -> str:
    """The shipped trunk of pjsip.conf, with the names and addresses of these two.

    The last two lines of the endpoint are for PBXs that share a machine's loopback: sound has to
    come from the address that SDP names.
    """
    text = SHIPPED.read_text()
    for shipped, filled in {
        "192.0.2.1:5060": f"{own.address}:{own.port}",
        "192.0.2.2:5060": f"{other.address}:{other.port}",
        "192.0.2.2": other.address,
        "north": other.pbx,
        "direct_media = no\n": (
            f"direct_media = no\nmedia_address = {own.address}\nbind_rtp_to_media_address = yes\n"
        ),
    }.items():
        assert shipped in text
        text = text.replace(shipped, filled)
    return f"\n[global](+)\nendpoint_identifier_order = header,ip,username\n{text}"


class TrunkedPbx(Pbx):
    """An Asterisk with a trunk to another, which `connect` tells before the start.

    Its phones may register twice.
    """

    def __init__(self, version: str, name: str, address: str) -> None:
        super().__init__(version)
        self.end = TrunkEnd(name, address, self.ports.sip)
        self._folder = Path()

    def connect(self, other: TrunkEnd) -> None:
        """Have a trunk to this PBX."""
        self._folder = Path(tempfile.mkdtemp(prefix="xucd-trunked-"))
        self._folder.chmod(0o755)  # Asterisk has a user of its own in there
        shutil.copytree(HERE / "asterisk", self._folder / "asterisk")
        etc = self._folder / "asterisk" / "etc"
        with (etc / "pjsip.conf").open("a") as configured:
            configured.write(trunk(self.end, other))
        wizard = etc / "pjsip_wizard.conf"
        wizard.write_text(wizard.read_text().replace("max_contacts = 1", "max_contacts = 2"))

    def volumes(self) -> dict[str, tuple[Path, str]]:
        return {**super().volumes(), "/xucd/asterisk": (self._folder / "asterisk", "ro")}

    def stop(self) -> None:
        super().stop()
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)
