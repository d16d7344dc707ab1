"""`xucd health`, which a container's health check runs: an exit code, and what the daemon says."""

import json
from pathlib import Path

import pytest

from tests.lone_xucd import LoneXucd
from tests.test_certificate_reload import TlsXucd


@pytest.mark.parametrize("kind", [LoneXucd, TlsXucd])
async def test_it_tells_a_daemon_that_does_not_hear_asterisk(
    kind: type[LoneXucd], tmp_path: Path
) -> None:
    xucd = kind(tmp_path)
    await xucd.prepare()
    with pytest.raises(AssertionError, match="nothing answers at http"):
        await xucd.command("health")
    await xucd.start()
    try:
        with pytest.raises(AssertionError) as raised:
            await xucd.command("health")
    finally:
        await xucd.stop()
    said = str(raised.value)
    told = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert (told["current"], told["asterisk"], told["store"]) == (False, "lost", "ok")
