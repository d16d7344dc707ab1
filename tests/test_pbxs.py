"""Lines and queues of several PBXs in one centre: the file, the store, and names of queues."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import replace
from sqlalchemy import inspect, text

from tests.conftest import TODAY
from xucd.center.directory import MAIN, Agent, Directory, Group, Line, Queue, User
from xucd.center.station import Station
from xucd.config import center_file, user_file, writing
from xucd.config.center_file import CenterFileError
from xucd.config.cluster import Cluster
from xucd.config.plan import Plan
from xucd.config.validation import ConfigValueError
from xucd.store import Store, StoreError, directory_users
from xucd.store.apply import apply, preview
from xucd.store.database import MIGRATIONS
from xucd.store.directory_users import DirectoryUser
from xucd.store.export import export
from xucd.store.repository import Granted
from xucd.tools.check import served

SITES = """
[[groups]]
id = 1
name = "all"
[[queues]]
id = 1
name = "sales"
displayName = "Sales"
number = "500"
[[queues]]
id = 2
name = "Sales"
displayName = "Sales north"
number = "8500"
pbx = "north"
[[queues]]
id = 3
name = "tours"
displayName = "Tours"
number = "8501"
pbx = "north"
[[lines]]
id = 1
number = "101"
interface = "PJSIP/101"
[[lines]]
ids = "11-12"
numbers = "8101-8102"
interface = "Local/{number}@members/n"
device = "PJSIP/{number}"
pbx = "north"
[[lines]]
id = 13
number = "8103"
interface = "PJSIP/101"
pbx = "north"
[[agents]]
id = 1
number = "2001"
login = "ada"
firstName = "Ada"
lastName = "A"
group = 1
line = "8101"
queues = { "sales [main]" = 1, "Sales [north]" = 2, tours = 3 }
[[users]]
login = "sue"
firstName = "Sue"
lastName = "S"
profile = "Supervisor"
queues = ["Sales [north]"]
[[callbackPeriods]]
name = "day"
start = 08:00:00
end = 18:00:00
default = true
[[callbackLists]]
name = "list"
queue = "sales [main]"
"""
CLUSTER = Cluster(node="a", pbx="north", servers=("tls://nats.example",))


def read(content: str = SITES) -> Plan:
    return center_file.parse(content, "center.toml", TODAY).plan


def problems(old: str, new: str) -> list[str]:
    assert old in SITES
    with pytest.raises(CenterFileError) as caught:
        read(SITES.replace(old, new, 1))
    return caught.value.problems


def test_a_file_names_the_pbx_of_lines_and_queues_that_are_not_on_the_main_one() -> None:
    plan = read()
    assert [queue.pbx for queue in plan.queues] == ["main", "north", "north"]
    assert [(line.number, line.pbx) for line in plan.lines] == [
        ("101", "main"), ("8101", "north"), ("8102", "north"), ("8103", "north"),
    ]  # fmt: skip


def test_a_queue_whose_name_several_pbxs_have_is_named_with_its_pbx() -> None:
    plan = read()
    assert plan.agents[0].queues == {1: 1, 2: 2, 3: 3}
    assert plan.people[1].queue_ids == frozenset({2})
    assert plan.callback_lists[0].queue_id == 1
    assert problems('"sales [main]" = 1', "sales = 1") == [
        "center.toml: agents[0].queues.sales: several PBXs have a queue sales: write"
        ' "sales [main]" or "Sales [north]"'
    ]
    assert problems('"sales [main]" = 1', '"sales [nroth]" = 1') == [
        "center.toml: agents[0].queues.sales [nroth]: there is no queue sales [nroth]; did you mean"
        " Sales [north]?"
    ]
    # Always allowed, and the plain name where it is enough.
    assert read(SITES.replace("tours = 3", '"tours [north]" = 3')) == plan


def test_an_entry_that_cannot_be_read_still_counts_as_what_is_named_with_its_pbx() -> None:
    (problem,) = problems('number = "8500"', "number = 8500")
    assert problem.startswith("center.toml: queues[1].number")


def test_what_is_written_is_read_as_the_same_and_says_no_more_than_it_has_to() -> None:
    plan = read()
    written = writing.write(plan)
    written_queues, written_lines = written.count("[[queues]]"), written.count("[[lines]]")
    assert (written_queues, written_lines, written.count("pbx = ")) == (3, 4, 5)
    assert 'main"' not in written
    assert read(written) == plan
    assert "tours = 3" in written


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('pbx = "north"', 'pbx = "main"', "queues[1].name: Sales is taken by queues[0]"),
        ('number = "8500"', 'number = "500"', "queues[1].number: 500 is taken by queues[0]"),
        ("id = 2", "id = 1", "queues[1].id: 1 is taken by queues[0]"),
        ('8103"\ninterface = "PJSIP/101', '8103"\ninterface = "PJSIP/8102', "is taken by lines[1]"),
        ('number = "8103"', 'number = "101"', "lines[2].number: 101 is taken by lines[0]"),
        ("id = 13", "id = 1", "lines[2].id: 1 is taken by lines[0]"),
        ('pbx = "north"', 'pbx = "North"', "queues[1].pbx: may hold only the letters a to z"),
    ],
)
def test_a_double_is_refused_on_one_pbx_and_of_ids_and_numbers_in_the_whole_centre(
    old: str, new: str, problem: str
) -> None:
    assert any(problem in each for each in problems(old, new))


def test_a_store_keeps_the_pbx_and_exports_it(store: Store) -> None:
    plan = read()
    told = apply(store, plan)
    assert "set queues of agent 2001: sales [main] 1, Sales [north] 2, tours 3" in told
    assert apply(store, plan) == []
    assert writing.write(export(store)) == writing.write(
        replace(plan, people=tuple(replace(p, user_id=i) for i, p in enumerate(plan.people, 1)))
    )
    assert apply(store, read(SITES.replace('"8103"', '"8103"\ncontext = "x"'))) == [
        "changed line 8103: context default to x"
    ]
    moved = replace(plan, queues=(*plan.queues[:2], replace(plan.queues[2], pbx="south")))
    assert apply(store, moved)[0] == "changed queue tours: pbx north to south"


def test_what_is_kept_is_in_the_way_of_nothing_on_another_pbx(store: Store) -> None:
    sales, phone = Queue(1, "sales", "Sales", "500"), Line(1, "101", "PJSIP/101")
    apply(store, Plan(queues=(sales,), lines=(phone,)))
    for wanted in (
        Plan(queues=(Queue(2, "Sales", "Sales", "8500"),)),
        Plan(queues=(Queue(2, "tours", "Tours", "500", pbx="north"),)),
        Plan(lines=(Line(2, "102", "PJSIP/101"),)),
        Plan(lines=(Line(2, "101", "PJSIP/8101", pbx="north"),)),
    ):
        with pytest.raises(ConfigValueError, match="which the file lacks"):
            apply(store, wanted)
    there = Plan(
        queues=(Queue(2, "Sales", "Sales", "8500", pbx="north"),),
        lines=(Line(2, "8101", "PJSIP/101", pbx="north"),),
    )
    assert apply(store, there) == ["added queue Sales", "added line 8101"]


def test_queues_and_lines_may_swap_their_pbxs(store: Store) -> None:
    queues = (Queue(1, "a", "A", "1"), Queue(2, "a", "A", "2", pbx="north"))
    lines = (Line(1, "11", "PJSIP/1"), Line(2, "12", "PJSIP/1", pbx="north"))
    apply(store, Plan(queues=queues, lines=lines))
    swapped = Plan(
        queues=(replace(queues[0], pbx="north"), replace(queues[1], pbx="main")),
        lines=(replace(lines[0], pbx="north"), replace(lines[1], pbx="main")),
    )
    assert len(apply(store, swapped)) == 4
    assert tuple(store.directory().queues.values()) == swapped.queues
    assert tuple(store.directory().lines.values()) == swapped.lines


def test_a_csv_file_names_queues_as_the_centres_file_does(store: Store) -> None:
    apply(store, read())
    header = "login;firstName;lastName;profile;queues\n"
    line = 'zoe;Zoe;Z;Supervisor;"sales [north], Tours"\n'
    plan = user_file.read((header + line).encode(), store.configured(), 8).plan
    assert plan.people[0].queue_ids == frozenset({2, 3})
    with pytest.raises(user_file.UserFileError) as caught:
        user_file.read((header + line.replace(" [north]", "")).encode(), store.configured(), 8)
    assert caught.value.lines[0].message == (
        'queues: several PBXs have a queue sales: write "sales [main]" or "sales [north]"'
    )


@pytest.mark.parametrize(
    ("granted", "seen"),
    [("SALES [north]", {2}), ("sales [main]", {1}), ("Tours", {3}), ("sales", set())],
)
def test_a_grant_of_a_name_that_several_pbxs_have_gives_only_what_its_pbx_has(
    store: Store, granted: str, seen: set[int]
) -> None:
    apply(store, read())
    zoe = DirectoryUser(
        login="zoe", first_name="Zoe", last_name="Z", origin="ldap", is_member=True,
        granted=Granted(profile="Supervisor", queues=(granted,)),
    )  # fmt: skip
    directory_users.admit(store, zoe, "127.0.0.1", 1.0, create=True)
    assert store.directory().user_by_login["zoe"].queue_ids == seen


def test_of_one_pbx_a_directory_has_its_lines_and_queues_and_everybody() -> None:
    whole = Directory(
        [Group(1, "all")],
        [Queue(1, "sales", "S", "1"), Queue(2, "sales", "S", "2", pbx="north")],
        [Line(1, "11", "PJSIP/1"), Line(2, "12", "PJSIP/1", pbx="north")],
        [Agent(1, "2001", "Ada", "A", 1, 1, line_id=1)],
        [User(1, "ada", "Ada", "A", line_id=1, agent_id=1, queue_ids=frozenset({1, 2}))],
    )
    north = whole.of_pbx("north")
    assert (north.queue_by_name["SALES"].id, north.line_by_interface["PJSIP/1"].id) == (2, 2)
    assert list(north.queues) == list(north.lines) == [2]
    assert north.line_by_number.keys() == {"12"}
    assert (north.groups, north.agents, north.users) == (whole.groups, whole.agents, whole.users)
    assert whole.of_pbx(MAIN).queue_by_name["sales"].id == 1
    # Where there is one PBX, nothing is made anew.
    assert north.of_pbx("north") is north


def test_a_check_looks_for_what_is_on_the_pbx_and_tells_of_what_nobody_serves(
    store: Store,
) -> None:
    apply(store, read())
    directory, findings = served(store.directory(), None)
    assert directory.queues.keys() == {1}
    assert [finding.code for finding in findings] == ["PbxUnserved"]
    assert "2 queues (Sales, tours) and 3 lines (8101, 8102, 8103)" in findings[0].text
    directory, findings = served(store.directory(), CLUSTER)
    assert (list(directory.queues), findings) == ([2, 3], [])
    assert served(directory.of_pbx("south"), None)[1] == []


@pytest.fixture
def demo(store: Store, demo_plan: Plan) -> Store:
    """A store that holds the demo's contact centre."""
    apply(store, demo_plan)
    return store


def downgrade(store: Store) -> None:
    """Give a store the tables of before."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0011")


def test_an_older_database_keeps_its_lines_and_queues_and_all_that_refers_to_them(
    demo: Store,
) -> None:
    demo.put_station(Station(8, 1, logged_in=True, since=1.5))
    before = (writing.write(export(demo)), demo.memberships(), demo.stations())
    downgrade(demo)
    with demo.reading() as connection:
        assert "pbx" not in {each["name"] for each in inspect(connection).get_columns("queues")}
    demo.migrate()
    assert (writing.write(export(demo)), demo.memberships(), demo.stations()) == before
    assert {line.pbx for line in demo.directory().lines.values()} == {MAIN}
    for statement in (
        "INSERT INTO queues SELECT 99, name, display_name, '99', context, wrapup, pbx FROM queues"
        " WHERE id = 1",
        # References are kept again, as before the tables were copied.
        "UPDATE stations SET line_id = 9999",
    ):
        with pytest.raises(StoreError, match=r"(?i)unique|foreign key"), demo.writing() as open_:
            open_.execute(text(statement))


def test_a_preview_on_an_older_database_leaves_it_as_it_was(demo: Store, demo_plan: Plan) -> None:
    downgrade(demo)
    assert preview(demo, demo_plan) == []
    with demo.reading() as connection:
        assert "pbx" not in {each["name"] for each in inspect(connection).get_columns("lines")}
    with pytest.raises(StoreError, match=r"(?i)foreign key"), demo.writing() as connection:
        connection.execute(text("UPDATE users SET line_id = 9999"))
