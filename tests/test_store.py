"""The store's repository, the same over SQLite and PostgreSQL."""

import datetime
import getpass
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from tests.conftest import TODAY
from tests.day_figures import put_days
from tests.doc_blocks import blocks_for
from xucd.center.day import AgentDay
from xucd.center.queue_day import QueueDay
from xucd.center.station import Station
from xucd.config.plan import Plan
from xucd.store import Store, StoreError, StoreUnavailable, tables
from xucd.store.apply import apply
from xucd.store.database import MIGRATIONS, PATIENCE

# Says that it is ready, waits for a word, migrates: so that all begin at the same moment.
MIGRATE = """
import sys
from xucd.store import Store, database
database.PATIENCE = 60
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.migrate()
"""


@pytest.fixture
def demo(store: Store, demo_plan: Plan) -> Store:
    """A store that holds the demo's contact centre."""
    apply(store, demo_plan)
    return store


def test_migrating_makes_exactly_the_tables_that_the_code_uses(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []


def test_constraints_are_called_by_the_naming_convention(store: Store) -> None:
    with store.reading() as connection:
        database = inspect(connection)
        for table in tables.metadata.sorted_tables:
            found = {database.get_pk_constraint(table.name)["name"]}
            found |= {key["name"] for key in database.get_foreign_keys(table.name)}
            found |= {unique["name"] for unique in database.get_unique_constraints(table.name)}
            wanted = {str(constraint.name) for constraint in table.constraints}
            assert found == wanted


def test_stations_of_an_older_database_are_kept(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    stations = [
        Station(8, 1, logged_in=True, since=1.5, paused=True, reason="lunch", settled=True),
        Station(9, 2, logged_in=False, since=2.5, paused=False, reason="", settled=False),
    ]
    for station in stations:
        store.put_station(station)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    with store.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM seats")) == len(stations)
    store.migrate()
    assert list(store.stations().values()) == stations
    with store.reading() as connection:
        assert not inspect(connection).has_table("seats")


def test_migrating_again_changes_nothing(demo: Store) -> None:
    before = demo.directory().users
    demo.migrate()
    assert demo.directory().users == before


def test_tables_that_are_up_to_date_need_no_alembic(store: Store, store_url: str) -> None:
    """It takes a fifth of the time of xucd's start."""
    program = (
        "import sys; from xucd.store import Store; Store(sys.argv[1]).migrate();"
        " assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, store_url], check=True)


def test_several_processes_may_migrate_at_once(store_url: str) -> None:
    pipe = subprocess.PIPE
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, store_url],
            stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for one in starting:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in starting:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [(one.communicate()[1], one.returncode) for one in starting] == [("", 0)] * 4


def test_a_database_of_a_newer_xucd_is_refused(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="does not fit this version"):
        store.migrate()


def test_sqlite_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    store.migrate()
    with store.reading() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == PATIENCE * 1000
    store.close()


def test_sqlite_files_are_their_owners_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/xucd.db")
    store.migrate()
    store.token_secret()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"xucd.db": 0o600, "xucd.db-wal": 0o600, "xucd.db-shm": 0o600}
    store.close()


def test_the_directory_is_what_was_configured(demo: Store) -> None:
    directory = demo.directory()
    bruce = directory.agent_by_member_name["Agent/2501"]
    assert (bruce.id, bruce.first_name, bruce.line_id, bruce.group_id) == (8, "Bruce", 1, 1)
    user = directory.user_by_login["bruce"]
    assert (user.id, user.agent_id, user.line_id, user.profile) == (1, 8, 1, None)
    assert bruce.user_id == user.id
    sue = directory.user_by_login["sue"]
    assert (sue.profile, sue.queue_ids, sue.group_ids, sue.agent_id) == (
        "Supervisor",
        frozenset({1}),
        frozenset({1}),
        None,
    )
    assert sue.rights == ("recording", "dissuasion")
    assert directory.queue_by_name["support"].wrapup == 5
    assert directory.line_by_interface["PJSIP/1010"].number == "1010"
    assert directory.agents[11].last_name == "Saprïtchà"


def test_memberships_are_set_changed_and_removed(demo: Store) -> None:
    assert demo.memberships()[8] == {1: 0, 2: 1}
    demo.set_membership(8, 2, 5)
    demo.set_membership(8, 3, 2)
    demo.remove_membership(8, 1)
    demo.remove_membership(8, 1)
    assert demo.memberships()[8] == {2: 5, 3: 2}
    assert demo.memberships()[9] == {1: 0}
    assert demo.default_memberships()[1] == {1: 0, 2: 1}


def test_a_membership_of_nobody_is_an_error(demo: Store) -> None:
    with pytest.raises(StoreError) as caught:
        demo.set_membership(99, 1, 0)
    assert not isinstance(caught.value, StoreUnavailable)


def test_default_memberships_are_replaced_together_or_not_at_all(demo: Store) -> None:
    demo.set_default_memberships({1: {3: 7}, 2: {}})
    assert demo.default_memberships()[1] == {3: 7}
    assert 2 not in demo.default_memberships()
    with pytest.raises(StoreError):
        demo.set_default_memberships({1: {1: 1}, 2: {99: 0}})
    assert demo.default_memberships()[1] == {3: 7}
    assert demo.memberships()[8] == {1: 0, 2: 1}


def test_default_memberships_of_other_queues_than_those_meant_stay(demo: Store) -> None:
    demo.set_default_memberships({1: {1: 4}, 2: {}}, among={1, 3})
    assert demo.default_memberships()[1] == {1: 4, 2: 1}
    assert 2 not in demo.default_memberships()
    demo.set_default_memberships({1: {}}, among=())
    assert demo.default_memberships()[1] == {1: 4, 2: 1}


def test_an_agent_moves_to_another_group(demo: Store) -> None:
    demo.set_agent_group(8, 2)
    assert demo.directory().agents[8].group_id == 2
    with pytest.raises(StoreError, match="no agent 99"):
        demo.set_agent_group(99, 2)
    with pytest.raises(StoreError):
        demo.set_agent_group(8, 99)


def test_a_seat_is_kept_as_last_put(demo: Store) -> None:
    assert demo.stations() == {}
    first = Station(8, 1, logged_in=True, since=1_795_341_600.25)
    other = Station(9, 2, logged_in=False, since=1.5)
    demo.put_station(first)
    demo.put_station(other)
    assert demo.stations() == {8: first, 9: other}
    moved = Station(
        8, 3, logged_in=True, since=1_795_341_700.5, paused=True, reason="déjeuner", settled=False
    )
    demo.put_station(moved)
    assert demo.stations() == {8: moved, 9: other}


def test_days_are_kept_apart_and_overwritten(store: Store) -> None:
    full = AgentDay(1.5, 2.5, 3.5, 1e9, 2e9, 4, 5, 6, 7.5, 8.5, 9, 10.5)
    yesterday = TODAY - datetime.timedelta(1)
    put_days(store, yesterday, agents={8: full})
    put_days(store, TODAY, agents={8: AgentDay(), 9: full})
    put_days(store, TODAY, agents={8: AgentDay(paused_s=60.0)})
    put_days(store, TODAY, agents={})
    assert store.agent_days(yesterday) == {8: full}
    assert store.agent_days(TODAY) == {8: AgentDay(paused_s=60.0), 9: full}


def test_queues_days_are_kept_apart_and_overwritten_with_those_who_wait(store: Store) -> None:
    full = QueueDay(9, 1, 2, 3, 4, 5, 6, 7, 8, 9, {"1795341700.7": 1_795_341_700.125})
    yesterday = TODAY - datetime.timedelta(1)
    put_days(store, yesterday, queues={1: full})
    put_days(store, TODAY, queues={1: full, 2: full})
    put_days(store, TODAY, queues={1: QueueDay(entered=1)})
    put_days(store, TODAY, queues={})
    assert store.queue_days(yesterday) == {1: full}
    assert store.queue_days(TODAY) == {1: QueueDay(entered=1), 2: full}


def test_json_comes_back_as_it_was_even_with_half_a_character(store: Store) -> None:
    waiting = {"Zoë": 5.0, "half-\ud83d": 6.0}
    put_days(store, TODAY, queues={1: QueueDay(waiting=waiting)})
    assert store.queue_days(TODAY) == {1: QueueDay(waiting=waiting)}


def test_a_password_hash_is_kept_for_known_logins_only(demo: Store) -> None:
    assert demo.password_hash("bruce") is None
    assert demo.set_password_hash("bruce", "$argon2id$one")
    assert demo.set_password_hash("bruce", "$argon2id$two")
    assert demo.password_hash("bruce") == "$argon2id$two"
    assert not demo.set_password_hash("nobody", "$argon2id$one")
    assert demo.password_hash("nobody") is None


def test_a_hash_is_renewed_unless_another_password_was_set_and_ends_no_sign_in(demo: Store) -> None:
    demo.set_password_hash("bruce", "$argon2id$one")
    before = demo.generations()
    demo.renew_password_hash("bruce", "$argon2id$one", "$argon2id$dearer")
    assert demo.password_hash("bruce") == "$argon2id$dearer"
    demo.renew_password_hash("bruce", "$argon2id$one", "$argon2id$late")
    demo.renew_password_hash("nobody", "$argon2id$one", "$argon2id$late")
    assert demo.password_hash("bruce") == "$argon2id$dearer"
    assert demo.generations() == before


def test_the_token_secret_is_made_once(store: Store, store_url: str) -> None:
    secret = store.token_secret()
    assert len(secret) == 32
    assert store.token_secret() == secret
    again = Store(store_url)
    assert again.token_secret() == secret
    again.close()


def test_an_error_inside_a_transaction_undoes_it(demo: Store) -> None:
    def interrupted() -> None:
        with demo.writing() as connection:
            connection.execute(tables.memberships.delete())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert demo.memberships()[8] == {1: 0, 2: 1}


def test_a_database_out_of_reach_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear database, " * 100)
    for url in (
        f"sqlite:///{tmp_path}/none/xucd.db",
        f"sqlite:///{tmp_path}/letter",
        f"postgresql://test@/x?host={tmp_path}",
    ):
        store = Store(url)
        with pytest.raises(StoreUnavailable):
            store.ping()
        store.close()


def test_postgresql_by_peer_says_whom_it_lets_in_and_can_let_in_root(
    postgresql: Callable[[str], str],
) -> None:
    (block,) = blocks_for(
        "tests/test_store.py::test_postgresql_by_peer_says_whom_it_lets_in_and_can_let_in_root"
    )
    me = getpass.getuser()
    lines = block.text.replace(" root ", f" {me} ").splitlines()
    url = postgresql("xucd")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE xucd LOGIN; CREATE ROLE alone LOGIN")
        added = {"hba_file": ["local all alone peer", lines[1]], "ident_file": lines[3:]}
        for setting, above in added.items():
            (place,) = connection.execute(f"SHOW {setting}").fetchone() or ()
            file = Path(place)
            file.write_text("\n".join([*above, file.read_text()]))
        connection.execute("SELECT pg_reload_conf()")

    def said(role: str) -> str:
        store = Store(url.replace("test@", f"{role}@"))
        try:
            store.ping()
        except StoreUnavailable as error:
            return str(error)
        finally:
            store.close()
        return ""

    deadline = time.monotonic() + 30
    while not (refused := said("alone")):
        assert time.monotonic() < deadline
        time.sleep(0.02)  # the server reads its files when it gets to it
    assert "run the command as this user" in refused
    assert said("xucd") == ""


def test_a_url_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        Store("oracle://me:hunter22@x/y")
    assert "hunter22" not in str(caught.value)


def test_an_error_does_not_repeat_the_data(demo: Store) -> None:
    with pytest.raises(StoreError) as caught:
        demo.put_station(Station(99, 1, logged_in=True, since=0.0, reason="s3cret-reason"))
    assert "s3cret-reason" not in str(caught.value)


def test_generations_are_the_same_object_until_one_changes(demo: Store, store_url: str) -> None:
    before = demo.generations()
    demo.set_membership(8, 3, 1)
    assert demo.generations() is before
    other = Store(store_url)
    other.end_all_sign_ins("bruce")
    other.close()
    after = demo.generations()
    assert {login for login in before if before[login] != after[login]} == {"bruce"}


def test_a_new_password_and_signing_out_everywhere_begin_a_new_generation(demo: Store) -> None:
    seen = [demo.generations()]
    assert len(set(seen[0].values())) == len(demo.directory().users)
    demo.set_password_hash("bruce", "$argon2id$one")
    seen.append(demo.generations())
    assert demo.end_all_sign_ins("bruce")
    seen.append(demo.generations())
    assert len({each["bruce"] for each in seen}) == len(seen)
    assert len({each["alice"] for each in seen}) == 1
    assert not demo.end_all_sign_ins("nobody")
    assert demo.password_hash("bruce") == "$argon2id$one"


def test_a_user_who_was_removed_and_made_again_is_of_another_generation(
    demo: Store, demo_plan: Plan
) -> None:
    before, ids = demo.generations(), demo.directory().user_by_login
    people = [each for each in demo_plan.people if each.login != "sue"]
    apply(demo, msgspec.structs.replace(demo_plan, people=people), prune=True)
    assert "sue" not in demo.generations()
    again = [
        msgspec.structs.replace(each, user_id=ids["sue"].id) if each.login == "sue" else each
        for each in demo_plan.people
    ]
    apply(demo, msgspec.structs.replace(demo_plan, people=again))
    after = demo.generations()
    assert demo.directory().user_by_login["sue"].id == ids["sue"].id
    assert [login for login in before if before[login] != after[login]] == ["sue"]


def test_applying_leaves_sign_ins_as_they_are(demo: Store, demo_plan: Plan) -> None:
    before = demo.generations()
    people = [
        msgspec.structs.replace(each, last_name="Another") if each.login == "sue" else each
        for each in demo_plan.people
    ]
    assert apply(demo, msgspec.structs.replace(demo_plan, people=people))
    assert demo.generations() == before


def test_sign_ins_that_have_ended_are_forgotten_when_their_time_is_up(store: Store) -> None:
    store.end_sign_in("short", 100.0, 50.0)
    store.end_sign_in("long", 200.0, 60.0)
    store.end_sign_in("long", 200.0, 70.0)
    assert store.ended_sign_ins(70.0) == {"short": 100.0, "long": 200.0}
    assert store.ended_sign_ins(100.0) == {"long": 200.0}
    store.end_sign_in("another", 300.0, 150.0)
    assert store.ended_sign_ins(0.0) == {"long": 200.0, "another": 300.0}


def test_users_of_an_older_database_get_a_generation_and_keep_what_refers_to_them(
    demo: Store,
) -> None:
    agents, defaults = demo.directory().agents, demo.default_memberships()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with demo.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
    demo.migrate()
    assert demo.directory().agents == agents
    assert demo.default_memberships() == defaults != {}
    generations = demo.generations()
    assert len(set(generations.values())) == len(generations) == len(demo.directory().users)
    assert all(generations.values())
