"""Applying a plan: what it adds, changes, removes, leaves alone, and says."""

import datetime

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, event, func, select, update

from tests.conftest import DEMO, TODAY
from xucd.center.directory import Line, Queue
from xucd.center.station import Station
from xucd.config import center_file, writing
from xucd.config.plan import Plan
from xucd.config.validation import ConfigValueError
from xucd.store import Store, StoreError, tables
from xucd.store.apply import apply, preview, write_plan
from xucd.store.export import export
from xucd.store.lacking import lacking

TEXT = DEMO.read_text(encoding="utf-8")


def plan_of(text: str, today: datetime.date = TODAY) -> Plan:
    return center_file.parse(text, "center.toml", today).plan


def without(plan: Plan, login: str) -> Plan:
    return replace(
        plan,
        agents=tuple(agent for agent in plan.agents if agent.login != login),
        people=tuple(person for person in plan.people if person.login != login),
    )


def callbacks(store: Store) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(tables.callback_requests)) or 0


def test_the_first_time_everything_is_added_and_told(store: Store, demo_plan: Plan) -> None:
    said = apply(store, demo_plan)
    for line in (
        "added group boats",
        "added queue support",
        "added line 1010",
        "added user sue",
        "added agent 2501",
        "set queues of agent 2501: support 0, sales 1",
        "added callback period Morning",
        "added callback list Test list",
        "added callback 0230210082 to Test list",
    ):
        assert line in said
    assert callbacks(store) == 3


def test_the_device_of_a_line_is_stored_changed_and_exported(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    line = replace(demo_plan.lines[0], interface="Local/1001@from-queue/n", device="PJSIP/1001")
    changed = replace(demo_plan, lines=(line, *demo_plan.lines[1:]))
    assert apply(store, changed) == [
        "changed line 1001: interface PJSIP/1001 to Local/1001@from-queue/n, "
        "device none to PJSIP/1001"
    ]
    assert store.directory().line_by_device["PJSIP/1001"] == line
    assert plan_of(writing.write(export(store))).lines == changed.lines


def test_the_second_time_nothing_changes_whatever_the_day(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    later = plan_of(TEXT, TODAY + datetime.timedelta(3))
    assert apply(store, later) == []
    assert callbacks(store) == 3


def test_users_are_numbered_in_order_of_appearance_and_keep_their_number(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    before = {login: user.id for login, user in store.directory().user_by_login.items()}
    assert before["bruce"] == 1
    assert before["ada"] == 8
    apply(store, without(demo_plan, "bruce"), prune=True)
    after = {login: user.id for login, user in store.directory().user_by_login.items()}
    assert after == {login: id for login, id in before.items() if login != "bruce"}


def test_what_changed_is_told_with_old_and_new(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    text = TEXT.replace("wrapup = 5", "wrapup = 7").replace('"Wail"', '"Whale"')
    text = text.replace('"1003"', '"1009"').replace('profile = "Admin"', 'profile = "Supervisor"')
    assert apply(store, plan_of(text)) == [
        "changed queue support: wrapup 5 to 7",
        "changed user bruce: last name Wail to Whale",
        "changed user jack: line id 3 to 9",
        "changed user ada: profile Admin to Supervisor",
    ]
    assert store.directory().agents[10].line_id == 9


def test_what_the_plan_lacks_is_removed_with_all_that_hangs_on_it(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    store.put_station(Station(8, 1, logged_in=True, since=0.0))
    said = apply(store, without(demo_plan, "bruce"), prune=True)
    assert said == ["removed agent 2501", "removed user bruce"]
    assert 8 not in store.directory().agents
    assert 8 not in store.memberships()
    assert store.stations() == {}
    assert apply(store, Plan(), prune=True)[-1].startswith("removed group")
    assert store.directory().users == {}
    assert callbacks(store) == 0


def test_a_plan_that_lacks_all_or_half_removes_nothing(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    before = writing.write(export(store))
    assert apply(store, Plan()) == []
    half = plan_of(TEXT[: TEXT.index("[[agents]]")])
    assert apply(store, half) == []
    assert writing.write(export(store)) == before


def test_an_agent_without_the_key_keeps_its_queues_and_an_empty_one_takes_them(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    key = "queues = { support = 0, sales = 1 }\n"
    assert TEXT.count(key) == 1
    assert apply(store, plan_of(TEXT.replace(key, ""))) == []
    assert store.memberships()[8] == {1: 0, 2: 1}
    changes = apply(store, plan_of(TEXT.replace(key, "queues = {}\n")))
    assert changes == ["set queues of agent 2501: none"]
    text = writing.write(export(store))
    assert plan_of(text).agents[0].queues == {}


def test_what_the_plan_lacks_is_counted_by_kind(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    assert lacking(store, demo_plan).counted == ()
    bruce = lacking(store, without(demo_plan, "bruce"))
    assert bruce.counted == ("1 user (bruce)", "1 agent (2501)")
    found = lacking(store, Plan()).counted
    assert "3 queues (support, sales, billing)" in found
    assert "10 lines (1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010)" in found
    assert "1 callback list (Test list) with 3 callbacks" in found


@pytest.mark.parametrize("meanwhile", ["one more", "another of those not named", "a callback"])
def test_only_what_was_counted_is_removed(store: Store, demo_plan: Plan, meanwhile: str) -> None:
    lines = tuple(Line(100 + at, f"2{at:02}", f"PJSIP/2{at:02}") for at in range(12))
    apply(store, replace(demo_plan, lines=demo_plan.lines + lines))
    counted = lacking(store, Plan())
    if meanwhile == "a callback":
        (planned,) = demo_plan.callback_lists
        late = replace(planned, callbacks=(replace(planned.callbacks[0], first_name="Late"),))
        apply(store, replace(demo_plan, callback_lists=(late,)))
    else:
        with store.writing() as connection:
            if meanwhile != "one more":
                connection.execute(delete(tables.lines).where(tables.lines.c.id == 111))
            row = {"id": 200, "number": "299", "interface": "PJSIP/299", "context": "default"}
            connection.execute(tables.lines.insert().values(**row))
    before = writing.write(export(store))
    with pytest.raises(StoreError, match="has been changed after it was counted"):
        apply(store, Plan(), prune=True, agreed=counted)
    assert writing.write(export(store)) == before
    again = lacking(store, Plan())
    assert apply(store, Plan(), prune=True, agreed=again)[-1].startswith("removed group")


def test_a_preview_says_what_would_be_changed_and_changes_nothing(
    store: Store, demo_plan: Plan
) -> None:
    said = preview(store, demo_plan)
    assert store.directory().agents == {}
    assert said == apply(store, demo_plan)
    before = writing.write(export(store))
    text = TEXT.replace("wrapup = 5", "wrapup = 7")
    other = without(plan_of(text), "bruce")
    assert preview(store, other) == ["changed queue support: wrapup 5 to 7"]
    assert preview(store, other, prune=True)[1:] == ["removed agent 2501", "removed user bruce"]
    assert writing.write(export(store)) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = 2\nname = "sales"', 'id = 7\nname = "sales"', "queues[1]: name sales"),
        ('id = 8\nnumber = "2501"', 'id = 20\nnumber = "2501"', "agents[0]: number 2501"),
        ('id = 8\nnumber = "2501"', 'id = 20\nnumber = "2599"', "agents[0]: its user"),
        ('ids = "1-10"', 'ids = "11-20"', "lines: number 1001"),
    ],
)
def test_what_is_kept_keeps_its_names_and_numbers(
    store: Store, demo_plan: Plan, old: str, new: str, said: str
) -> None:
    apply(store, demo_plan)
    before = writing.write(export(store))
    assert old in TEXT
    file = center_file.parse(TEXT.replace(old, new), "center.toml", TODAY)
    with pytest.raises(ConfigValueError) as caught:
        apply(store, file.plan)
    assert f"center.toml: {said} is that of the " in file.describe(caught.value)
    assert "--prune" in caught.value.problem
    assert writing.write(export(store)) == before


def test_a_name_that_asterisk_takes_for_a_kept_queues_is_that_ones(store: Store) -> None:
    sales, tours = Queue(1, "sales", "Sales", "500"), Queue(2, "tours", "Tours", "501")
    apply(store, Plan(queues=(sales, tours)))
    for wanted in (Queue(3, "Sales", "Other", "502"), replace(tours, name="SALES")):
        with pytest.raises(ConfigValueError, match=r"that of the queue sales with id 1.*--prune"):
            apply(store, Plan(queues=(wanted,)))
    assert apply(store, Plan(queues=(replace(sales, name="Sales"),))) == [
        "changed queue sales: name sales to Sales"
    ]


@pytest.mark.parametrize(
    ("kept", "wanted", "said"),
    [
        (("Local/204@x/n", "PJSIP/204"), ("Local/204@y/n", "PJSIP/204"), "device PJSIP/204"),
        (("PJSIP/204", ""), ("Local/204@y/n", "PJSIP/204"), "device PJSIP/204"),
        (("Local/204@x/n", "PJSIP/204"), ("PJSIP/204", ""), "interface PJSIP/204"),
        (("SIP/anna", ""), ("SIP/Anna", ""), "interface SIP/Anna"),  # one member to app_queue
    ],
)
def test_no_line_rings_the_phone_of_a_line_that_is_kept(
    store: Store, kept: tuple[str, str], wanted: tuple[str, str], said: str
) -> None:
    apply(store, Plan(lines=(Line(7, "204", kept[0], "default", kept[1]),)))
    plan = Plan(lines=(Line(8, "205", wanted[0], "default", wanted[1]),))
    with pytest.raises(
        ConfigValueError, match=f"{said} of line 205 .* line 204 with id 7.*--prune"
    ):
        apply(store, plan)
    assert store.directory().lines.keys() == {7}
    apply(store, plan, prune=True)
    assert store.directory().lines.keys() == {8}


def test_of_two_default_periods_the_plans_is_the_one(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    (period, *_) = [period for period in demo_plan.periods if period.default]
    other = replace(demo_plan, periods=(replace(period, name="Late"),))
    changes = apply(store, other)
    assert "added callback period Late" in changes
    assert f"changed callback period {period.name}: default True to False" in changes
    assert [each.name for each in export(store).periods if each.default] == ["Late"]


def test_a_password_outlives_every_change_of_its_user(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    store.set_password_hash("sue", "$argon2id$x")
    apply(store, plan_of(TEXT.replace('"Pervisor"', '"Other"')))
    assert store.password_hash("sue") == "$argon2id$x"


def test_names_and_numbers_may_be_swapped(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    first, second, third = demo_plan.queues
    swapped = replace(
        demo_plan,
        queues=(
            replace(first, name=second.name, number=second.number),
            replace(second, name=first.name, number=first.number),
            third,
        ),
        agents=(
            replace(demo_plan.agents[0], number="2502", login="alice"),
            replace(demo_plan.agents[1], number="2501", login="bruce"),
            *demo_plan.agents[2:],
        ),
    )
    apply(store, swapped)
    directory = store.directory()
    assert directory.queue_by_name["sales"].id == 1
    assert directory.agent_by_member_name["Agent/2501"].id == 9
    assert directory.agents[8].first_name == "Alice"
    assert store.password_hash("alice") is None


def test_a_number_may_go_from_one_that_is_removed_to_one_that_is_new(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    text = TEXT.replace('id = 8\nnumber = "2501"', 'id = 20\nnumber = "2501"')
    assert apply(store, plan_of(text), prune=True) == [
        "added agent 2501",
        "set queues of agent 2501: support 0, sales 1",
        "removed agent 2501",
    ]
    assert store.directory().agent_by_member_name["Agent/2501"].id == 20
    assert store.memberships()[20] == {1: 0, 2: 1}


def test_an_agent_that_a_supervisor_moved_stays_where_it_is(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    store.set_membership(8, 3, 4)
    store.remove_membership(8, 1)
    assert apply(store, demo_plan) == []
    assert store.memberships()[8] == {2: 1, 3: 4}


def test_an_agent_whose_queues_changed_in_the_plan_follows_it(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    store.set_membership(8, 3, 4)
    store.set_membership(9, 3, 4)
    text = TEXT.replace("{ support = 0, sales = 1 }", "{ billing = 2 }")
    assert apply(store, plan_of(text)) == ["set queues of agent 2501: billing 2"]
    assert store.memberships()[8] == {3: 2}
    assert store.default_memberships()[1] == {3: 2}
    assert store.memberships()[9] == {1: 0, 3: 4}


def test_a_queue_that_is_added_to_an_agents_leaves_those_where_a_supervisor_put_it(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    store.set_membership(8, 1, 4)
    store.remove_membership(8, 2)
    text = TEXT.replace("{ support = 0, sales = 1 }", "{ support = 0, sales = 1, billing = 2 }")
    apply(store, plan_of(text))
    assert store.memberships()[8] == {1: 4, 3: 2}
    assert store.default_memberships()[1] == {1: 0, 2: 1, 3: 2}


def test_a_removed_queue_leaves_the_other_memberships_alone(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    store.set_membership(11, 1, 6)
    queues = "{ sales = 0, billing = 0 }"
    text = TEXT.replace(queues, "{ sales = 0 }").replace("{ billing = 0 }", "{}")
    start, end = text.index("[[queues]]\nid = 3"), text.index("# Lines 1001")
    assert apply(store, plan_of(text[:start] + text[end:]), prune=True) == ["removed queue billing"]
    assert store.memberships()[11] == {1: 6, 2: 0}


def test_a_callback_that_has_been_worked_on_is_left_as_it_became(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    requests = tables.callback_requests
    other_day = datetime.date(2027, 1, 1)
    with store.writing() as connection:
        connection.execute(update(requests).values(due_date=other_day, clotured=True))
    assert apply(store, demo_plan) == []
    with store.reading() as connection:
        assert set(connection.scalars(select(requests.c.due_date))) == {other_day}
    assert export(store).callback_lists[0].callbacks == ()


def test_a_removed_callback_list_says_how_much_goes_with_it(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    assert apply(store, replace(demo_plan, callback_lists=()), prune=True) == [
        "removed callback list Test list and its 3 callbacks"
    ]


def test_a_user_is_not_given_another_id_or_that_of_somebody_else(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    for old, new, path, sentence in (
        ('login = "sue"', 'login = "sue"\nid = 99', ("users", 0, "id"), "sue has the id 7 already"),
        ('login = "jack"', 'login = "jo"\nuserId = 8', ("agents", 2, "userId"), "8 is the id of a"),
    ):
        text = TEXT.replace(old, new).replace("wrapup = 5", "wrapup = 9")
        with pytest.raises(ConfigValueError, match=sentence) as caught:
            apply(store, plan_of(text))
        assert caught.value.path == path
    assert store.directory().queues[1].wrapup == 5


def test_an_exported_store_makes_the_same_store_elsewhere(
    store: Store, demo_plan: Plan, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Removing and adding leaves gaps among the ids of users, which have to come out the same.
    apply(store, demo_plan)
    apply(store, without(demo_plan, "alice"), prune=True)
    apply(store, demo_plan)
    text = writing.write(export(store))
    copy = Store(f"sqlite:///{tmp_path_factory.mktemp('copy')}/xucd.db")
    copy.migrate()
    apply(copy, plan_of(text, TODAY + datetime.timedelta(30)))
    ours, theirs = store.directory(), copy.directory()
    assert vars(theirs) == vars(ours)
    assert theirs.user_by_login["alice"].id == 9
    assert copy.memberships() == store.memberships()
    assert copy.default_memberships() == store.default_memberships()
    assert export(copy) == export(store)
    for table in (tables.callback_periods, tables.callback_lists, tables.callback_requests):
        with store.reading() as here, copy.reading() as there:
            query = select(table).order_by(table.c.uuid)
            assert here.execute(query).all() == there.execute(query).all()
    assert apply(store, plan_of(text)) == []
    copy.close()


@pytest.mark.parametrize("again", ["added", "changed", "removed"])
def test_more_agents_are_no_more_statements(store: Store, again: str) -> None:
    """Each statement of SQLAlchemy's costs more than the rows of a hundred agents."""
    few, many = _statements(store, _centre(2), again), _statements(store, _centre(40), again)
    assert few == many


def _centre(agents: int, *, queues: str = "support = 0", number: int = 7000) -> Plan:
    ids = range(1, agents + 1)
    text = ['[[groups]]\nid = 1\nname = "default"\n']
    for queue_id, name in enumerate(("support", "sales"), start=1):
        text.append(f'[[queues]]\nid = {queue_id}\nname = "{name}"\ndisplayName = "{name}"\n')
        text.append(f'number = "300{queue_id}"\n')
    for each in ids:
        line, agent = number + each, number + 500 + each
        text.append(f'[[lines]]\nid = {each}\nnumber = "{line}"\ninterface = "PJSIP/{line}"\n')
        text.append(f'[[agents]]\nid = {each}\nnumber = "{agent}"\nlogin = "agent{each}"\n')
        text.append(f'firstName = "{agent}"\nlastName = "Wail"\ngroup = 1\n')
        text.append(f'line = "{line}"\nqueues = {{ {queues} }}\n')
    return plan_of("".join(text))


def _statements(store: Store, plan: Plan, again: str) -> int:
    """How many statements it takes to add a plan, to change each row of it, or to remove it."""
    nothing, agents = _centre(0), len(plan.agents)
    apply(store, nothing, prune=True)
    other = _centre(agents, queues="support = 1, sales = 0", number=8000)
    before, after = {
        "added": (nothing, plan),
        "changed": (plan, other),
        "removed": (plan, nothing),
    }[again]
    apply(store, before, prune=True)
    made: list[str] = []
    with store.trying() as connection:
        event.listen(connection, "before_cursor_execute", lambda *said: made.append(said[2]))
        said = list(write_plan(connection, after, prune=True))
    assert len(said) >= agents
    return len(made)
