"""What `xucd setup` changes of a PBX's files: each file's new content, as data.

Asterisk's files get one line each, an include of a file of xucd's own; what these hold is shipped
with xucd. A queue is prepared for an exact wrap-up by a section that adds to it, ``[sales](+)``, in
a file of its own: Asterisk refuses a whole file over a section that adds to nothing, and a queue
may be removed one day.
"""

import grp
import re
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec

from xucd.center.directory import AGENT_MEMBER
from xucd.config import shipped
from xucd.config.settings import WELL_KNOWN_SECRETS, Settings
from xucd.tools.asterisk_files import (
    OURS,
    Layout,
    bytes_of,
    included_files,
    includer,
    includes,
    layout_of,
    options_in,
    options_of,
    programs,
    sections_in,
    text_of,
    with_include,
    without_include,
)
from xucd.tools.discovery import FoundPbx, FoundQueue
from xucd.tools.manager_conf import (
    manager_place,
    own_addresses,
    switched_on,
    without_manager_enabled,
)
from xucd.tools.whole_files import Change, FilesError, digest, is_new, unreadable

MANAGER, EXTENSIONS, PREPARED = (
    f"{OURS}/manager.conf",
    f"{OURS}/extensions.conf",
    f"{OURS}/queues-prepared.conf",
)
MAINS = ("manager.conf", "extensions.conf", "queues.conf")
MAX_WRAPUP = 3600

PREPARATION = """\
; Written by xucd setup: exact wrap-up in the queue {name}. Nothing else of the queue is changed.
[{name}](+)
setinterfacevar = yes
membergosub = xucd-sub-wrap
wrapuptime = 0
"""


class Account(msgspec.Struct, frozen=True):
    """xucd's account on the manager interface, as it is or will be.

    `callers` are this machine's addresses, besides `host`, from which xucd calls.
    """

    host: str
    port: int
    username: str
    secret: str
    callers: tuple[str, ...] = ()


class PbxFiles(msgspec.Struct, frozen=True):
    """The files of a PBX, and who may read new ones."""

    etc: Path
    layout: Layout
    owner: int
    group: int
    mode: int


def pbx_of(etc: Path) -> PbxFiles:
    """The PBX whose configuration is in a folder. Raises `FilesError`."""
    try:
        main = etc / "manager.conf"
        found = (main if main.exists() else etc).stat()
        group = found.st_gid
        if group == 0:
            try:
                group = grp.getgrnam("asterisk").gr_gid
            except KeyError:  # it runs as root
                group = 0
        mode = stat.S_IMODE(found.st_mode) & 0o644 if main.exists() else 0o640
        return PbxFiles(etc, layout_of(etc), found.st_uid, group, mode | 0o640)
    except OSError as error:
        raise unreadable(error) from error


def account_of(pbx: PbxFiles, settings: Settings) -> Account:
    """The account that xucd has or is to get: its secret is kept where there is one.

    Raises `FilesError` if the PBX has an account of this name that is not of our file.
    """
    try:
        place = manager_place(pbx.etc)
        name = settings.ami.username
        ours = pbx.etc / MANAGER
        for path in included_files(pbx.etc, "manager.conf"):
            text = text_of(path)
            if path.absolute() == ours.absolute() or name not in sections_in(text):
                continue
            if (settings.ami.secret or None) == dict(options_in(text, name)).get("secret"):
                raise FilesError(
                    f"{path} has the account [{name}] with the secret of xucd's settings, and"
                    " Asterisk does not let it in: manager.conf needs enabled = yes, the account"
                    f" permit for {settings.ami.host}, and Asterisk to read them (manager reload)"
                )
            raise FilesError(
                f"{path} has an account [{name}] already, and the secret in xucd's settings"
                " does not open it: set ami.secret in xucd.toml to that account's secret, or"
                " remove the account"
            )
        held = dict(options_in(text_of(ours), name)).get("secret", "")
    except OSError as error:
        raise unreadable(error) from error
    for secret in (held, settings.ami.secret):
        if secret and secret.lower() not in WELL_KNOWN_SECRETS:
            return Account(place.host, place.port, name, secret)
    return Account(place.host, place.port, name, secrets.token_urlsafe(32))


def working_account(pbx: PbxFiles, settings: Settings) -> Account:
    """The account of our file, which `is_used` and which Asterisk takes. Raises `FilesError`.

    Where xucd calls from stays permitted, also if ``bindaddr`` was another one when that was set.
    """
    try:
        place = manager_place(pbx.etc)
    except OSError as error:
        raise unreadable(error) from error
    ami = settings.ami
    more = own_addresses(ami.host) - own_addresses(place.host)
    return Account(place.host, place.port, ami.username, ami.secret, tuple(sorted(more)))


def is_used(file: Path, settings: Settings) -> bool:
    """Whether the settings have the account of a file. Raises `FilesError`."""
    try:
        held = dict(options_in(text_of(file), settings.ami.username)).get("secret")
    except OSError as error:
        raise unreadable(error) from error
    return held is not None and held == settings.ami.secret


def asterisk_changes(pbx: PbxFiles, account: Account | None, settings: Settings) -> list[Change]:
    """The changes of Asterisk's files; `account` is None if one works already.

    Those that are made already are left out. Raises `FilesError`.
    """
    etc, layout = pbx.etc, pbx.layout
    changes = []
    try:
        if account is not None:
            text = _account_file(account)
            changes.append(_new(pbx, MANAGER, text, mode=0o640, secret=account.secret))
            is_off = not manager_place(etc).enabled and not layout.generated
            texts = switched_on(etc) if is_off else {}
            if not includes(etc, "manager.conf", MANAGER):
                file = etc / layout.manager
                texts[file] = with_include(texts.get(file, text_of(file)), MANAGER)
            changes += [
                _changed(pbx, str(path), text_of(path), made, mode=pbx.mode & 0o640)
                for path, made in texts.items()
            ]
        changes.append(_new(pbx, EXTENSIONS, _dialplan_file(settings)))
        if not includes(etc, "extensions.conf", EXTENSIONS):
            held = text_of(etc / layout.extensions)
            main = with_include(held, EXTENSIONS)
            changes.append(_changed(pbx, layout.extensions, held, main))
    except OSError as error:
        raise unreadable(error) from error
    return [change for change in changes if is_new(change)]


def prepared_changes(pbx: PbxFiles, queues: Iterable[str]) -> list[Change]:
    """The changes that prepare queues besides those that are. Raises `FilesError`."""
    changes = []
    try:
        held = own = text_of(pbx.etc / PREPARED)
        for queue in queues:
            name = f"{OURS}/{_file_of(queue)}"
            changes.append(_new(pbx, name, PREPARATION.format(name=queue)))
            if not includes(pbx.etc, PREPARED, name):
                own = with_include(own, name, try_to=True)
        if not changes:
            return []
        changes.append(_changed(pbx, PREPARED, held, own))
        if not includes(pbx.etc, "queues.conf", PREPARED):
            held = text_of(pbx.etc / pbx.layout.queues)
            main = with_include(held, PREPARED, try_to=True)
            changes.append(_changed(pbx, pbx.layout.queues, held, main))
    except OSError as error:
        raise unreadable(error) from error
    return [change for change in changes if is_new(change)]


def _file_of(queue: str) -> str:
    """The name of a prepared queue's own file; two queues never share one."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", queue)
    mark = "" if plain == queue else f"-{digest(queue.encode())[:8]}"
    return f"queue-{plain}{mark}.conf"


def unseen(pbx: PbxFiles) -> list[str]:
    """What of Asterisk's files is not looked into: a sentence each. Raises `FilesError`."""
    try:
        found = dict.fromkeys(line for main in MAINS for line in programs(pbx.etc, main))
    except OSError as error:
        raise unreadable(error) from error
    return [f"{line} was not run: what it writes is not seen" for line in found]


def preparable(pbx: PbxFiles, queues: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Which queues can be prepared and are not, and the reason for each that cannot, by name.

    Raises `FilesError`.
    """
    try:
        files = included_files(pbx.etc, "queues.conf")
        texts = [text_of(path) for path in files]
    except OSError as error:
        raise unreadable(error) from error
    names = {section for text in texts for section in sections_in(text)}
    can: list[str] = []
    cannot: dict[str, str] = {}
    for queue in queues:
        options = dict(options_of(texts, queue))
        gosubs = list(filter(None, map(options.get, ("membergosub", "membermacro"))))
        own = [gosub for gosub in gosubs if not gosub.startswith("xucd-sub-")]
        if queue not in names or re.search(r"[][\r\n;]", queue):
            cannot[queue] = "is not in Asterisk's files"
        elif own:
            cannot[queue] = f"has a subroutine of its own ({own[-1]})"
        elif not gosubs:
            can.append(queue)
    return can, cannot


def left_to_ami(queue: FoundQueue) -> list[str]:
    """The members whom a prepared queue does not pause either: those not named ``Agent/2501``."""
    return [m.name or m.interface for m in queue.members if not m.name.startswith(AGENT_MEMBER)]


def gains_nothing(queue: FoundQueue) -> bool:
    """Whether a queue, prepared, would pause nobody: the PBX's own members are all that it has.

    xucd's agents are named ``Agent/2501`` where xucd adds them.
    """
    return bool(queue.members) and all(
        member.membership != "dynamic" and not member.name.startswith(AGENT_MEMBER)
        for member in queue.members
    )


def with_wrapups(found: FoundPbx, pbx: PbxFiles) -> FoundPbx:
    """What was found, with the queues' wrap-ups as Asterisk's files have them.

    Raises `FilesError`.
    """
    try:
        own = pbx.etc / OURS  # where a prepared queue's is 0
        files = [path for path in included_files(pbx.etc, "queues.conf") if own not in path.parents]
        texts = [text_of(path) for path in files]
    except OSError as error:
        raise unreadable(error) from error

    def wrapup(queue: str) -> int:
        value = dict(options_of(texts, queue)).get("wrapuptime", "")
        return min(int(value) if re.fullmatch(r"\d{1,4}", value) else 0, MAX_WRAPUP)

    queues = (msgspec.structs.replace(queue, wrapup=wrapup(queue.name)) for queue in found.queues)
    return msgspec.structs.replace(found, queues=tuple(queues))


def has_secret(path: Path) -> bool:
    """Whether an account's file has a secret that can be used. Raises OSError."""
    text = text_of(path)
    values = [
        v for name in sections_in(text) for key, v in options_in(text, name) if key == "secret"
    ]
    return any(value and value.lower() not in WELL_KNOWN_SECRETS for value in values)


def without_ours(etc: Path, path: Path, text: str, before: str) -> str:
    """A file that somebody changed since, without what setup made of what it held before."""
    for ours in (MANAGER, EXTENSIONS, PREPARED):
        text = without_include(text, ours, etc)
    is_of_manager = path in included_files(etc, "manager.conf")
    return without_manager_enabled(text, before) if is_of_manager else text


def user_of(etc: Path, path: Path) -> Path | None:
    """The file of Asterisk's that includes a file of ours. Raises `FilesError`."""
    try:
        found = (includer(etc, main, path) for main in MAINS)
        # One of ours that includes another is removed as well.
        return next((each for each in found if each and each.parent != path.parent), None)
    except OSError as error:
        raise unreadable(error) from error


def _account_file(account: Account) -> str:
    text = _shipped("manager.conf")
    text = text.replace("\n[xucd]\n", f"\n[{account.username}]\n")
    text = text.replace("\nsecret = CHANGE-ME\n", f"\nsecret = {account.secret}\n")
    # Who calls an address of this machine from it, calls from that address.
    own = "permit = ::1/128\n"  # the last of the rules; of those that match, that counts
    permits = [
        f"permit = {address}/{'128' if ':' in address else '255.255.255.255'}\n"
        for address in (account.host, *account.callers)
        if not (address.startswith("127.") or address == "::1")
    ]
    return text.replace(own, own + "".join(permits))


def _dialplan_file(settings: Settings) -> str:
    place = f"agi://{settings.agi.address}/"
    return _shipped("extensions.conf").replace("agi://127.0.0.1:4573/", place)


def _shipped(name: str) -> str:
    try:
        return shipped.path(f"asterisk-conf/{name}").read_text(encoding="utf-8")
    except shipped.NotShipped as error:
        raise FilesError(str(error)) from error


def _new(pbx: PbxFiles, name: str, text: str, *, mode: int = 0, secret: str = "") -> Change:
    """A file of our own as it is to be. Raises OSError."""
    path = pbx.etc / name
    base = bytes_of(text_of(path))
    return Change(path, bytes_of(text), mode or pbx.mode, pbx.owner, pbx.group, secret, base)


def _changed(pbx: PbxFiles, name: str, held: str, text: str, *, mode: int = 0) -> Change:
    """A file whose new text was made from what it held. Raises OSError."""
    return msgspec.structs.replace(_new(pbx, name, text, mode=mode), base=bytes_of(held))
