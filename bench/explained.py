"""What `make bench` measures, in order: one row for each item of `bench.json`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item. `module` measures it; `what` and `why` say what, and where the rest of it goes.

    `takes` is for how many seconds it is measured on an idle machine of two cores.
    """

    title: str
    module: str
    takes: float
    what: str
    why: str
    in_bench: bool = True


ITEMS = {
    "fanout": Item(
        title="Fan-out",
        module="fanout",
        takes=190,
        what="Messages to 500 and 2,000 clients, from publish to the last `send()`, beside a C "
        "program (`bench/floor.c`) that does nothing but send the same bytes to as many "
        "clients. Then the whole loop, from Asterisk's bytes on the AMI port to the last "
        "client. A message counts once for each client; *a turn* is what leaves by one write.",
        why="The floor is the kernel's time for each `send()`. What xucd adds is Python's call of "
        "it and a look at its result for each client, and for each message who is to get it. The "
        "whole loop adds the decoding and the rules of each event, which weigh less the more "
        "clients are told. Clients that resume share one log, so they add to each message, not "
        "to each client. Over TLS each client's bytes are encrypted by themselves; where that "
        "is too slow, let a [proxy](proxy.md) do it.",
    ),
    "latency": Item(
        title="Latency",
        module="latency",
        takes=90,
        what="From a byte of Asterisk's to the last of 1,000 clients, at half of the highest load, "
        "while three clients a second come and go and one in a hundred never reads. Loads are "
        "events of recorded calls, of which clients are told one in ten. In a burst, all comes "
        "at once, and a client that asks for nothing else pings.",
        why="The last of 1,000 clients waits for 999 writes; on an idle server, that is nearly "
        "all. Under load, an event also waits for the end of the turn that is under way, which "
        "is other events and 1,000 writes. The slowest are those beside the figures, which are "
        "written twice a second on a thread: Python runs one thread at a time, and a turn takes "
        "up to twice as long then. Clients who come and go take less than 1 % of the time.",
    ),
    "filtered": Item(
        title="Filtered fan-out",
        module="filtered",
        takes=80,
        what="1,000 agents in 20 groups, 50 queues, 200 supervisors who follow a group each, and "
        "800 agents who see themselves; then each of these numbers doubled by itself. What is "
        "told is the processor's time for an event, and how many clients get a message for it.",
        why="A message is published to topics, and costs what its receivers cost.",
    ),
    "ingest": Item(
        title="Ingest",
        module="events",
        takes=20,
        what="From AMI bytes to changed state, without clients, beside panoramisk's bare parsing "
        "of the same bytes, which changes nothing and tells nobody. Beside it: panoramisk with one "
        "callback for all events; a parser that does no more than make a dictionary of each "
        "event; and a whole call as each would hear it, xucd by its account's filter and "
        "panoramisk without one.",
        why="Most of it is the rules of the contact centre: what an event means for calls, agents "
        "and queues. panoramisk has none. Framing and decoding are a fifth of it, so no faster "
        "parser brings the filtered trace above its limit. Compiled to C by mypyc, decoding and "
        "rules were twice as fast on the filtered trace and one and a half times on the "
        "unfiltered one, which still misses both limits; and some code then silently did "
        "something else. So they stay Python.",
    ),
    "commands": Item(
        title="Commands",
        module="commands",
        takes=55,
        what="A command over WebSocket beside the same action raw over AMI with the event that "
        "shows its effect, by one user and by 100 at once, each for its own agent. "
        "`setAgentQueue` promises durability, `pauseAgent` does not ([the protocol](protocol.md) "
        "says which does). A durable commit is measured beside them, and taken off.",
        why="A command is two messages more than the raw action. One that promises durability "
        "waits for a commit, which those share that wait at the same time; only then is "
        "Asterisk asked, lest a kill between the two leave half of it. Raw actions follow each "
        "other at once; for one that comes as seldom as a command, Asterisk itself takes two to "
        "three times as long. Of 1,300 µs of a `setAgentQueue`, stamped on a machine in use, "
        "the client's frame took 40 to arrive, 40 to be read, 55 until its write was asked for, "
        "and 55 to reach the database's thread; the transaction 500, of which SQLAlchemy's part "
        "is 140; the way back 55, making the action and writing it 75, Asterisk's answer 105 "
        "and its event 90 more; decoding the event and its rules 135, going on and telling of "
        "it 95, and the way to the client 55. A `pauseAgent` has no transaction, and two "
        "events, whose rules took 70 and 180 µs, the second with what clients are told. About "
        "half of it all is Python, in some ten steps.",
    ),
    "memory": Item(
        title="Memory",
        module="memory",
        takes=140,
        what="What an idle link and an agent take, a storm of 5,000 links, and what an hour's "
        "calls leave behind. Times of the centre (ages, wrap-ups) are not played faster.",
        why="The kernel's own buffers of a link are not in it. Over TLS, OpenSSL's structures are "
        "most of a link: by themselves they take 24 KiB, with its buffers given back (48 without; "
        "tickets and the cache of sessions are none of it). Behind a [proxy](proxy.md) links are "
        "plain ones. An agent's is the difference of two daemons, so what the start needed and did "
        "not give back is in it: 3.9 KiB are in use, the rest is in pools of Python's and the C "
        "library's that are free for other objects. Shares of files' pages, which other processes "
        "have, too, move it by 1 KiB. "
        "Played fast, an hour's calls all count as those of the last hour, which queue statistics "
        "keep one by one.",
    ),
    "start": Item(
        title="Start",
        module="start",
        takes=105,
        what="5,000 agents in 10 queues each, and 2,000 in 5: from listening to current, beside "
        "Asterisk's own answers to the same questions; the first command after that; and the "
        "way there, from `xucd center apply` to listening.",
        why="The lists are read in less of the processor's time than Asterisk takes to send them. "
        "What comes on top is after the last byte: what Asterisk has of each agent is compared "
        "with what is configured and remembered, by the same rules as events. The start of the "
        "process is mostly imports, and reading the database.",
    ),
    "peers": Item(
        title="Against what one would use instead",
        module="against",
        takes=60,
        what="The same trace and clients, by small programs of `bench/peers/`, which know no "
        "states, rights, wrap-ups or lost links.",
        why="They send one event to one client after the other, through their libraries' streams.",
    ),
    "edges": Item(
        title="Edges",
        module="edges",
        takes=45,
        what="How many messages one edge carries to 1,000 clients, and two to 500 each. Each edge "
        "may use 0.3 of a core (a control group's quota); the owners, NATS, PostgreSQL, the "
        "played Asterisk and the clients have the other core. As in the whole loop, a message "
        "counts once for each client.",
        why="Nearly all that an edge does is one `send()` for each client, and two share that. "
        "What each does for a message whoever hears it, the second one does once more: by the "
        "figures below two should carry 1.9 times one. They carry more here, since a `send()` that "
        "wakes a reader from sleep costs more, and the one process that reads for all clients "
        "sleeps less beside two: a bare program's took 3.5 to 4.6 µs to a busy reader and 4.3 to "
        "7.3 µs to one that waits.",
    ),
    "hop": Item(
        title="What an edge adds",
        module="hop",
        takes=65,
        what="What owner, NATS and edge use of a processor for a message, at 11 calls a second of "
        "a PBX with 400 agents, of which a client that follows agents is told three times a call. "
        "In it are all events of the call, so the owner's part is mostly the rules. Bytes on NATS "
        "are those of packets without their subjects, some 60 more each. A hop is the time from "
        "the owner's client to the edge's, each of which reads the same message. A board hears "
        "all agents and queues; what it is shown of a call was measured at 1.7 calls a second.",
        why="An edge gets each message once for all its clients. The owner writes one packet more "
        "for each edge, of all that is told in a turn. A hop is three turns of event loops and two "
        "connections; in the slowest, one of them was doing something else on the core that all "
        "but the edge share here. An agent's state that is asked for is all of a list of 400.",
    ),
    "quick": Item(
        title="The regression guard",
        module="quick",
        takes=50,
        what="The ratios of `make bench-quick`, with which later runs of it are compared.",
        why="They are of shorter runs than those above.",
    ),
    "calls": Item(
        title="Real calls",
        module="calls",
        takes=300,
        what="SIPp's queue calls that Asterisk sustains with xucd attached, and with a plain "
        "reader of the same events.",
        why="What a reader costs is the PBX's own: writing the events to one more session. The "
        "rest is xucd's share of the two cores, which Asterisk and SIPp would use up: the "
        "rules are run for each of a call's 25 events. Events "
        "that come one by one gather for 3 ms, so that few are a read and a turn of the event "
        "loop of their own.",
        in_bench=False,
    ),
    "wakeup": Item(
        title="After a wrap-up",
        module="wrapup",
        takes=90,
        what="How soon the phone of an agent who ends its wrap-up early rings for a waiting "
        "caller.",
        why="By itself, app_queue looks once a second; xucd wakes it.",
        in_bench=False,
    ),
    "passwords": Item(
        title="Signing in",
        module="passwords",
        takes=230,
        what="1,000 users sign in by password at once from four addresses, come again when "
        "`Retry-After` says so, and meanwhile a page with a token asks `/auth/check` twenty "
        "times a second. *Cold* is with hashes of the older cost, each of which is renewed.",
        why="A password costs what its hash is to cost an attacker. A valid token waits for none.",
        in_bench=False,
    ),
    "pages": Item(
        title="Pages",
        module="board",
        takes=1900,
        what="The board with 500 agents and 50 queues at 250 changes a second. Then the first "
        "useful paint of desk and board, on a processor slowed down four times and with a cold "
        "cache: that of the form to sign in, as everybody's first visit shows it.",
        why="The board draws what changed at most ten times a second, a few tiles and rows in each "
        "frame. A page begins with the modules that its form needs; the others come after it.",
        in_bench=False,
    ),
}
