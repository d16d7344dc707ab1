"""Bounds on guessing passwords: what they stop, and whom they never stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.web_server import until
from xucd.center.directory import User
from xucd.cti.metrics import Metrics
from xucd.signin.attempts import (
    FIRST_CHECK_S,
    MAX_STRANGERS,
    MAX_WAITING_EACH,
    SignIn,
)
from xucd.signin.checking import HASHES, PasswordChecks
from xucd.signin.earlier_attempts import BY_ADDRESS, BY_STRANGERS, EarlierAttempts
from xucd.signin.errors import SignInRefused
from xucd.signin.failure_counts import ROWS, WIDTH, FailureCounts
from xucd.signin.fair_queue import FairQueue
from xucd.web.failures import SIGN_IN_STATUSES

LIMIT = 20


class Desk:
    """Users whose passwords are their logins, and a clock. `gate` holds what verifies passwords."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.now = 1000.0
        self.gate = threading.Event()
        self.gate.set()
        self.verified: list[str | None] = []
        self.metrics = Metrics()
        self.earlier = EarlierAttempts(limit, lambda: self.now)
        self.signin = SignIn(
            self, PasswordChecks(self, self._verify), self.earlier, lambda: self.now, self.metrics
        )

    def _verify(self, kept: str | None, password: str) -> bool:
        self.gate.wait(30)
        self.verified.append(kept)
        return kept == password

    def user(self, login: str) -> User | None:
        if login.startswith("nobody"):
            return None
        return User(id=1, login=login, first_name="", last_name="", agent_id=None)

    async def password_hash(self, login: str) -> str | None:
        return None if login.startswith("nobody") else login

    async def renew_hash(self, login: str, before: str, after: str) -> None:
        """No hash here is outdated."""

    async def tries(self, login: str, password: str, address: str) -> int:
        """The status that the attempt is answered with."""
        try:
            await self.signin.authenticate(login, password, address)
        except SignInRefused as error:
            return SIGN_IN_STATUSES[error.code]
        return 200

    async def fails(self, times: int, login: str, address: str) -> None:
        for _ in range(times):
            assert await self.tries(login, "wrong", address) == 401


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.gate.set()
    desk.signin.close()


async def test_no_number_of_other_attempts_makes_an_address_forgotten(desk: Desk) -> None:
    await desk.fails(LIMIT, "vera", "192.0.2.1")
    assert await desk.tries("vera", "vera", "192.0.2.1") == 429
    for number in range(1000):
        await desk.tries(f"nobody{number}", "x", f"198.51.{number // 250}.{number % 250}")
    assert await desk.tries("vera", "wrong", "192.0.2.1") == 429


async def test_a_refused_attempt_is_neither_hashed_nor_counted(desk: Desk) -> None:
    await desk.fails(LIMIT, "vera", "192.0.2.1")
    hashed = len(desk.verified)
    for _ in range(200):
        assert await desk.tries("vera", "wrong", "192.0.2.1") == 429
    assert len(desk.verified) == hashed
    desk.now += 60 / LIMIT + 0.01
    assert await desk.tries("vera", "vera", "192.0.2.1") == 200


@pytest.mark.parametrize(
    "login", ["VERA w", " vera  W ", "vera\u00a0w", "\uff56era w", "v\u00e9ra\u200b w"]
)
async def test_other_spellings_of_a_login_count_as_it(desk: Desk, login: str) -> None:
    await desk.fails(LIMIT, "vera w", "192.0.2.1")
    assert await desk.tries(login, "wrong", "192.0.2.1") == 429
    assert await desk.tries("veraw", "wrong", "192.0.2.1") == 401


async def test_failures_elsewhere_never_refuse_the_user(desk: Desk) -> None:
    await desk.fails(LIMIT, "vera", "192.0.2.1")
    assert await desk.tries("vera", "vera", "192.0.2.1") == 429
    assert await desk.tries("vera", "vera", "192.0.2.2") == 200


async def test_an_address_that_tries_many_logins_is_refused(desk: Desk) -> None:
    for number in range(BY_ADDRESS * LIMIT):
        assert await desk.tries(f"nobody{number}", "x", "192.0.2.1") == 401
    assert await desk.tries("nobody", "x", "192.0.2.1") == 429


async def test_of_ipv6_the_network_of_a_client_counts(desk: Desk) -> None:
    for number in range(LIMIT):
        assert await desk.tries("vera", "wrong", f"2001:db8::{number:x}") == 401
    assert await desk.tries("vera", "wrong", "2001:db8::ffff") == 429
    assert await desk.tries("vera", "vera", "2001:db8:0:1::1") == 200


async def test_who_has_signed_in_from_an_address_stays_welcome_there(desk: Desk) -> None:
    assert await desk.tries("vera", "vera", "192.0.2.1") == 200
    for number in range(BY_ADDRESS * LIMIT):
        await desk.tries(f"nobody{number}", "x", "192.0.2.1")
    assert await desk.tries("nobody", "x", "192.0.2.1") == 429
    assert await desk.tries("vera", "vera", "192.0.2.1") == 200


async def test_a_whole_centre_behind_one_address_signs_in(desk: Desk) -> None:
    desk.gate.clear()
    everybody = [
        asyncio.ensure_future(desk.tries(f"user{number}", f"user{number}", "192.0.2.1"))
        for number in range(300)
    ]
    await asyncio.sleep(0)
    desk.gate.set()
    assert await asyncio.gather(*everybody) == [200] * 300


async def test_many_who_wait_at_one_address_do_not_keep_another_waiting(desk: Desk) -> None:
    desk.gate.clear()
    crowd = [
        asyncio.ensure_future(desk.tries(f"nobody{number}", "x", "192.0.2.1"))
        for number in range(80)
    ]
    await asyncio.sleep(0)
    vera = asyncio.ensure_future(desk.tries("vera", "vera", "192.0.2.2"))
    await asyncio.sleep(0)
    desk.gate.set()
    assert await vera == 200
    # The two at work when she came, and one of her turn's other half.
    assert desk.verified.index("vera") <= 3
    await asyncio.gather(*crowd)


async def test_guesses_from_many_addresses_are_slowed_and_the_user_is_not(desk: Desk) -> None:
    assert await desk.tries("vera", "vera", "192.0.2.1") == 200
    for number in range(BY_STRANGERS * LIMIT):
        assert await desk.tries("vera", "wrong", f"198.51.100.{number}") == 401
    guesses = [
        asyncio.ensure_future(desk.tries("vera", "wrong", f"203.0.113.{number}"))
        for number in range(20)
    ]
    hashed = len(desk.verified)
    assert await desk.tries("vera", "vera", "192.0.2.1") == 200
    assert len(desk.verified) == hashed + 1
    # A stranger gets its turn, too: it may be the user, who is on a journey.
    desk.now += 60
    assert set(await asyncio.gather(*guesses)) == {401}


async def test_a_stranger_that_has_not_failed_comes_before_those_that_have(desk: Desk) -> None:
    for number in range(BY_STRANGERS * LIMIT):
        await desk.tries("vera", "wrong", f"198.51.100.{number}")
    done: list[str] = []

    async def tries(password: str, address: str) -> None:
        await desk.tries("vera", password, address)
        done.append(password)

    guesses = [asyncio.ensure_future(tries("wrong", f"198.51.100.{n}")) for n in range(30)]
    await asyncio.sleep(0)
    vera = asyncio.ensure_future(tries("vera", "203.0.113.1"))
    await asyncio.sleep(0)
    desk.now += 1.5
    await vera
    assert done.index("vera") <= 1
    for guess in guesses:
        guess.cancel()


async def test_a_wrong_password_counts_though_its_client_hangs_up(desk: Desk) -> None:
    for number in range(LIMIT):
        attempt = asyncio.ensure_future(desk.tries("vera", "wrong", "192.0.2.1"))
        await asyncio.sleep(0)
        attempt.cancel()
        failed = desk.metrics.logins.labels("failed")._value
        await until(lambda number=number, failed=failed: failed.get() > number)
    assert await desk.tries("vera", "vera", "192.0.2.1") == 429


def test_counts_leak_away_and_stay_within_a_fixed_memory() -> None:
    now = 0.0
    counts = FailureCounts(20, lambda: now)
    for _ in range(20):
        counts.add("192.0.2.1", "vera")
    assert counts.wait("192.0.2.1", "vera") > 0
    for number in range(200):
        counts.add("198.51.100.1", str(number))
    assert counts.count("192.0.2.1", "vera") == pytest.approx(20)
    assert counts.count("192.0.2.2", "vera") < 1
    assert len(counts._counts) == ROWS * WIDTH
    now = 61.0
    assert counts.count("192.0.2.1", "vera") == 0


def test_a_full_queue_takes_from_its_longest_lane() -> None:
    queue: FairQueue[str] = FairQueue(group_limit=3, limit=4)
    assert [queue.push("a", 1, item) for item in ("a1", "a2", "a3")] == [None] * 3
    assert queue.push("a", 1, "a4") == "a4"
    assert queue.push("b", 1, "b1") is None
    assert queue.push("c", 1, "c1") == "a3"
    assert [queue.pop() for _ in range(len(queue))] == ["a1", "b1", "c1", "a2"]


def test_a_full_queue_throws_out_none_that_has_no_more_than_the_new_one() -> None:
    queue: FairQueue[str] = FairQueue(group_limit=3, limit=4)
    for group in "abcd":
        assert queue.push(group, 1, group) is None
    assert queue.push("e", 1, "e") == "e"
    assert [queue.pop() for _ in range(len(queue))] == ["a", "b", "c", "d"]


def test_a_full_group_takes_from_its_longest_lane() -> None:
    queue: FairQueue[str] = FairQueue(group_limit=3, limit=9)
    for item in ("x1", "x2", "x3"):
        assert queue.push("a", "x", item) is None
    assert queue.push("a", "y", "y1") == "x3"
    assert queue.push("b", "z", "z1") is None
    assert [queue.pop() for _ in range(len(queue))] == ["x1", "z1", "y1", "x2"]
    assert not queue._groups


async def test_thousands_of_strangers_neither_delay_nor_displace_a_user_at_a_known_place(
    desk: Desk,
) -> None:
    assert await desk.tries("vera", "vera", "192.0.2.1") == 200
    hashed = len(desk.verified)
    desk.gate.clear()
    crowd = [asyncio.ensure_future(_stranger(desk, number)) for number in range(4200)]
    await asyncio.sleep(0)
    vera = asyncio.ensure_future(desk.tries("vera", "vera", "192.0.2.1"))
    crowd += [asyncio.ensure_future(_stranger(desk, number)) for number in range(4200, 4300)]
    await asyncio.sleep(0)
    desk.gate.set()
    assert await vera == 200
    # The two at work when she came, and one of her turn's other half.
    assert desk.verified.index("vera", hashed) - hashed <= 3
    for one in crowd:
        one.cancel()


async def test_a_network_of_strangers_takes_turns_as_one(desk: Desk) -> None:
    desk.gate.clear()
    crowd = [
        asyncio.ensure_future(desk.tries("nobody", "x", f"2001:db8:7:{number:x}::1"))
        for number in range(500)
    ]
    await asyncio.sleep(0)
    vera = asyncio.ensure_future(desk.tries("vera", "vera", "192.0.2.2"))
    await asyncio.sleep(0)
    desk.gate.set()
    assert await vera == 200
    assert desk.verified.index("vera") <= 3
    for one in crowd:
        one.cancel()


async def _stranger(desk: Desk, number: int) -> int:
    """An attempt from an address of its own, each in another network."""
    return await desk.tries(f"nobody{number}", "x", f"2001:{number:x}::1")


async def _told(desk: Desk, networks: int) -> int:
    """After how many seconds somebody is told to come again, where so many networks are full."""
    desk.gate.clear()
    crowd = [
        asyncio.create_task(desk.signin.authenticate(f"vera{number}", "x", f"192.0.2.{network}"))
        for network in range(networks)
        for number in range(MAX_WAITING_EACH + HASHES)
    ]
    await asyncio.sleep(0)
    late = desk.signin.authenticate("vera", "x", f"192.0.2.{networks - 1}")
    with pytest.raises(SignInRefused) as refused:
        await asyncio.wait_for(late, 30)
    for task in crowd[HASHES:]:
        task.cancel()
    desk.gate.set()
    # With those under way, which make room when they end: the next crowd is to find it full.
    await asyncio.gather(*crowd, return_exceptions=True)
    assert refused.value.wait is not None
    return refused.value.wait


async def test_who_is_refused_since_too_many_wait_is_told_when_these_will_have_had_their_turn(
    desk: Desk,
) -> None:
    assert await _told(desk, 1) == 1 + int(MAX_WAITING_EACH * FIRST_CHECK_S / HASHES)


async def test_the_time_that_is_told_follows_how_many_wait_and_how_long_checks_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xucd.signin.attempts.FIRST_CHECK_S", 1000.0)
    desk = Desk()
    one, two = await _told(desk, 1), await _told(desk, 2)
    assert two > 1.5 * one
    for number in range(100):  # they take far less
        assert await desk.tries(f"user{number}", f"user{number}", "192.0.2.1") == 200
    assert await _told(desk, 1) < one / 10
    desk.signin.close()


async def test_a_stranger_for_whom_there_is_no_room_is_told_when_the_others_had_a_turn() -> None:
    desk = Desk(limit=5)  # so one more in four seconds, of a login
    for number in range(BY_STRANGERS * 5):
        assert await desk.tries("vera", "wrong", f"198.51.100.{number}") == 401
    strangers = [
        asyncio.create_task(desk.signin.authenticate("vera", "wrong", f"203.0.113.{number}"))
        for number in range(MAX_STRANGERS + 1)
    ]
    (refused,), waiting = await asyncio.wait(strangers, return_when=asyncio.FIRST_COMPLETED)
    error = refused.exception()
    assert isinstance(error, SignInRefused)
    assert error.wait == 1 + MAX_STRANGERS * 4
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    desk.signin.close()
