"""An OpenLDAP server of the distribution's, in a folder of its own, with a few people and groups.

It listens for ``ldap``, where it speaks StartTLS, and for ``ldaps``; its certificate is of
`127.0.0.1`. Passwords are the uid with ``-ldap`` behind it, but for carol, who has none.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from integration.ports import free_port
from tests.certificates import certificate

BASE = "ou=people,dc=example,dc=org"
GROUPS = "ou=groups,dc=example,dc=org"
READER, READER_SECRET = "cn=reader,dc=example,dc=org", "may-read"
DEADLINE = 30.0
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/cert.pem
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw all-powerful
directory {folder}/data
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


def _person(uid: str, cn: str, *, password: bool = True, more: str = "") -> str:
    given, _, family = cn.partition(" ")
    secret = f"userPassword: {uid}-ldap\n" if password else ""
    return (
        f"dn: uid={uid},{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {cn}\n"
        f"givenName: {given}\nsn: {family}\n{secret}{more}\n"
    )


def _group(cn: str, *members: str, base: str = GROUPS) -> str:
    lines = "".join(f"member: uid={uid},{BASE}\n" for uid in members)
    return f"dn: cn={cn},{base}\nobjectClass: groupOfNames\ncn: {cn}\n{lines}\n"


DATA = "".join(
    (
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\n"
        "dc: example\n\n",
        f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        f"cn: reader\nuserPassword: {READER_SECRET}\n\n",
        *(
            f"dn: ou={ou},dc=example,dc=org\nobjectClass: organizationalUnit\nou: {ou}\n\n"
            for ou in ("people", "groups", "elsewhere")
        ),
        _person("bruce", "Bruce Wail"),
        _person("zoe", "Zoe New"),
        _person("carol", "Carol Silent", password=False),
        # A uid that means something in a filter and in a name.
        "dn: uid=o\\2Bx(1),ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n"
        "uid: o+x(1)\ncn: O X\nsn: X\nuserPassword: odd-ldap\n\n",
        # Two entries of one mail address.
        _person("twin1", "Twin One", more="mail: twin@example.org\n"),
        _person("twin2", "Twin Two", more="mail: twin@example.org\n"),
    )
)
# Added to the running server, which then writes memberOf into the entries of members.
MEMBERSHIPS = "".join(
    (
        _group("supervisors", "bruce", "zoe"),
        _group("admins", "twin1"),
        _group("admins", "zoe", base="ou=elsewhere,dc=example,dc=org"),
    )
)


class SlapdServer:
    """Use it as a context manager: it is started then, and removed at the end."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="xucd-slapd-", dir="/tmp"))
        self.port, self.tls_port = free_port(), free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens for ``ldap`` and StartTLS."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where it listens for TLS."""
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @property
    def ca_file(self) -> str:
        """Its certificate, signed by itself."""
        return str(self._folder / "cert.pem")

    def __enter__(self) -> Self:
        try:
            (self._folder / "data").mkdir()
            certificate(self._folder, trusted=True)
            text = CONFIGURATION.format(folder=self._folder)
            (self._folder / "slapd.conf").write_text(text)
            subprocess.run(
                [_program("slapadd"), "-q", "-f", self._folder / "slapd.conf"],
                input=DATA.encode(), check=True,
            )  # fmt: skip
            self.start()
            self.change(MEMBERSHIPS, "-a")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it; returns when it answers."""
        # The server ends with the tests even when they are killed.
        self._server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", _program("slapd"), "-d", "0",
             "-f", self._folder / "slapd.conf", "-h", f"{self.url} {self.tls_url}"],
        )  # fmt: skip
        end = time.monotonic() + DEADLINE
        for port in (self.port, self.tls_port):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert self._server.poll() is None, "slapd has ended"
                    assert time.monotonic() < end, "slapd does not answer"
                    time.sleep(0.02)  # slapd tells nobody that it listens

    def stop(self) -> None:
        """End it."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(signal.SIGCONT)
            server.kill()
            server.wait(DEADLINE)

    def freeze(self) -> None:
        """Let it accept connections, and answer nothing."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def change(self, ldif: str, *options: str) -> None:
        """Change entries as its administrator, by a text of LDIF."""
        subprocess.run(
            [_program("ldapmodify"), *options, "-x", "-H", self.url,
             "-D", "cn=admin,dc=example,dc=org", "-w", "all-powerful"],
            input=ldif.encode(), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def membership(change: str, uid: str) -> str:
    """LDIF that adds a person to the group supervisors, or deletes it from there."""
    return (
        f"dn: cn=supervisors,{GROUPS}\nchangetype: modify\n{change}: member\n"
        f"member: uid={uid},{BASE}\n"
    )


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin")
    assert found is not None, f"{name} is missing: run integration/bin/ensure-test-tools"
    return found
