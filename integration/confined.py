"""Runs a command under what `xucd.service` forbids, without systemd: for a test of the unit.

    python -m integration.confined SPEC.json COMMAND…

It reads the unit and does to itself what systemd would do, with the kernel's same means: a mount
namespace in which only the state directory can be written and temporary folders are fresh,
another user without capabilities or the way to any, and seccomp filters made of the unit's own
lines, by the library that systemd uses. Then it becomes the command.

Not done here, for want of systemd as the first process: ProtectHome and PrivateDevices (Python may
well be installed in a home), PrivateUsers, ProtectProc, ProcSubset, the kernel's tunables and
control groups beyond being read-only, RestrictSUIDSGID, RestrictRealtime (whose calls the filter
of calls refuses anyway), LockPersonality, KeyringMode, RemoveIPC.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import subprocess
import sys
from pathlib import Path

UNIT = Path(__file__).parent.parent / "systemd" / "xucd.service"
ROOT = Path("/mnt")  # where the command finds what it is given; any Linux has this folder

# From the kernel's and libseccomp's headers.
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
NAMESPACES = {NEW_MOUNTS, NEW_USER, 0x02000000, 0x04000000, 0x08000000, 0x20000000, 0x40000000}
BIND, RECURSIVE, PRIVATE = 4096, 16384, 1 << 18
MOUNT_SETATTR, AT_RECURSIVE, READ_ONLY = 442, 0x8000, 1
CAPBSET_DROP, SET_NO_NEW_PRIVS = 24, 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EQUAL, MASKED_EQUAL = 4, 7

libc = ctypes.CDLL(None, use_errno=True)


def unit() -> dict[str, list[str]]:
    """The unit's settings of its service: all values of each, in order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def command(program: list[str]) -> list[str]:
    """The unit's command line, run by `program`, with the settings that `main` gives it."""
    _, *arguments = unit()["ExecStart"][0].split()
    return [*program, *(f"{ROOT}/xucd.toml" if "/" in word else word for word in arguments)]


def main() -> None:
    """Become the command. SPEC holds `uid`, `gid` and `given`: {name under ROOT: real path}."""
    spec = json.loads(Path(sys.argv[1]).read_text())
    settings = unit()
    libseccomp = _libseccomp()
    allowed = _allowed(settings["SystemCallFilter"])
    _mounts(spec["given"], spec["uid"], spec["gid"])
    _become(spec["uid"], spec["gid"])
    os.umask(int(settings["UMask"][0], 8))
    os.chdir("/")
    _check(libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    _filters(libseccomp, allowed, settings["RestrictAddressFamilies"][0].split())
    os.execv(sys.argv[2], sys.argv[2:])


def _mounts(given: dict[str, str], uid: int, gid: int) -> None:
    """See all of the system read-only, except the state and fresh temporary folders."""
    if os.geteuid() == 0:
        _check(libc.unshare(NEW_MOUNTS), "a mount namespace")
    else:
        _check(libc.unshare(NEW_MOUNTS | NEW_USER), "mount and user namespaces")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _mount("none", Path("/"), flags=RECURSIVE | PRIVATE)
    _mount("tmpfs", ROOT, "tmpfs")
    for name, real in given.items():
        place = ROOT / name
        if Path(real).is_dir():
            place.mkdir(parents=True)
        else:
            place.touch()
        _mount(real, place, flags=BIND | RECURSIVE)
    _read_only(Path("/"), on=True)
    _read_only(ROOT / "state", on=False)
    for temporary in ("/tmp", "/var/tmp"):
        _mount("tmpfs", Path(temporary), "tmpfs")


def _become(uid: int, gid: int) -> None:
    """Be nobody in particular, without any capability now or ever."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _check(libc.prctl(CAPBSET_DROP, capability, 0, 0, 0), "dropping capabilities")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


class _Argument(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`: a condition on one argument of a system call."""

    _fields_ = (
        ("number", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def _filters(library: ctypes.CDLL, allowed: set[str], families: list[str]) -> None:
    """Refuse calls that the unit refuses, each as systemd does."""

    def filter_of(default: int, rules: list[tuple[int, str, list[_Argument]]]) -> None:
        context = library.seccomp_init(default)
        for action, name, conditions in rules:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number < 0:  # a call of other processors
                continue
            array = (_Argument * len(conditions))(*conditions)
            code = library.seccomp_rule_add_array(context, action, number, len(conditions), array)
            _check(code, f"a rule for {name}")
        _check(library.seccomp_load(context), "a seccomp filter")
        library.seccomp_release(context)

    no = ERRNO | 1  # EPERM
    unsupported = ERRNO | 97  # EAFNOSUPPORT
    usable = {int(getattr(socket, name)) for name in families}
    executable, both = mmap.PROT_EXEC, mmap.PROT_EXEC | mmap.PROT_WRITE
    calls = [(ALLOW, name, list[_Argument]()) for name in sorted(allowed)]
    filter_of(ALLOW, [
        *((unsupported, "socket", [_Argument(0, EQUAL, family, 0)])
          for family in range(46) if family not in usable),
        *((no, "clone", [_Argument(0, MASKED_EQUAL, flag, flag)]) for flag in sorted(NAMESPACES)),
        (no, "unshare", []),
        (no, "setns", []),
        (ERRNO | 38, "clone3", []),  # ENOSYS: its flags are out of a filter's sight
        (no, "mmap", [_Argument(2, MASKED_EQUAL, both, both)]),
        (no, "mprotect", [_Argument(2, MASKED_EQUAL, executable, executable)]),
        (no, "pkey_mprotect", [_Argument(2, MASKED_EQUAL, executable, executable)]),
    ])  # fmt: skip
    filter_of(no, calls)


def _allowed(lines: list[str]) -> set[str]:
    """The names of the calls that the unit's filter lets through."""
    calls: set[str] = set()
    for line in lines:
        named: set[str] = set()
        for word in line.removeprefix("~").split():
            named |= _group(word)
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def _group(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    words = {line.strip() for line in told.splitlines()[1:]}
    return set().union(*(_group(word) for word in words if word and not word.startswith("#")))


def _libseccomp() -> ctypes.CDLL:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p,
    ]  # fmt: skip
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    return library


def _mount(source: str, place: Path, kind: str = "", flags: int = 0) -> None:
    code = libc.mount(
        source.encode(), str(place).encode(), kind.encode(), ctypes.c_ulong(flags), None
    )
    _check(code, f"mounting {place}")


def _read_only(place: Path, *, on: bool) -> None:
    wanted = (ctypes.c_uint64 * 4)(READ_ONLY if on else 0, 0 if on else READ_ONLY, 0, 0)
    code = libc.syscall(
        MOUNT_SETATTR, -100, str(place).encode(), AT_RECURSIVE, wanted, ctypes.sizeof(wanted)
    )
    _check(code, f"making {place} read-only or not")


def _check(code: int, what: str) -> None:
    if code < 0:
        number = ctypes.get_errno() or -code
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
