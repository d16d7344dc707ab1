r"""Line ends that callers smuggle into AMI within their number, found and taken out.

Asterisk decodes ``%0D%0A`` in a SIP address, and writes the number into events and lists as it is
(16 and 22). A stranger's ``1%0D%0A%0D%0AEvent%3A%20Shutdown`` would end an event and begin another.
Asterisk takes 79 bytes of a number at most. The headers that always follow each other from
`CallerIDNum` to `Linkedid` are longer than that, so nobody forges them all. A block in which they
do not was cut by a number, and is joined with its rest.

The three behind the number that was dialled, `Exten`, are short enough to be forged. But the true
ones begin within 79 bytes, too, and behind all that the number holds: of several, the last are
true. They are in the next block, perhaps, if a block ends that early, and before them an event
that the number forges. So such a block waits for the next, unless its ids are of Asterisk's own
form: they leave no room for an event that says anything. (With such ids somebody gains a channel
that is not there, if the network parts the event just there.) A block in which these three come
before a description has begun is the rest of another, and tells nothing.

Some events end with what the dialplan makes of numbers (`AppData` of `Newexten`, `DialString`):
nothing behind it shows that it goes on. So a block is dropped that begins with what a number of the
event before says behind an empty line, if what the number says before it ends that event; behind
`Newexten`, any number that was seen, for it may have been kept in a variable.

What a number forges in a channel's name, `xucd.ami.forgery` finds.

The lists tell more of it, raw: the number that was dialled (`DNID`), the other party's again, and
what the application and the variables of the dialplan were given, numbers perhaps. Of these, the
data of an application in `CoreShowChannels` and the variables in `Status` have too little behind
them that is known: whoever knows xucd can cut an item there, where a dialplan passes them a
stranger's number. What is forged so lacks the list's action id, and is heard as no event
(`xucd.ami.protocol`). docs/operating.md shows how to filter numbers.
"""

import re
from collections import deque
from functools import cached_property
from itertools import pairwise

END = b"\r\n\r\n"
"""What ends a block."""

MAX_JOINED = 20
"""The most blocks that are joined: a number has no room for more empty lines."""

MAX_NUMBERS = 100
"""The most numbers with an empty line in them that are remembered."""

LONGEST = 79
"""The most bytes of a number that was dialled."""

# Nothing is tried twice; and a header has a prefix only where several channels are described.
_ANY = rb"[^\r\n]*+\r\n\w*?"
_PARTIES = (
    rb"CallerIDNum: (VALUE)\r\n\w*?CallerIDName: ANYConnectedLineNum: (VALUE)\r\n\w*?"
    rb"ConnectedLineName: ANY"
)
_PLACE = rb"Language: ANYAccountCode: ANYContext: ANYExten: "
_IDS = rb"Priority: ANYUniqueid: ANYLinkedid: "
_DESCRIPTION = rb"ANY" + _PARTIES + _PLACE + rb"(EXTEN)\r\n\w*?" + _IDS
_LISTED = (
    _DESCRIPTION + rb"ANYApplication: ANYApplicationData: (VALUE)\r\n"
    rb"Duration: -?\d+:-?\d+:-?\d+\r\n"  # negative once Asterisk's clock was set back
)
_ENTERED = _DESCRIPTION + (rb"ANY(?:[^\r\n]+\r\n)*?Extension: (AGAIN)\r\nApplication: ANYAppData: ")
_STATUS = _DESCRIPTION + (
    rb"ANYType: ANYDNID: (VALUE)\r\nEffectiveConnectedLineNum: (VALUE)\r\n"
    rb"EffectiveConnectedLineName: ANYTimeToHangup: ANYBridgeID: ANYApplication: ANY"
    rb"Data: (VALUE)\r\n"
    rb"Nativeformats: ANYReadformat: ANYReadtrans: ANYWriteformat: ANYWritetrans: ANYCallgroup: ANY"
    rb"Pickupgroup: ANYSeconds: -?\d+\r\n(VARIABLES)ActionID: [^\r\n]+\Z"
)
_WAITING = rb"(?:[^\r\n]+\r\n)+?" + _PARTIES
_WAITING += rb"Wait: -?\d+\r\n(?:Priority: -?\d+\r\n)?ActionID: [^\r\n]+\Z"


class _Form:
    """How Asterisk describes somebody: a `mark` and the headers after it.

    `whole` is for values of one line, `torn` for values with line ends. Of variables there may be
    many, which `torn` takes for one. It `dials` if the number that was dialled is among them. What
    only a block needs that is not whole is compiled when the first one comes.
    """

    def __init__(self, mark: bytes, headers: bytes) -> None:
        self.mark = mark
        self.dials = b"EXTEN" in headers
        self.whole = re.compile(_whole(headers))
        self._headers = headers

    @cached_property
    def torn(self) -> re.Pattern[bytes]:
        torn = self._headers.replace(b"ANY", _ANY)
        torn = torn.replace(b"VARIABLES", rb"(?:Variable: .*\r\n)?")
        torn = torn.replace(b"VALUE", rb".*?").replace(b"AGAIN", rb"(?P=exten)")
        torn = torn.replace(b"EXTEN", rb"?P<exten>.{0,%d}" % LONGEST)
        return re.compile(torn, re.DOTALL)

    @cached_property
    def _cut(self) -> re.Pattern[bytes]:
        return re.compile(_cut(re.sub(b"EXTEN|AGAIN", b"VALUE", self._headers)))

    def is_cut(self, block: bytes, at: int) -> bool:
        """Whether what begins at the mark there ends, or goes on wrongly, behind a value.

        So does a block that a value has cut; those of another Asterisk would part anywhere.
        """
        return self._cut.match(block, at + len(self.mark)) is not None

    def next(self, block: bytes, at: int) -> int:
        """Where the next description begins, behind `at`; -1 if there is none.

        Of these forms, only `_CHANNEL` comes more than once in a block.
        """
        return block.find(self.mark, at) if self is _CHANNEL else -1


def _whole(headers: bytes) -> bytes:
    headers = headers.replace(b"EXTEN", rb"?P<exten>[^\r\n]*+")
    headers = re.sub(b"VALUE|AGAIN", rb"[^\\r\\n]*+", headers.replace(b"ANY", _ANY))
    return headers.replace(b"VARIABLES", rb"(?:Variable: [^\r\n]*\r\n)*")


def _cut(headers: bytes) -> bytes:
    """How a form is cut: it ends too early, or goes on wrongly, behind one of its values."""
    parts = list(re.finditer(rb"ANY|\(VALUE\)(.*?: )|\(VARIABLES\)", headers))
    pattern, end = b"", None
    for found in reversed(parts):  # one within the other: side by side they take long to compile
        if found[0] == b"(VARIABLES)":
            cut = _whole(found[0]) + rb"(?:(?!Variable: |ActionID: )|Variable: [^\r\n]*\Z)"
        else:
            cut = rb"[^\r\n]*\Z"
            if found[1]:
                cut += rb"|[^\r\n]*(?=[\r\n])(?!" + found[1] + rb")"
        if end is not None:
            cut += b"|" + _whole(headers[found.start() : end]) + pattern
        pattern, end = b"(?:" + cut + b")", found.start()
    return _whole(headers[:end]) + pattern


_ENTRY = _Form(b"Event: QueueEntry\r\n", _WAITING)
_CHANNEL = _Form(b"ChannelStateDesc: ", _DESCRIPTION)
_ITEMS = (
    (b"Event: Newexten\r\n", _Form(_CHANNEL.mark, _ENTERED)),
    (b"Event: QueueEntry\r\n", _ENTRY),
    (b"Event: CoreShowChannel\r\n", _Form(_CHANNEL.mark, _LISTED)),
    (b"Event: Status\r\n", _Form(_CHANNEL.mark, _STATUS)),
)
"""Where more is said than who it is, by how a block begins."""
_LISTS = (b"Event: CoreShowChannel\r\n", b"Event: Status\r\n")
_BREAK = re.compile(rb"\r\n(?!Variable: |\Z)|\r(?!\n)|(?<!\r)\n")
_IDENTIFIED = re.compile(rb"(?:\A|\r\n)\w*?" + _whole(_IDS))
_BEGUN = re.compile(_whole(rb"ChannelStateDesc: ANYCallerIDNum: |\r\n\w*?" + _PLACE))
_OWN = rb"(?:\d{10}\.\d+|[^\r\n]*-\d{10}\.\d+)(?:;[12])?"
_OWN_IDS = re.compile(
    rb"\r\n\w*?Priority: -?\d+\r\n\w*?Uniqueid: OWN\r\n\w*?Linkedid: OWN(?=\r\n|\Z)".replace(
        b"OWN", _OWN
    )
)
"""Ids as Asterisk makes them: perhaps its name, the epoch second, and how many came before."""
_PLAIN = re.compile(
    _CHANNEL.mark
    + _whole(rb"ANY" + _PARTIES.replace(b"(VALUE)", b"VALUE") + _PLACE + rb"(EXTEN)")
    + _OWN_IDS.pattern
)


class Mender:
    """Mends the blocks of one stream. No I/O.

    An Asterisk which describes channels in another way is heard as it is: until a whole block has
    come, or after one whose rest never came, a block counts as cut only if it ends, or goes on
    wrongly, behind a value.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._told = b""  # the last block
        self._dropped = b""  # what was dropped behind it
        self._own: list[list[bytes]] = []  # its numbers with empty lines, parted there
        self._numbers: deque[list[bytes]] = deque(maxlen=MAX_NUMBERS)  # those of all blocks
        self._seen: set[_Form] = set()
        self._strange: set[_Form] = set()

    def mend(self, blocks: list[bytes], more: bool = False) -> list[bytes]:
        """The blocks, those joined that a number has cut; one whose rest is missing is kept.

        Each is looked at once, in its turn: it must not matter with which others it came. With
        `more`, the first bytes of another have come, too.
        """
        mended: list[bytes] = []
        for block in blocks:
            if self._numbers and not self._held:
                last = mended[-1] if mended else self._told
                if self._goes_on(last + self._dropped, block):
                    self._dropped += END + block
                    continue
                self._dropped, self._own = b"", []
            if not self._held and (
                _is_plain(block, known=_CHANNEL in self._seen) or self._is_whole(block)
            ):
                mended.append(block)
                continue
            if not self._held and self._is_rest(block):
                begun = mended[-1] if mended else self._told
                found = _open(begun)
                if found is None or not _dials_on(begun + END + block, found, len(begun)):
                    continue
                self._held.append(begun)
                del mended[-1:]
            self._held.append(block)
            mended += self._complete()
        if more and mended and not self._held and _open(mended[-1]) is not None:
            self._held.append(mended.pop())
        self._told = mended[-1] if mended else self._told
        return mended

    @property
    def holds(self) -> bool:
        """Whether it keeps blocks until the rest of the first has come."""
        return bool(self._held)

    @property
    def doubts(self) -> bool:
        """Whether it keeps one block alone, which is whole unless its dialled number goes on."""
        return len(self._held) == 1 and _open(self._held[0]) is not None

    def give_up(self) -> list[bytes]:
        """The blocks that it keeps, as they came: no rest will come."""
        held, self._held = self._held, []
        if held and _open(held[0]) is None:
            self._strange.add(_form_of(held[0]))
        return held

    def _complete(self) -> list[bytes]:
        """What is complete of the blocks that are kept."""
        first, *others = self._held
        block = END.join(self._held)
        found = _open(first) if others else None
        if found is not None and not _dials_on(block, found, len(first)):
            if len(block) <= _room(found):
                return []
            self._held = []
            return [first, *self.mend(others)]
        joined, numbers = _joined(block)
        parts = [
            [part for line in number.split(END) if (part := line.strip(b"\r\n"))]
            for number in numbers
        ]
        self._own = [number for number in parts if len(number) > 1]
        self._numbers.extend(number for number in self._own if number not in self._numbers)
        if joined is None:
            return self.give_up() if len(self._held) > MAX_JOINED else []
        self._held = [joined] if _is_doubtful(joined) else []
        return [] if self._held else [joined]

    def _is_whole(self, block: bytes) -> bool:
        form, found = _form_of(block), None
        at = block.find(form.mark)
        if b"Linkedid: " in block[: at if at >= 0 else None] and self._is_rest(block):
            return False
        while at >= 0:
            found = form.whole.match(block, at + len(form.mark))
            if found is None:
                known, strange = form in self._seen, form in self._strange
                if form.is_cut(block, at) or self._is_rest(block):
                    return strange and not known
                return strange or not known
            self._seen.add(form)
            at = form.next(block, found.end())
            if form.dials and _dials_on(block, found, found.end("exten") + 12):
                return False
        return found is None or form is not _CHANNEL or not _leaves_room(block, found)

    def _goes_on(self, last: bytes, block: bytes) -> bool:
        """Whether a block belongs to what the one before it ends with."""
        told = block.find(b"\r\nPrivilege: ")  # by Asterisk, unless the number says that, too
        numbers = self._numbers if last.startswith(b"Event: Newexten\r\n") else self._own
        return any(
            last.endswith(before[before.find(b"\n") :])
            and block.startswith(behind)
            and len(behind) > told
            for parts in numbers
            for before, behind in pairwise(parts)
        )

    def _is_rest(self, block: bytes) -> bool:
        """Whether it begins within a description, behind the number that was dialled."""
        found = _IDENTIFIED.search(block) if _CHANNEL in self._seen else None
        return found is not None and _BEGUN.search(block, 0, found.start()) is None


def _is_plain(block: bytes, *, known: bool) -> bool:
    """Whether it is whole for certain, as most are: found out in less than all the rest takes.

    `known` says whether this Asterisk has described a channel as we know it.
    """
    at = block.find(_CHANNEL.mark)
    if at < 0:
        return b"Linkedid: " not in block and not block.startswith(_ENTRY.mark)
    if not known or block.startswith(_LISTS) or block.find(b"Linkedid: ", 0, at) >= 0:
        return False
    while at >= 0:
        found = _PLAIN.match(block, at)
        if found is None:
            return False
        end = found.end()
        if block.find(b"Priority: ", end, found.start("exten") + LONGEST + 40) >= 0:
            return False
        at = block.find(_CHANNEL.mark, end)
    return True


def _form_of(block: bytes) -> _Form:
    return next((form for begin, form in _ITEMS if block.startswith(begin)), _CHANNEL)


def _room(found: re.Match[bytes]) -> int:
    """The position until which the number that was dialled may go on."""
    return found.start("exten") + LONGEST


def _dials_on(block: bytes, found: re.Match[bytes], at: int) -> bool:
    """Whether what must be behind the number that was dialled comes again, at or behind `at`."""
    until = _room(found)
    if block.find(b"Priority: ", at, until + 40) < 0:
        return False
    again = _IDENTIFIED.search(block, at)
    return again is not None and again.start() <= until


def _open(block: bytes) -> re.Match[bytes] | None:
    """The description with which it ends so early that the number that was dialled may go on."""
    at, found = block.find(_CHANNEL.mark), None
    if _form_of(block) is not _CHANNEL:
        return None
    while at >= 0:
        found = _CHANNEL.torn.match(block, at + len(_CHANNEL.mark))
        if found is None:
            return None
        at = block.find(_CHANNEL.mark, found.end())
    return found if found is not None and _ends_early(block, found) else None


def _ends_early(block: bytes, found: re.Match[bytes]) -> bool:
    # Of the empty line behind it, two bytes at least are the number's if it goes on.
    return len(block) + 2 <= _room(found)


def _leaves_room(block: bytes, found: re.Match[bytes]) -> bool:
    """Whether it ends so early, and with such ids, that the number may forge an event behind it."""
    return _ends_early(block, found) and _OWN_IDS.match(block, found.end("exten")) is None


def _is_doubtful(block: bytes) -> bool:
    found = _open(block)
    return found is not None and _leaves_room(block, found)


def _joined(block: bytes) -> tuple[bytes | None, list[bytes]]:
    """The block with blanks for the line ends in its numbers; None when its rest is missing.

    And these numbers, as they were.
    """
    form, numbers = _form_of(block), list[bytes]()
    at = block.find(form.mark)
    while at >= 0:
        found = form.torn.match(block, at + len(form.mark))
        if found is None:
            return None, numbers
        for start, stop in found.regs[1:]:
            value = block[start:stop]
            numbers.append(value)
            if value.startswith(b"Variable: "):
                value = _BREAK.sub(b" ", value)
            else:
                value = value.replace(b"\r", b" ").replace(b"\n", b" ")
            block = block[:start] + value + block[stop:]
        at = form.next(block, found.end())
    return block, numbers
