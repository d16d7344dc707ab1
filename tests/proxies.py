"""nginx, Caddy and HAProxy before a running xucd, with the very files of `docs/proxy`.

An operator puts in a name, a certificate and perhaps another port. So does this, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from integration.ports import free_port
from tests import certificates
from tests.conftest import PROJECT

EXAMPLES = PROJECT / "docs/proxy"
NAME = "xucd.example.org"
CLIENT = "127.0.0.9"
"""An address of this machine that is no proxy's, for clients to come from."""
DEADLINE = 30.0


class Certificate(NamedTuple):
    """The files of a certificate of `NAME`, signed by itself, and both in one."""

    chain: Path
    key: Path
    both: Path


def certificate(folder: Path) -> Certificate:
    """Make a certificate, in files of the names that the examples have."""
    made, secret = certificates.certificate(folder, name=NAME)
    chain = Path(made).rename(folder / "fullchain.pem")
    key = Path(secret).rename(folder / "privkey.pem")
    both = folder / "xucd.pem"
    both.write_bytes(chain.read_bytes() + key.read_bytes())
    return Certificate(chain, key, both)


class Proxy:
    """A proxy that runs. `http` and `https` are its ports; `reload` has it read its file anew."""

    def __init__(self, kind: str, folder: Path, cert: Certificate, xucd_port: int) -> None:
        self.kind = kind
        self.folder = folder
        self.cert = cert
        self.http, self.https = free_port(), free_port()
        self.xucd_port = xucd_port
        self.log = folder / "proxy.log"
        self.trust = ssl.create_default_context(cafile=str(cert.chain))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, edit: Callable[[str], str] = str) -> None:
        """Start it; returns when it answers. `edit` changes its file further."""
        write, command, _ = KINDS[self.kind]
        write(self, edit)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command(self),
                stdout=log.fileno(),
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)},
            )
        await self.until_it_listens()

    def logged(self) -> str:
        """All that it has written to its logs."""
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))

    def users(self) -> set[int]:
        """The users whose rights its processes have that talk to clients."""
        assert self._process is not None
        workers = self._workers() or {str(self._process.pid)}
        return {Path(f"/proc/{pid}").stat().st_uid for pid in workers}

    def _workers(self) -> set[str]:
        assert self._process is not None
        master = Path(f"/proc/{self._process.pid}")
        return set((master / f"task/{self._process.pid}/children").read_text().split())

    def _listens(self, pid: str) -> bool:
        """Whether a process holds the socket at which links arrive."""
        with contextlib.suppress(OSError):  # it has ended
            held = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
            return not held.isdisjoint(f"socket:[{inode}]" for inode in _listening(self.https))
        return False

    async def until_it_listens(self) -> None:
        """Wait until it takes connections."""
        assert self._process is not None
        async with asyncio.timeout(DEADLINE):
            while True:
                assert self._process.returncode is None, self.log.read_text()
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.https)
                    writer.close()
                    return
                await asyncio.sleep(0.02)  # there is nothing to wait on

    async def reload(self) -> None:
        """Have it read its file anew, as its unit's ExecReload= does; returns once it has.

        What tells nothing of it has then another process at its port.
        """
        assert self._process is not None
        reloading = KINDS[self.kind][2](self)
        if reloading is None:
            before = self._workers()
            self._process.send_signal(signal.SIGUSR2 if self.kind == "haproxy" else signal.SIGHUP)
            async with asyncio.timeout(DEADLINE):
                while not self._workers() - before or any(map(self._listens, before)):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)  # there is nothing to wait on
            return
        process = await asyncio.create_subprocess_exec(
            *reloading, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()

    async def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), DEADLINE)

    def example(self, name: str, *edits: tuple[str, str]) -> str:
        """An example's text with what an operator puts in; each edit has to find its place."""
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        for old, new in (("127.0.0.1:8090", f"127.0.0.1:{self.xucd_port}"), *edits):
            assert old in text, f"{name} has no {old}"
            text = text.replace(old, new)
        return text


def _listening(port: int) -> set[str]:
    """The inodes of the sockets that listen at a TCP port, by the kernel's own lists."""
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path("/proc/net", name).read_text().splitlines()[1:]
    ]
    return {row[9] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}


def _write_nginx(proxy: Proxy, edit: Callable[[str], str]) -> None:
    site = proxy.example(
        "nginx.conf",
        ("listen 80;", f"listen {proxy.http};"),
        ("listen [::]:80;", f"listen [::]:{proxy.http};"),
        ("listen 443 ", f"listen {proxy.https} "),
        ("listen [::]:443 ", f"listen [::]:{proxy.https} "),
        ("/etc/ssl/xucd", str(proxy.cert.chain.parent)),
        ("/var/log/nginx", str(proxy.folder)),
    )
    (proxy.folder / "site.conf").write_text(edit(site), encoding="utf-8")
    temporary = "".join(
        f"{what}_temp_path {proxy.folder}/{what};"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    (proxy.folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {proxy.folder}/pid; events {{}}\n"
        f"http {{ {temporary} include {proxy.folder}/site.conf; }}\n"
    )


def _write_caddy(proxy: Proxy, edit: Callable[[str], str]) -> None:
    # In place of the certificate that Caddy would fetch for a name that can be reached.
    tls = f"tls {proxy.cert.chain} {proxy.cert.key}"
    text = proxy.example(
        "Caddyfile",
        (f"{NAME} {{", f"{NAME} {{\n{tls}"),
        (
            "\n{\n",
            f"\n{{\nadmin unix/{proxy.folder}/admin\n"
            f"http_port {proxy.http}\nhttps_port {proxy.https}\n",
        ),
    )
    (proxy.folder / "Caddyfile").write_text(edit(text), encoding="utf-8")


_HAPROXY_USER = "    chroot /var/lib/haproxy\n    user haproxy\n    group haproxy\n"


def _write_haproxy(proxy: Proxy, edit: Callable[[str], str]) -> None:
    text = proxy.example(
        "haproxy.cfg",
        ("bind :::80 ", f"bind :::{proxy.http} "),
        ("bind :::443 ", f"bind :::{proxy.https} "),
        ("/etc/haproxy/xucd.pem", str(proxy.cert.both)),
        # Only root can become somebody else.
        *(() if os.getuid() == 0 else ((_HAPROXY_USER, ""),)),
    )
    (proxy.folder / "haproxy.cfg").write_text(edit(text), encoding="utf-8")


def _program(name: str) -> str:
    return shutil.which(name) or f"/usr/sbin/{name}"


Write = Callable[[Proxy, Callable[[str], str]], None]
Command = Callable[[Proxy], list[str]]

KINDS: dict[str, tuple[Write, Command, Callable[[Proxy], list[str] | None]]] = {
    "nginx": (
        _write_nginx,
        lambda proxy: [
            _program("nginx"), "-e", "stderr", "-p", f"{proxy.folder}",
            "-c", f"{proxy.folder}/nginx.conf",
        ],
        lambda _: None,
    ),
    "caddy": (
        _write_caddy,
        lambda proxy: [_program("caddy"), "run", "--config", f"{proxy.folder}/Caddyfile"],
        lambda proxy: [
            _program("caddy"), "reload", "--force", "--config", f"{proxy.folder}/Caddyfile",
            "--address", f"unix/{proxy.folder}/admin",
        ],
    ),
    "haproxy": (
        _write_haproxy,
        lambda proxy: [
            _program("haproxy"), "-W", "-f",
            f"{proxy.folder}/haproxy.cfg",
        ],
        lambda _: None,
    ),
}  # fmt: skip
"""How each is set up, started, and reloaded (None: by a signal)."""


@contextlib.asynccontextmanager
async def running(
    kind: str, folder: Path, xucd_port: int, edit: Callable[[str], str] = str
) -> AsyncIterator[Proxy]:
    """A proxy before the xucd at a port, for as long as the context lasts."""
    proxy = Proxy(kind, folder, certificate(folder), xucd_port)
    try:
        await proxy.start(edit)
        yield proxy
    finally:
        await proxy.stop()
