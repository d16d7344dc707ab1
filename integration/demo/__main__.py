"""The demo's commands, as the Makefile calls them: run, up, down, call, say.

What only one of them needs is imported when it is: half of what a short command takes is imports.
"""

import argparse
import os
import re
import sys

from integration.demo import background, places
from integration.demo.layout import ALONE, CLUSTER, Layout
from integration.demo.places import DemoError


def main() -> int:
    """Carry out one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="integration.demo")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="until a signal comes")
    run.add_argument("--tell", type=int, help="a pipe to be told until the demo is ready")
    up = commands.add_parser("up", help="in the background")
    for command in (run, up):
        command.add_argument("--cluster", action="store_true", help="two sites and two edges")
    commands.add_parser("down", help="end it, and remove what a killed one left")
    call = commands.add_parser("call", help="place a call into the running demo")
    call.add_argument("number", type=_number)
    call.add_argument("--talk", type=float, help="for how many seconds")
    say = commands.add_parser("say", help="a command of one of the running demo's users")
    say.add_argument("login")
    say.add_argument("json", help='the command, such as {"command":"getAgentStates"}')
    say.add_argument(
        "--for", dest="seconds", type=_seconds, default=10.0, help="how long to listen"
    )
    arguments = parser.parse_args()
    os.chdir(places.PROJECT)
    try:
        if arguments.command == "run":
            return _run(arguments.tell, arguments.cluster)
        if arguments.command == "up":
            return background.up(_wanted(arguments.cluster))
        if arguments.command == "down":
            return background.down()
        if arguments.command == "say":
            from integration.demo import say as saying  # noqa: PLC0415

            saying.say(arguments.login, arguments.json, arguments.seconds)
            return 0
        from integration.demo import control  # noqa: PLC0415

        control.place_call(arguments.number, arguments.talk)
    except DemoError as error:
        print(f"xucd demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _wanted(cluster: bool) -> Layout:
    return CLUSTER if cluster else ALONE


def _run(pipe: int | None, cluster: bool) -> int:
    from integration.demo import running  # noqa: PLC0415

    told = None
    if pipe is not None:
        os.set_inheritable(pipe, False)
        told = os.fdopen(pipe, "w", encoding="utf-8", buffering=1)

    def say(line: str) -> None:
        nonlocal told
        print(line, flush=True)
        if told is not None:
            try:
                print(line, file=told)
            except BrokenPipeError:
                told = None  # whoever started us has gone

    def ready() -> None:
        nonlocal told
        if told is not None:
            told.close()
            told = None

    return running.run(_wanted(cluster), say, ready)


def _number(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9*#]{1,20}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number to dial, such as 3000")
    return text


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 10")
    return float(text)


sys.exit(main())
