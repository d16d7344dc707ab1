"""The contact centre's file: what it means, and that every error is named by its key."""

import datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tests.conftest import DEMO, TODAY
from xucd.center.directory import Line
from xucd.config import center_file, writing
from xucd.config.center_file import CenterFileError
from xucd.config.plan import Plan

TEXT = DEMO.read_text(encoding="utf-8")


def problems(text: str) -> list[str]:
    with pytest.raises(CenterFileError) as caught:
        center_file.parse(text, "center.toml", TODAY)
    return caught.value.problems


def changed(old: str, new: str) -> str:
    """The demo's text with the first `old` replaced."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_the_demo_is_read_whole(demo_plan: Plan) -> None:
    assert [group.name for group in demo_plan.groups] == ["default", "boats"]
    assert [(queue.name, queue.wrapup) for queue in demo_plan.queues] == [
        ("support", 5),
        ("sales", 0),
        ("billing", 0),
    ]
    assert demo_plan.lines[0] == Line(1, "1001", "PJSIP/1001")
    assert demo_plan.lines[9] == Line(10, "1010", "PJSIP/1010")
    bruce = demo_plan.agents[0]
    assert (bruce.id, bruce.number, bruce.login, bruce.queues) == (8, "2501", "bruce", {1: 0, 2: 1})
    assert [person.login for person in demo_plan.people][-3:] == ["caroline", "sue", "ada"]
    sue = demo_plan.people[6]
    assert (sue.profile, sue.line_id) == ("Supervisor", 7)
    assert (sue.queue_ids, sue.group_ids) == (frozenset({1}), frozenset({1}))
    assert demo_plan.people[3].last_name == "Saprïtchà"


def test_due_dates_are_counted_from_today(demo_plan: Plan) -> None:
    days = [callback.due_date - TODAY for callback in demo_plan.callback_lists[0].callbacks]
    assert [day.days for day in days] == [0, 1, -1]


@pytest.mark.parametrize(
    ("old", "new", "key", "sentence"),
    [
        ('line = "1003"', 'line = "1099"', "agents[2].line", "there is no line 1099"),
        ("group = 2", "group = 3", "agents[3].group", "are 1 (default), 2 (boats)"),
        ("sales = 1 }", "sale = 1 }", "agents[0].queues.sale", "did you mean sales?"),
        ('queues = ["support"]', 'queues = ["x"]', "users[0].queues[0]", "there is no queue x"),
        ('groups = ["default"]', 'groups = ["x"]', "users[0].groups[0]", "there is no group x"),
        ('queue = "support"', 'queue = "x"', "callbackLists[0].queue", "there is no queue x"),
        (
            'period = "Morning"',
            'period = "Noon"',
            "callbackLists[0].callbacks[1].period",
            'there is no period "Noon"',
        ),
        ("wrapup = 5", "wrapup = -1", "queues[0].wrapup", "expected a whole number >= 0"),
        ("wrapup = 5", "wrapup = 3601", "queues[0].wrapup", "expected a whole number <= 3600"),
        ("wrapup = 5", "wrapUp = 5", "queues[0].wrapUp", "no such key; did you mean wrapup?"),
        ("id = 9", "id = 8", "agents[1].id", "8 is taken by agents[0]"),
        ("id = 9", 'id = "9"', "agents[1].id", "expected a whole number, got text in quotes"),
        ("id = 9", "id = 0", "agents[1].id", "expected a whole number >= 1"),
        ('number = "2502"', 'number = "2501"', "agents[1].number", "2501 is taken by agents[0]"),
        ('number = "2502"', "number = 2502", "agents[1].number", "expected text in quotes"),
        ('number = "2502"', 'number = "25 02"', "agents[1].number", "may hold only digits"),
        ('number = "3001"', 'number = "3000"', "queues[1].number", "3000 is taken by queues[0]"),
        ('login = "sue"', 'login = "bruce"', "users[0].login", "bruce is taken by agents[0]"),
        ('name = "sales"', 'name = "support"', "queues[1].name", "support is taken by queues[0]"),
        ('name = "sales"', 'name = "sal,es"', "queues[1].name", "may hold no comma"),
        ('name = "sales"', 'name = "sales\\n"', "queues[1].name", "may hold no comma"),
        ('name = "sales"', 'name = "Support"', "queues[1].name", "Support is taken by queues[0]"),
        ('name = "boats"', 'name = "default"', "groups[1].name", "default is taken by groups[0]"),
        ('firstName = "Jack"', 'firstName = "J,ack"', "agents[2].firstName", "may hold no comma"),
        ('firstName = "Jack"', 'firstName = "J${x}"', "agents[2].firstName", "may hold no comma"),
        ('firstName = "Jack"', 'firstName = "J\\r\\n"', "agents[2].firstName", "may hold no comma"),
        ('"YourSociety"', '"a\\nb"', "callbackLists[0].callbacks[0].company", "no line break"),
        ('"PJSIP/{number}"', '"PJSIP/1001"', "lines[0].interface", "has to hold {number}"),
        ('"PJSIP/{number}"', '"PJSIP,{number}"', "lines[0].interface", "has to look like PJSIP/1"),
        ('"PJSIP/{number}"', '"Local/{number}@a&b"', "lines[0].interface", "has to look like PJS"),
        (
            '"PJSIP/{number}"',
            '"Local/{number}@from-queue/n"\ndevice = "PJSIP/1001"',
            "lines[0].device",
            "has to hold {number}",
        ),
        (
            '"PJSIP/{number}"',
            '"Local/{number}@from-queue/n"\ndevice = "PJSIP {number}"',
            "lines[0].device",
            "has to look like PJSIP/1",
        ),
        ('"1001-1010"', '"1001-1009"', "lines[0].numbers", "9 numbers do not match 10 ids"),
        ('"1001-1010"', '"1010-1001"', "lines[0].numbers", 'expected a range such as "1001-1010"'),
        ('"1001-1010"', '"1-99999"', "lines[0].numbers", "is a range of more than 10000 lines"),
        ('context = "default"', 'context = "a;b"', "lines[0].context", "may hold only the letters"),
        (
            'profile = "Admin"',
            'profile = "Boss"',
            "users[1].profile",
            'expected "Admin" or "Supervisor", got "Boss"',
        ),
        (
            'rights = ["recording", "dissuasion"]',
            'rights = ["record"]',
            "users[0].rights[0]",
            'expected "dissuasion" or "recording", got "record"',
        ),
        ('"tomorrow"', '"next week"', "callbackLists[0].callbacks[1].dueDate", "expected today, t"),
        ('"tomorrow"', '"2026-02-30"', "callbackLists[0].callbacks[1].dueDate", "the calendar has"),
        ('end = "12:00:00"', 'end = "08:00:00"', "callbackPeriods[0].end", "later than start"),
        ('end = "12:00:00"', 'end = "noon"', "callbackPeriods[0].end", "invalid"),
        ("default = true", "default = false", "callbackPeriods", "one period has to say default"),
        ("[[groups]]", "[[gruops]]\nid = 1\n[[groups]]", "gruops", "did you mean groups?"),
        ("[[groups]]", "[[x]]\nid = 1\n[[groups]]", "x", "the keys are groups, queues, lines, a"),
    ],
)
def test_an_error_is_named_by_its_key(old: str, new: str, key: str, sentence: str) -> None:
    found = problems(changed(old, new))
    assert any(
        problem.startswith(f"center.toml: {key}: ") and sentence in problem for problem in found
    ), found


def test_a_whole_sentence_reads_as_promised() -> None:
    text = changed('line = "1003"', 'line = "1099"')
    assert problems(text) == ["center.toml: agents[2].line: there is no line 1099"]


def test_all_errors_are_reported_at_once() -> None:
    text = TEXT.replace('line = "1003"', 'line = "1099"').replace("group = 2", "group = 9")
    keys = [problem.split(": ")[1] for problem in problems(text)]
    assert keys == ["agents[3].group", "agents[2].line"]


def test_a_mistake_that_shows_in_many_places_is_one_error() -> None:
    (group,) = problems(TEXT.replace("group = 2", "group = 9"))
    assert group.startswith("center.toml: agents[3].group: there is no group 9; ")
    assert group.endswith(" (also agents[4].group, agents[5].group)")
    agents = "".join(
        f'[[agents]]\nid = {id}\nnumber = "{id}"\nlogin = "a{id}"\nfirstName = "A"\n'
        'lastName = "B"\n'
        f'group = 1\nqueues = {{ suport = 0 }}\nprofile = "Boss"\n'
        for id in range(100, 140)
    )
    profile, *_ = problems(TEXT + agents)
    assert profile.endswith(
        "(also agents[7].profile, agents[8].profile, agents[9].profile and 36 more)"
    )
    (queue,) = problems(TEXT + agents.replace('profile = "Boss"\n', 'visibleQueues = ["suport"]\n'))
    assert "there is no queue suport; did you mean support?" in queue
    assert queue.endswith("and 76 more)")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("wrapup = 5", "wrapup = -1", "queues[0].wrapup"),
        ('name = "support"', 'nam = "support"', "queues[0].nam"),
        ('name = "support"', "name = 5", "queues[0].name"),
        ('name = "default"', 'name = ""', "groups[0].name"),
        ('ids = "1-10"', 'ids = "1-9"', "lines[0].numbers"),
        ('ids = "1-10"', "ids = 1", "lines[0].ids"),
        ('end = "12:00:00"', 'end = "noon"', "callbackPeriods[0].end"),
    ],
)
def test_an_entry_that_cannot_be_read_is_one_error_whatever_refers_to_it(
    old: str, new: str, key: str
) -> None:
    (problem,) = problems(changed(old, new))
    assert problem.startswith(f"center.toml: {key}: ")


def test_an_entry_that_cannot_be_read_hides_no_other_error() -> None:
    text = changed("wrapup = 5", "wrapup = -1").replace("sales = 1 }", "boats = 1 }")
    found = problems(text.replace('line = "1003"', 'line = "1099"'))
    assert [problem.split(": ")[1] for problem in found] == [
        "queues[0].wrapup",
        "agents[0].queues.boats",
        "agents[2].line",
    ]


def test_an_entry_that_was_copied_whole_is_one_error() -> None:
    start = TEXT.index("[[agents]]")
    agent = TEXT[start : TEXT.index("[[agents]]", start + 1)]
    (problem,) = problems(f"{TEXT}\n{agent}")
    assert problem == "center.toml: agents[6].id: 8 is taken by agents[0]"


def test_a_syntax_error_is_named_by_its_line() -> None:
    (problem,) = problems('[[groups]]\nid = 1\nname = "default\n')
    assert problem.startswith("center.toml: is not valid TOML: ")
    assert "at line 3" in problem


@pytest.mark.parametrize(
    "text, said",
    [
        ("a = " + "[" * 5000, "its values are nested too deeply"),
        ("[[queues]]\nid = " + "1" * 5000, "a number in it is too long"),
    ],
)
def test_what_python_cannot_hold_is_an_error_of_the_file(text: str, said: str) -> None:
    assert problems(text) == [f"center.toml: is not valid TOML: {said}"]


def test_a_table_in_place_of_a_list_is_named() -> None:
    assert problems("[groups]\nid = 1\n") == [
        "center.toml: groups: expected a list of tables, each under [[groups]]"
    ]


def test_a_callback_given_twice_is_refused() -> None:
    text = TEXT.replace(
        '"0230210083", firstName = "Élodie", lastName = "Noël"',
        '"0230210082", firstName = "Alice", lastName = "O\'Neill"',
    )
    assert "callbacks[1]: has the number and names of callbacks[0]" in problems(text)[0]


def test_an_agent_may_be_a_supervisor_too() -> None:
    text = changed(
        'login = "bruce"',
        'login = "bruce"\nprofile = "Supervisor"\nvisibleQueues = ["sales"]\n'
        'visibleGroups = ["boats"]',
    )
    bruce = center_file.parse(text, "center.toml", TODAY).plan.people[0]
    assert bruce.profile == "Supervisor"
    assert (bruce.queue_ids, bruce.group_ids) == (frozenset({2}), frozenset({2}))


def test_ranges_keep_leading_zeros() -> None:
    text = '[[lines]]\nids = "1-2"\nnumbers = "0009-0010"\ninterface = "SIP/{number}"\n'
    lines = center_file.parse(text, "center.toml", TODAY).plan.lines
    assert [line.interface for line in lines] == ["SIP/0009", "SIP/0010"]


FREEPBX = (
    '[[lines]]\nids = "1-2"\nnumbers = "204-205"\n'
    'interface = "Local/{number}@from-queue/n"\ndevice = "PJSIP/{number}"\n'
)


def test_a_line_has_an_interface_for_its_members_and_a_device_for_its_phone() -> None:
    lines = center_file.parse(FREEPBX, "center.toml", TODAY).plan.lines
    assert [(line.interface, line.device) for line in lines] == [
        ("Local/204@from-queue/n", "PJSIP/204"),
        ("Local/205@from-queue/n", "PJSIP/205"),
    ]


@pytest.mark.parametrize(
    "keys, key",
    [
        ('interface = "PJSIP/205"', "interface"),
        ('interface = "Local/204@FROM-queue/n"', "interface"),  # one member to app_queue
        ('interface = "PJSIP/9"\ndevice = "PJSIP/205"', "device"),
        ('interface = "Local/205@from-queue/n"\ndevice = "PJSIP/9"', "interface"),
        ('interface = "SIP/9"\ndevice = "Local/204@from-queue/n"', "device"),
    ],
)
def test_neither_key_of_a_line_may_be_one_of_another_line(keys: str, key: str) -> None:
    text = f'{FREEPBX}[[lines]]\nid = 9\nnumber = "9"\n{keys}\n'
    (problem,) = problems(text)
    assert problem.startswith(f"center.toml: lines[1].{key}: ")
    assert problem.endswith("is taken by lines[0]")


def test_dates_and_times_may_be_tomls_own() -> None:
    text = TEXT.replace('"tomorrow"', "2027-01-31").replace('"09:00:00"', "09:00:00")
    plan = center_file.parse(text, "center.toml", TODAY).plan
    assert plan.callback_lists[0].callbacks[1].due_date == datetime.date(2027, 1, 31)
    assert plan.periods[0].start == datetime.time(9)


def test_an_unreadable_file_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(CenterFileError, match="cannot be read"):
        center_file.read(tmp_path / "none.toml", TODAY)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(CenterFileError, match="is not UTF-8"):
        center_file.read(tmp_path / "latin.toml", TODAY)


def test_a_written_plan_reads_back_as_the_same(demo_plan: Plan) -> None:
    text = writing.write(demo_plan)
    assert center_file.parse(text, "center.toml", TODAY + datetime.timedelta(9)).plan == demo_plan


def test_a_written_plan_is_one_that_people_can_read(demo_plan: Plan) -> None:
    text = writing.write(demo_plan)
    assert '\n[[groups]]\nid = 1\nname = "default"\n' in text
    assert "\n[agents.queues]\nsupport = 0\nsales = 1\n" in text
    assert 'lastName = "Saprïtchà"\n' in text
    assert 'company = "YourSociety"\n' in text


def test_entries_can_be_added_to_a_written_plan_by_hand(demo_plan: Plan) -> None:
    text = writing.write(demo_plan) + "".join(
        f"\n[[{kind}]]\n{keys}\n"
        for kind, keys in {
            "groups": 'id = 9\nname = "more"',
            "queues": 'id = 9\nname = "more"\ndisplayName = "More"\nnumber = "3999"',
            "lines": 'id = 99\nnumber = "1999"\ninterface = "PJSIP/1999"',
            "agents": 'id = 99\nnumber = "2999"\nlogin = "x"\nfirstName = "X"\nlastName = "Y"\n'
            "group = 9\nqueues = { more = 0 }",
            "users": 'login = "y"\nfirstName = "X"\nlastName = "Y"',
            "callbackPeriods": 'name = "Night"\nstart = 20:00:00\nend = 22:00:00',
            "callbackLists": 'name = "More"\nqueue = "more"\n'
            'callbacks = [{ phoneNumber = "1", dueDate = "today" }]',
        }.items()
    )
    plan = center_file.parse(text, "center.toml", TODAY).plan
    assert len(plan.queues) == len(demo_plan.queues) + 1
    assert len(plan.callback_lists) == len(demo_plan.callback_lists) + 1


def test_a_plan_with_long_callbacks_and_agents_without_queues_reads_back(demo_plan: Plan) -> None:
    lists = demo_plan.callback_lists
    long = msgspec.structs.replace(lists[0].callbacks[0], description="long " * 60)
    agents = [msgspec.structs.replace(agent, queues={}) for agent in demo_plan.agents]
    plan = msgspec.structs.replace(
        demo_plan,
        agents=tuple(agents),
        callback_lists=(
            msgspec.structs.replace(lists[0], callbacks=(long, *lists[0].callbacks[1:])),
        ),
    )
    assert center_file.parse(writing.write(plan), "center.toml", TODAY).plan == plan


def test_texts_with_quotes_and_backslashes_are_written_as_they_are(demo_plan: Plan) -> None:
    text = "a \"quoted\" \\ 'text' # with [brackets] and = signs"
    callbacks = demo_plan.callback_lists[0]
    first = replace(callbacks.callbacks[0], company=text, description=text[::-1])
    plan = replace(demo_plan, callback_lists=(replace(callbacks, callbacks=(first,)),))
    assert center_file.parse(writing.write(plan), "center.toml", TODAY).plan == plan
