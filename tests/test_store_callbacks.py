"""Callbacks in the store, the same over SQLite and PostgreSQL."""

import datetime
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import delete, text

from tests.conftest import DEMO, TODAY
from xucd.center import callbacks as rules
from xucd.center.callbacks import (
    Condition,
    NewRequest,
    Order,
    Request,
    Search,
    Ticket,
    TicketUpdate,
)
from xucd.center.directory import MAIN
from xucd.center.refused import Refused
from xucd.config import center_file
from xucd.config import writing as config_writing
from xucd.config.plan import Plan
from xucd.store import Store, tables
from xucd.store import callback_reading as reading
from xucd.store import callback_writing as writing
from xucd.store.apply import apply
from xucd.store.database import MIGRATIONS
from xucd.store.export import export

BRUCE, ALICE, JACK = 8, 9, 10
NOW = datetime.datetime.combine(TODAY, datetime.time(12)).timestamp()
TOMORROW = TODAY + datetime.timedelta(days=1)


@pytest.fixture
def demo(store: Store, demo_plan: Plan) -> Store:
    """A store that holds the demo's contact centre."""
    apply(store, demo_plan)
    return store


def any_check(_: object) -> None:
    """Everything is allowed."""


def first(store: Store) -> Request:
    return next(one for one in reading.open_requests(store) if one.last_name == "O'Neill")


def now(store: Store, request: Request) -> Request:
    found = reading.request(store, request.uuid)
    assert found is not None
    return found


def ticket_now(store: Store, ticket_uuid: UUID) -> Ticket:
    return next(ticket for ticket in reading.tickets(store) if ticket.uuid == ticket_uuid)


def called(store: Store, request: Request, agent_id: int = BRUCE) -> UUID:
    """A ticket of a request that the agent has taken."""
    writing.take(store, request.uuid, agent_id, any_check)
    ticket = new_ticket(request, agent_id)
    writing.create_ticket(store, ticket, any_check)
    return ticket.uuid


def new_ticket(request: Request, agent_id: int = BRUCE) -> writing.NewTicket:
    return writing.NewTicket(
        uuid=uuid.uuid4(),
        request_uuid=request.uuid,
        agent_id=agent_id,
        phone_number=request.phone_number or "",
        started=NOW,
    )


def found(store: Store, *conditions: Condition, **search: object) -> list[str | None]:
    wanted = Search(conditions, **search)  # type: ignore[arg-type]
    return [one.first_name for one in reading.search(store, wanted).requests]


def test_of_fifty_that_take_one_callback_at_once_one_has_it_and_all_hear_who(
    store_url: str, demo: Store
) -> None:
    request, takers = first(demo), [BRUCE, ALICE, JACK, 11, 12] * 10
    # Each with a store of its own: it is the database that decides, not one process.
    stores, barrier = [Store(store_url) for _ in range(10)], threading.Barrier(10)

    def take(number: int) -> list[tuple[bool, int | None]]:
        barrier.wait()
        mine = takers[number::10]
        outcomes = [writing.take(stores[number], request.uuid, one, any_check) for one in mine]
        return [(won, held.agent_id) for won, held in outcomes]

    with ThreadPoolExecutor(10) as pool:
        outcomes = [one for several in pool.map(take, range(10)) for one in several]
    for one in stores:
        one.close()
    assert [won for won, _ in outcomes].count(True) == 1
    assert {holder for _, holder in outcomes} == {now(demo, request).agent_id}
    assert None not in {holder for _, holder in outcomes}


def test_what_a_permission_check_refuses_changes_nothing(demo: Store) -> None:
    request = first(demo)
    ticket = called(demo, request)
    before = (now(demo, request), ticket_now(demo, ticket))

    def refuse(_: Request) -> None:
        raise Refused("NotAuthorized")

    closed = TicketUpdate(status="Answered")
    for attempt in (
        lambda: writing.release(demo, request.uuid, refuse),
        lambda: writing.remove(demo, request.uuid, refuse),
        lambda: writing.update_ticket(demo, ticket, closed, refuse),
        lambda: writing.create_ticket(demo, new_ticket(request), refuse),
    ):
        with pytest.raises(Refused):
            attempt()
    assert (now(demo, request), ticket_now(demo, ticket)) == before
    assert len(reading.tickets(demo)) == 1


@pytest.mark.parametrize("status", ["NoAnswer", "Answered", "Fax", "Email"])
def test_a_ticket_closes_its_request(demo: Store, status: rules.TicketStatus) -> None:
    request = first(demo)
    ticket = called(demo, request)
    update = TicketUpdate(status=status, comment="said so")
    filled, before, after = writing.update_ticket(demo, ticket, update, any_check)
    assert (filled.status, filled.comment) == (status, "said so")
    assert before is not None and after is not None
    assert (before.clotured, after.clotured) == (False, True)
    assert request.uuid not in {one.uuid for one in reading.open_requests(demo)}
    assert writing.update_ticket(demo, ticket, update, any_check) == (filled, None, None)


def test_a_ticket_that_says_callback_opens_its_request_for_another_day(demo: Store) -> None:
    request = first(demo)
    morning = next(one for one in reading.periods(demo) if one.name == "Morning")
    ticket = called(demo, request)
    update = TicketUpdate(status="Callback", due_date=TOMORROW, period_uuid=morning.uuid)
    _, _, after = writing.update_ticket(demo, ticket, update, any_check)
    assert after == now(demo, request)
    assert after is not None
    assert (after.agent_id, after.clotured) == (None, False)
    assert (after.due_date, after.period) == (TOMORROW, morning)


def test_a_period_that_there_is_not_changes_nothing(demo: Store) -> None:
    request = first(demo)
    ticket = called(demo, request)
    update = TicketUpdate(status="Callback", due_date=TOMORROW, period_uuid=uuid.uuid4())
    with pytest.raises(writing.Unknown, match="Period"):
        writing.update_ticket(demo, ticket, update, any_check)
    assert now(demo, request).agent_id == BRUCE
    held = ticket_now(demo, ticket)
    assert held is not None and held.status is None


def test_a_request_without_a_period_is_shown_with_the_default_one(demo: Store) -> None:
    bob = next(one for one in reading.open_requests(demo) if one.first_name == "Bob")
    assert (bob.period.name, bob.period.default) == ("Morning", True)
    assert "Bob" in found(demo, Condition("preferredPeriod", "=", "Morning"))


def test_a_ticket_is_told_of_its_call_once(demo: Store) -> None:
    ticket = called(demo, first(demo))
    assert [one.uuid for one in reading.unfinished_tickets(demo, MAIN)] == [ticket]
    writing.record_answered(demo, ticket, NOW + 4)
    writing.record_answered(demo, ticket, NOW + 9)
    writing.record_ended(demo, ticket, NOW + 60, 56.0, None)
    writing.record_ended(demo, ticket, NOW + 90, None, "NumberBusy")
    held = ticket_now(demo, ticket)
    assert held is not None
    assert (held.answered, held.ended, held.duration, held.failure) == (
        NOW + 4,
        NOW + 60,
        56.0,
        None,
    )
    assert reading.unfinished_tickets(demo, MAIN) == []


def test_a_taker_is_shown_its_own_ticket_until_that_is_filled_in(demo: Store) -> None:
    request = first(demo)
    ticket = called(demo, request)
    assert now(demo, request).ticket_uuid == ticket
    writing.release(demo, request.uuid, any_check)
    writing.take(demo, request.uuid, ALICE, any_check)
    assert now(demo, request).ticket_uuid is None
    hers = called(demo, request, ALICE)
    assert now(demo, request).ticket_uuid == hers
    writing.update_ticket(demo, hers, TicketUpdate(status="Callback"), any_check)
    writing.take(demo, request.uuid, ALICE, any_check)
    assert now(demo, request).ticket_uuid is None


def test_an_agent_that_goes_leaves_its_callbacks_to_the_others(demo: Store) -> None:
    request = first(demo)
    ticket = called(demo, request, JACK)
    assert now(demo, request).ticket_uuid == ticket
    with demo.writing() as connection:
        connection.execute(delete(tables.agents).where(tables.agents.c.id == JACK))
    assert (now(demo, request).agent_id, now(demo, request).ticket_uuid) == (None, None)
    held = ticket_now(demo, ticket)
    assert held is not None and held.agent_id == JACK


def test_many_requests_are_added_all_or_none(demo: Store) -> None:
    into = reading.lists(demo)[0]
    wishes = [NewRequest(phone_number=f"02{number:08}") for number in range(1000)]
    made = writing.create(demo, into.uuid, wishes, any_check, now=NOW)
    assert [one.phone_number for one in made] == [one.phone_number for one in wishes]
    assert {one.due_date for one in made} == {TODAY}
    assert now(demo, made[0]) == made[0]
    bad = [*wishes, NewRequest(phone_number="1", period_uuid=uuid.uuid4())]
    with pytest.raises(writing.Unknown, match="Period"):
        writing.create(demo, into.uuid, bad, any_check, now=NOW)
    with pytest.raises(writing.Unknown, match="List"):
        writing.create(demo, uuid.uuid4(), wishes, any_check, now=NOW)
    assert reading.search(demo, Search(limit=0)).total == 1003


def test_a_search_finds_by_any_field(demo: Store) -> None:
    alice = first(demo)
    assert found(demo, Condition("phoneNumber", "=", "0230210082")) == ["Alice"]
    assert found(demo, Condition("lastName", "like", "o'n%")) == ["Alice"]
    assert found(demo, Condition("company", "like", "bateaux")) == ["Élodie"]
    assert found(demo, Condition("lastName", "like", "\\")) == []
    assert found(demo, Condition("mobilePhoneNumber", "=", None)) == ["Bob", "Élodie"]
    assert found(demo, Condition("dueDate", "<", TODAY)) == ["Bob"]
    assert found(demo, Condition("dueDate", ">", TODAY)) == ["Élodie"]
    assert found(demo, Condition("dueDate", "=", TODAY)) == ["Alice"]
    assert found(demo, Condition("dueDate", "like", f"{TODAY:%Y-%m}-%")) == [
        "Bob",
        "Alice",
        "Élodie",
    ]
    assert found(demo, Condition("uuid", "=", alice.uuid)) == ["Alice"]
    assert found(demo, Condition("uuid", "like", f"{str(alice.uuid)[:13]}%")) == ["Alice"]
    assert found(demo, Condition("listUuid", "=", alice.list_uuid)) == ["Bob", "Alice", "Élodie"]
    assert found(demo, Condition("listName", "like", "test")) == ["Bob", "Alice", "Élodie"]
    assert found(demo, Condition("queueId", ">", 1)) == []
    assert found(demo, Condition("preferredPeriod", "=", "Afternoon")) == ["Alice"]
    assert found(demo, Condition("preferredPeriodUuid", "=", alice.period.uuid)) == ["Alice"]
    called(demo, alice)
    assert found(demo, Condition("agentId", "=", BRUCE)) == ["Alice"]
    assert found(demo, Condition("agentId", "=", None)) == ["Bob", "Élodie"]
    both = (Condition("agentId", "=", None), Condition("dueDate", "<", TODAY))
    assert found(demo, *both) == ["Bob"]


def test_a_search_finds_closed_requests_only_when_asked_for_them(demo: Store) -> None:
    ticket = called(demo, first(demo))
    writing.update_ticket(demo, ticket, TicketUpdate(status="Fax"), any_check)
    assert found(demo) == ["Bob", "Élodie"]
    assert found(demo, Condition("clotured", "=", True)) == ["Alice"]


def test_a_search_gives_a_page_in_order_and_counts_all(demo: Store) -> None:
    by_number = (Order("phoneNumber", descending=True),)
    assert found(demo, orders=by_number) == ["Bob", "Élodie", "Alice"]
    assert found(demo, orders=by_number, offset=1, limit=1) == ["Élodie"]
    assert reading.search(demo, Search(orders=by_number, offset=1, limit=1)).total == 3
    by_mobile = (Order("mobilePhoneNumber", descending=True), Order("firstName"))
    assert found(demo, orders=by_mobile) == ["Alice", "Bob", "Élodie"]
    assert reading.search(demo, Search(), queue_ids={2}).total == 0


def test_a_list_keeps_the_number_that_it_shows_and_a_request_may_be_to_a_mobile(
    store: Store,
) -> None:
    text_of = DEMO.read_text(encoding="utf-8").replace(
        'name = "Test list"', 'name = "Test list"\ncallerId = "0800"'
    )
    text_of = text_of.replace('phoneNumber = "0230210084"', 'mobilePhoneNumber = "0689"')
    plan = center_file.parse(text_of, "center.toml", TODAY).plan
    apply(store, plan)
    assert reading.lists(store)[0].caller_id == "0800"
    assert found(store, Condition("phoneNumber", "=", None)) == ["Bob"]
    written = config_writing.write(export(store))
    again = center_file.parse(written, "center.toml", TODAY).plan
    assert again.callback_lists[0].caller_id == "0800"
    assert apply(store, again) == []


def test_an_export_can_be_read_again_when_somebody_wants_to_be_called_twice(demo: Store) -> None:
    alice, into = first(demo), reading.lists(demo)[0]
    wish = NewRequest(
        phone_number=alice.phone_number,
        first_name=alice.first_name,
        last_name=alice.last_name,
        due_date=TOMORROW,
        voice_message_ref="1" * 32,
    )
    writing.create(demo, into.uuid, [wish], any_check, now=NOW)
    written = config_writing.write(export(demo))
    plan = center_file.parse(written, "center.toml", TODAY).plan
    days = [one.due_date for one in plan.callback_lists[0].callbacks if one.first_name == "Alice"]
    assert days == [TODAY]
    assert apply(demo, plan) == []


def test_a_changed_wish_keeps_its_taker_and_its_message(demo: Store) -> None:
    into = reading.lists(demo)[0]
    wish = NewRequest(phone_number="01", voice_message_ref="2" * 32)
    (made,) = writing.create(demo, into.uuid, [wish], any_check, now=NOW)
    writing.take(demo, made.uuid, BRUCE, any_check)
    other = NewRequest(mobile_phone_number="06", last_name="Doe", due_date=TOMORROW)
    held = writing.change(demo, made.uuid, other, any_check, now=NOW)
    assert held == now(demo, made) == reading.request_with_message(demo, "2" * 32)
    assert (held.phone_number, held.mobile_phone_number, held.last_name) == (None, "06", "Doe")
    assert (held.agent_id, held.due_date) == (BRUCE, TOMORROW)


def test_callbacks_of_an_older_xucd_are_kept(store_url: str) -> None:
    store, config = Store(store_url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in (
            "INSERT INTO queues VALUES (1, 'support', 'Support', '3000', 'default', 5)",
            f"INSERT INTO callback_lists VALUES ('{'a' * 32}', 'list', 1)",
            "INSERT INTO callback_requests (uuid, list_uuid, phone_number, due_date, clotured)"
            f" VALUES ('{'b' * 32}', '{'a' * 32}', '02', '2026-11-22', false)",
        ):
            connection.execute(text(statement))
    store.migrate()
    assert [one.phone_number for one in reading.open_requests(store)] == ["02"]
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    store.migrate()
    assert [one.phone_number for one in reading.open_requests(store)] == ["02"]
    store.close()
