"""The commands `person …`: what is stored of the person with a phone number."""

import argparse
import re
import sys

import msgspec

from xucd.center.audit import AuditEntry, Kind
from xucd.cli.subcommand import Mistake, open_store, settings
from xucd.store import Store, audit, persons
from xucd.store.persons import PersonData


def number_argument(parser: argparse.ArgumentParser) -> None:
    """The phone number."""
    parser.add_argument("number", metavar="NUMBER")


def find(arguments: argparse.Namespace) -> int:
    """Print how much is stored."""
    from xucd.web import rest_persons  # noqa: PLC0415

    print(_pretty(rest_persons.summary(_found(arguments, Kind.FIND_PERSON))))
    return 0


def export(arguments: argparse.Namespace) -> int:
    """Print all that is stored."""
    from xucd.web import rest_persons  # noqa: PLC0415

    print(_pretty(rest_persons.export(_found(arguments, Kind.EXPORT_PERSON))))
    return 0


def erase(arguments: argparse.Namespace) -> int:
    """Erase what is stored, and print how much it was."""
    from xucd.web import rest_persons  # noqa: PLC0415

    number = _number(arguments)
    checked = settings(arguments, secret=False)

    def make_entry(found: PersonData) -> AuditEntry:
        return _entry(Kind.ERASE_PERSON, number, found)

    store = open_store(arguments)
    try:
        found = persons.erase(store, number, checked.dialing.country_code, make_entry)
        store.empty_log()
    finally:
        store.close()
    print(_pretty(rest_persons.summary(found)))
    _erase_missed_messages(checked.store.url, found)
    return 0


def _number(arguments: argparse.Namespace) -> str:
    from xucd.web import rest_persons  # noqa: PLC0415

    number: str = arguments.number
    if not re.match(rest_persons.NUMBER, number):
        raise Mistake("that is not a phone number")
    return number


def _found(arguments: argparse.Namespace, kind: Kind) -> PersonData:
    """What is stored; that somebody read it is entered into the audit trail."""
    number = _number(arguments)
    checked = settings(arguments, secret=False)
    store: Store = open_store(arguments)
    try:
        found = persons.find(store, number, checked.dialing.country_code)
        audit.write(store, _entry(kind, number, found))
    finally:
        store.close()
    return found


def _entry(kind: Kind, number: str, found: PersonData) -> AuditEntry:
    return audit.command_line(kind, [persons.target(number)], found.counts())


def _pretty(shown: object) -> str:
    return msgspec.json.format(msgspec.json.encode(shown)).decode()


def _erase_missed_messages(url: str, found: PersonData) -> None:
    """Remove the messages that a daemon has kept for its clients; a running one drops them."""
    from xucd.app.streams import remove_left  # noqa: PLC0415

    try:
        ended = remove_left(url)
    except OSError as error:
        raise Mistake(f"cannot remove the messages that clients missed: {error}") from error
    if not ended and found.requests:
        print("pages that are open show it until xucd gets SIGHUP", file=sys.stderr)
