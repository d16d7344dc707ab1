"""Signing in by an LDAP server: a real one, and a real xucd of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from integration.client import http
from tests.lone_xucd import LoneXucd
from tests.slapd_server import BASE, GROUPS, READER, READER_SECRET, SlapdServer, membership
from xucd.center.audit import AuditEntry, Kind
from xucd.signin.passwords import hash_password
from xucd.store import Store, audit
from xucd.store.audit import AuditSearch

LIMIT = 4
SETTINGS = f"""
[limits]
login_attempts_per_minute = {LIMIT}
[ldap]
urls = ["URL"]
ca_file = "CA"
bind_dn = "{READER}"
secret = "{READER_SECRET}"
base = "{BASE}"
group_base = "{GROUPS}"
create = true
timeout = 2
[[ldap.grants]]
group = "supervisors"
profile = "Supervisor"
rights = ["recording"]
queues = ["sales", "gone"]
"""


class Centre(NamedTuple):
    """An xucd and its LDAP server."""

    xucd: LoneXucd
    slapd: SlapdServer

    async def sign_in(self, login: str, password: str) -> tuple[int, Any]:
        """One attempt: its status, and its token or the code of its refusal."""
        body = {"login": login, "password": password}
        path = "/xuc/api/2.0/auth/login"
        status, answer = await asyncio.to_thread(http, self.xucd.port, path, body)
        return status, answer["login"] if status == 200 else answer["error"]

    async def newest(self, kind: Kind) -> AuditEntry:
        """The audit trail's newest entry of a kind."""
        search = AuditSearch(kind=kind, newest_first=True, limit=1)
        found = await self.stored(lambda store: audit.read(store, search))
        entry: AuditEntry = found[0].entry
        return entry

    async def stored(self, read: Any) -> Any:
        """What the database has."""

        def run() -> Any:
            store = self.xucd.store()
            try:
                return read(store)
            finally:
                store.close()

        return await asyncio.to_thread(run)

    async def change(self, ldif: str) -> None:
        """Change the LDAP server's entries."""
        await asyncio.to_thread(self.slapd.change, ldif)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def centre(tmp_path_factory: Any) -> AsyncIterator[Centre]:
    with SlapdServer() as slapd:
        settings = SETTINGS.replace("URL", slapd.url).replace("CA", slapd.ca_file)
        async with LoneXucd(tmp_path_factory.mktemp("ldap"), settings=settings) as xucd:
            yield Centre(xucd, slapd)


async def test_a_user_has_the_profile_of_its_groups_until_it_leaves_them(centre: Centre) -> None:
    assert await centre.sign_in("BRUCE", "bruce-ldap") == (200, "bruce")
    signed_in = await centre.newest(Kind.SIGN_IN)
    assert (signed_in.actor.login, signed_in.detail) == ("bruce", {"method": "ldap"})
    given = await centre.newest(Kind.SET_PROFILE)
    assert (given.actor.login, given.actor.address) == ("bruce", "127.0.0.1")
    assert given.detail["method"] == "ldap"

    def bruce(store: Store) -> Any:
        return store.directory().user_by_login["bruce"]

    user = await centre.stored(bruce)
    assert (user.profile, user.rights) == ("Supervisor", ("recording",))
    assert user.queue_ids == {2}  # sales; there is no queue of the other name
    await centre.change(membership("delete", "bruce"))
    assert await centre.sign_in("bruce", "bruce-ldap") == (200, "bruce")
    user = await centre.stored(bruce)
    assert (user.profile, user.rights, user.queue_ids) == (None, (), frozenset())
    await centre.change(membership("add", "bruce"))


async def test_whoever_the_server_knows_becomes_a_user_whom_the_centre_file_leaves_alone(
    centre: Centre,
) -> None:
    assert await centre.sign_in("zoe", "zoe-ldap") == (200, "zoe")
    made = await centre.newest(Kind.ADD_USER)
    assert (made.actor.login, made.targets[0].name) == ("zoe", "zoe")
    zoe = await centre.stored(lambda store: store.directory().user_by_login["zoe"])
    assert (zoe.first_name, zoe.last_name, zoe.profile) == ("Zoe", "New", "Supervisor")
    file = str(centre.xucd.folder / "center.toml")
    assert "zoe" not in await centre.xucd.command("center", "apply", "--prune", file)
    assert "zoe" not in await centre.xucd.command("center", "export")
    assert await centre.sign_in("zoe", "zoe-ldap") == (200, "zoe")
    # Of no group that is granted anything, one is not let in, nor let in again.
    assert await centre.sign_in("twin1", "twin1-ldap") == (403, "UserUnknown")
    await centre.change(membership("delete", "zoe"))
    assert await centre.sign_in("zoe", "zoe-ldap") == (403, "UserUnknown")
    zoe = await centre.stored(lambda store: store.directory().user_by_login["zoe"])
    assert zoe.profile is None
    await centre.change(membership("add", "zoe"))
    assert await centre.sign_in("zoe", "zoe-ldap") == (200, "zoe")


async def test_a_user_whom_the_server_has_brought_can_be_removed(centre: Centre) -> None:
    store = centre.xucd.store()
    token = centre.xucd.token("zoe")
    headers = {"Authorization": f"Bearer {token}"}
    check = (centre.xucd.port, "/xuc/api/2.0/auth/check", None, headers)
    assert (await asyncio.to_thread(http, *check))[0] == 200
    assert await centre.xucd.command("user", "remove", "zoe") == "zoe is removed\n"
    assert "zoe" not in store.directory().user_by_login
    store.close()
    assert (await asyncio.to_thread(http, *check))[0] == 403
    assert (await centre.newest(Kind.REMOVE_USER)).targets[0].name == "zoe"
    with pytest.raises(AssertionError, match="removed there"):
        await centre.xucd.command("user", "remove", "bruce")


async def test_an_empty_password_and_filters_sign_nobody_in(centre: Centre) -> None:
    for login, password in (("bruce", ""), ("*", "bruce-ldap"), ("bruce)(uid=*", "bruce-ldap")):
        assert await centre.sign_in(login, password) == (401, "InvalidCredentials")


async def test_while_the_server_is_down_own_passwords_work_and_no_other_is_called_wrong(
    centre: Centre,
) -> None:
    own = await asyncio.to_thread(hash_password, "alice-own")
    await centre.stored(lambda store: store.set_password_hash("alice", own))
    centre.slapd.freeze()
    try:
        waiting = asyncio.create_task(centre.sign_in("bruce", "bruce-ldap"))
        # Meanwhile nobody else waits, neither for the daemon nor for an own password.
        assert (await asyncio.to_thread(http, centre.xucd.port, "/health"))[1]["store"] == "ok"
        assert await centre.sign_in("alice", "alice-own") == (200, "alice")
        assert (await centre.newest(Kind.SIGN_IN)).detail == {"method": "password"}
        assert await waiting == (503, "SignInUnavailable")
        # An own password that is wrong counts all the same: it could be guessed without bounds.
        told = [await centre.sign_in("alice", "wrong") for _ in range(LIMIT + 1)]
        assert told[0] == (503, "SignInUnavailable")
        assert told[-1] == (429, "TooManyRequests")
    finally:
        centre.slapd.thaw()


async def test_passwords_stay_out_of_the_log(centre: Centre) -> None:
    log = centre.xucd.log.read_text()
    assert "an LDAP server cannot be asked" in log
    # Nor was each of these a wrong password; the log tells who was not let in, and from where.
    for code in ("UserUnknown", "SignInUnavailable"):
        assert re.search(rf"sign-in refused +address=127\.0\.0\.1 code={code}", log)
    for secret in ("bruce-ldap", "zoe-ldap", READER_SECRET, "alice-own"):
        assert secret not in log


async def test_the_audit_trail_tells_by_what_a_refused_password_was_tried(centre: Centre) -> None:
    await centre.xucd.stop()  # what was counted is written
    search = AuditSearch(kind=Kind.SIGN_IN, newest_first=True, limit=100)
    found = await centre.stored(lambda store: audit.read(store, search))
    refused = ("InvalidCredentials", "SignInUnavailable")
    failed = [each.entry for each in found if each.entry.outcome in refused]
    assert {entry.outcome for entry in failed} == set(refused)
    assert {entry.detail["method"] for entry in failed} == {"ldap"}
