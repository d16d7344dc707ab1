r"""Line ends that callers smuggle into AMI within their number, found and taken out.

Asterisk decodes ``%0D%0A`` in a SIP address, and writes the number into events and lists as it is
(16 and 22). A stranger's ``1%0D%0A%0D%0AEvent%3A%20Shutdown`` would end an event and begin another.
What follows the number cannot be forged: Asterisk takes 79 bytes of it at most, and the headers
that always follow each other from `CallerIDNum` to `Linkedid` are longer than that. A block in
which they do not was cut by a number, and is joined with its rest.

The lists tell more of it, raw: the number that was dialled (`DNID`), the other party's again, and
what the application and the variables of the dialplan were given, numbers perhaps. Of these, the
data of an application in `CoreShowChannels` and the variables in `Status` have too little behind
them that is known: whoever knows xucd can forge there, where a dialplan passes them a stranger's
number. docs/operating.md shows how to filter it.
"""

import re

END = b"\r\n\r\n"
"""What ends a block."""

MAX_JOINED = 20
"""The most blocks that are joined: a number has no room for more empty lines."""

_ANY = rb"[^\r\n]*\r\n\w*"
_PARTIES = (
    rb"CallerIDNum: (VALUE)\r\n\w*CallerIDName: ANYConnectedLineNum: (VALUE)\r\n\w*"
    rb"ConnectedLineName: ANY"
)
_DESCRIPTION = (
    rb"ANY" + _PARTIES + rb"Language: ANYAccountCode: ANYContext: ANYExten: (VALUE)\r\n\w*"
    rb"Priority: ANYUniqueid: ANYLinkedid: "
)
_LISTED = (
    _DESCRIPTION + rb"ANYApplication: ANYApplicationData: (VALUE)\r\n"
    rb"Duration: -?\d+:-?\d+:-?\d+\r\n"  # negative once Asterisk's clock was set back
)
_STATUS = _DESCRIPTION + (
    rb"ANYType: ANYDNID: (VALUE)\r\nEffectiveConnectedLineNum: (VALUE)\r\n"
    rb"EffectiveConnectedLineName: ANYTimeToHangup: ANYBridgeID: ANYApplication: ANY"
    rb"Data: (VALUE)\r\n"
    rb"Nativeformats: ANYReadformat: ANYReadtrans: ANYWriteformat: ANYWritetrans: ANYCallgroup: ANY"
    rb"Pickupgroup: ANYSeconds: -?\d+\r\n(VARIABLES)ActionID: [^\r\n]+\Z"
)
_WAITING = rb"(?:[^\r\n]+\r\n)+?" + _PARTIES + rb"Wait: "


class _Form:
    """How Asterisk describes somebody: a `mark` and the headers after it.

    `whole` is for values of one line, `torn` for values with line ends. Of variables there may be
    many, which `torn` takes for one.
    """

    def __init__(self, mark: bytes, headers: bytes) -> None:
        self.mark = mark
        self.whole = re.compile(_whole(headers))
        torn = headers.replace(b"ANY", _ANY).replace(b"VARIABLES", rb"(?:Variable: .*\r\n)?")
        self.torn = re.compile(torn.replace(b"VALUE", rb".*?"), re.DOTALL)
        self._cut = re.compile(_cut(headers))

    def is_cut(self, block: bytes, at: int) -> bool:
        """Whether what begins at the mark there ends, or goes on wrongly, behind a value.

        So does a block that a value has cut; those of another Asterisk would part anywhere.
        """
        return self._cut.match(block, at + len(self.mark)) is not None


def _whole(headers: bytes) -> bytes:
    headers = headers.replace(b"ANY", _ANY).replace(b"VALUE", rb"[^\r\n]*")
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
    (b"Event: QueueEntry\r\n", _ENTRY),
    (b"Event: CoreShowChannel\r\n", _Form(_CHANNEL.mark, _LISTED)),
    (b"Event: Status\r\n", _Form(_CHANNEL.mark, _STATUS)),
)
"""The items of lists, by how they begin."""
_BREAK = re.compile(rb"\r\n(?!Variable: |\Z)|\r(?!\n)|(?<!\r)\n")


class Mender:
    """Mends the blocks of one stream. No I/O.

    An Asterisk which describes channels in another way is heard as it is: until a whole block has
    come, or after one whose rest never came, a block counts as cut only if it ends, or goes on
    wrongly, behind a value.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._seen: set[_Form] = set()
        self._strange: set[_Form] = set()

    def mend(self, blocks: list[bytes]) -> list[bytes]:
        """The blocks, those joined that a number has cut; one whose rest is missing is kept.

        Each is looked at once, in its turn: it must not matter with which others it came.
        """
        mended: list[bytes] = []
        for block in blocks:
            if not self._held and self._is_whole(block):
                mended.append(block)
                continue
            self._held.append(block)
            joined = _joined(END.join(self._held))
            if joined is None and len(self._held) > MAX_JOINED:
                mended += self.give_up()
            elif joined is not None:
                mended.append(joined)
                self._held = []
        return mended

    @property
    def holds(self) -> bool:
        """Whether it keeps blocks until the rest of the first has come."""
        return bool(self._held)

    def give_up(self) -> list[bytes]:
        """The blocks that it keeps, as they came: no rest will come."""
        held, self._held = self._held, []
        if held:
            self._strange.add(_form_of(held[0]))
        return held

    def _is_whole(self, block: bytes) -> bool:
        form = _form_of(block)
        at = block.find(form.mark)
        while at >= 0:
            found = form.whole.match(block, at + len(form.mark))
            if found is None:
                known, strange = form in self._seen, form in self._strange
                if form.is_cut(block, at):
                    return strange and not known
                return strange or not known
            self._seen.add(form)
            at = block.find(form.mark, found.end())
        return True


def _form_of(block: bytes) -> _Form:
    return next((form for begin, form in _ITEMS if block.startswith(begin)), _CHANNEL)


def _joined(block: bytes) -> bytes | None:
    """The block with blanks for the line ends in its numbers; None when its rest is missing."""
    form = _form_of(block)
    at = block.find(form.mark)
    while at >= 0:
        found = form.torn.match(block, at + len(form.mark))
        if found is None:
            return None
        for start, stop in found.regs[1:]:
            value = block[start:stop]
            if value.startswith(b"Variable: "):
                value = _BREAK.sub(b" ", value)
            else:
                value = value.replace(b"\r", b" ").replace(b"\n", b" ")
            block = block[:start] + value + block[stop:]
        at = block.find(form.mark, found.end())
    return block
