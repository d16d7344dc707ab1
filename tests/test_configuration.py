"""Whoever resumes over a restart was shown what the present configuration shows."""

from typing import Any

import msgspec
import pytest

from tests.scene import directory
from xucd.app.configuration import digest_of
from xucd.commands.context import Options
from xucd.config.settings import Dialing, Features
from xucd.cti.messages import UserStatus

OTHERS: dict[str, Any] = {
    "statuses": (UserStatus(name="away", long_name="Away", color="#123456", actions=[]),),
    "features": Features(listen=False),
    "dialing": Dialing(allowed="[0-9]+"),
    "hints_by_list": True,
    "pbx": "north",
}


def test_every_setting_has_its_case() -> None:
    assert sorted(OTHERS) == sorted(Options.__struct_fields__)


@pytest.mark.parametrize("name", OTHERS)
def test_with_another_setting_nobody_resumes_over_the_restart(name: str) -> None:
    before = Options()
    after = msgspec.structs.replace(before, **{name: OTHERS[name]})
    digests = [digest_of(directory(), options, [], b"secret") for options in (before, after, after)]
    assert digests[0] != digests[1] == digests[2]
