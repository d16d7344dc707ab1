"""The steps of a sign-in by OpenID Connect, each of which may come to another process."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from xucd.config.directories import Oidc
from xucd.signin.errors import SignInRefused
from xucd.signin.oidc.flow import OFFERED_S, Flow
from xucd.signin.tokens import Claims

CLAIMS = Claims(login="vera", sid="one", generation="first", end=5000, expires=4000)


class Metadata(msgspec.Struct):
    authorization_endpoint: str = "https://login.example/authorize"


class Provider:
    async def metadata(self) -> Metadata:
        return Metadata()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def flows(clock: Clock) -> tuple[Flow, Flow]:
    """Those of two processes."""
    provider: Any = Provider()
    one, two = (
        Flow(Oidc(client_id="xucd"), provider, "https://xucd.example", b"s" * 32, clock)
        for _ in range(2)
    )
    return one, two


async def test_who_was_sent_away_by_one_process_comes_back_to_another() -> None:
    one, two = flows(Clock())
    departure = await one.begin("/board")
    state = departure.location.partition("state=")[2].partition("&")[0]
    assert two.begun(state, departure.cookie).page == "/board"
    with pytest.raises(SignInRefused, match="SignInFailed"):
        two.begun(state, departure.cookie)


def test_a_code_of_one_process_is_good_at_another_once_with_its_cookie_for_a_minute() -> None:
    clock = Clock()
    one, two = flows(clock)
    first, second, third = (one.offer(CLAIMS) for _ in range(3))
    for code, cookie in ((first.code, second.cookie), (first.code, None), ("", first.cookie)):
        with pytest.raises(SignInRefused, match="SignInFailed"):
            two.taken(code, cookie)
    assert two.taken(first.code, first.cookie) == CLAIMS
    with pytest.raises(SignInRefused, match="SignInFailed"):
        two.taken(first.code, first.cookie)
    clock.now += OFFERED_S
    assert two.taken(second.code, second.cookie) == CLAIMS
    clock.now += 0.1
    with pytest.raises(SignInRefused, match="SignInFailed"):
        two.taken(third.code, third.cookie)


async def test_a_cookie_of_one_step_is_none_of_the_other() -> None:
    one, two = flows(Clock())
    departure, offer = await one.begin("/desk"), one.offer(CLAIMS)
    state = departure.location.partition("state=")[2].partition("&")[0]
    with pytest.raises(SignInRefused, match="SignInFailed"):
        two.begun(state, offer.cookie)
    with pytest.raises(SignInRefused, match="SignInFailed"):
        two.taken(offer.code, departure.cookie)
