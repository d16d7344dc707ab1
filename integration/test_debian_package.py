"""The Debian package on Debian 12 and 13, with systemd as the first process.

What the unit forbids is in force here: no test of the daemon is nearer to a server.
"""

from __future__ import annotations

import io
import runpy
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.debian.booted import (
    PROJECT,
    BootedDebian,
    BootedError,
    build_asterisk_images,
    build_images,
    build_package,
    run_once,
)
from integration.running import DEADLINE, DEMO
from tests.certificates import certificate
from tests.doc_blocks import blocks_for
from tests.test_packages import files_named
from xucd import __version__

pytestmark = pytest.mark.any_asterisk

NEWER = f"{__version__}+1"
# Nobody listens there: the package is looked at, not Asterisk.
SETTINGS = """
[web]
tls_certificate = "/etc/xucd/certificate.pem"
tls_key = "/etc/xucd/key.pem"
trusted_proxies = ["127.0.0.1"]
[ami]
port = 9
secret_file = "ami-secret"
"""
SERIAL = """
import ssl
from cryptography import x509
shown = ssl.get_server_certificate(("127.0.0.1", 8090))
print(x509.load_pem_x509_certificate(shown.encode()).serial_number)
"""
GUESSES = """
import json, ssl, urllib.error, urllib.request
body = json.dumps({"login": "bruce", "password": "guessed"}).encode()
headers = {"Content-Type": "application/json", "X-Forwarded-For": "192.0.2.7"}
address = "https://127.0.0.1:8090/xuc/api/2.0/auth/login"
for _ in range(15):
    asked = urllib.request.Request(address, body, headers)
    try:
        urllib.request.urlopen(asked, context=ssl._create_unverified_context())
    except urllib.error.HTTPError as refused:
        assert refused.code == 401, refused
"""
RENEWAL = (
    "integration/test_debian_package.py::test_a_reload_takes_over_configuration_and_certificate"
)
BANS = "integration/test_debian_package.py::test_fail2ban_bans_an_address_that_guesses_passwords"
AS_XUCD = "runuser -u xucd -- xucd"
UPON = """
refused() {{
    mkdir -p $(dirname {own})
    touch {own}
    ! dpkg --unpack /dist/xucd.deb || exit 1
    rm {own}
}}
refused
dpkg --unpack /dist/xucd.deb
dpkg --remove xucd  # its purge is still to come
refused
"""
ON_SID = """
apt-get -qy install /dist/xucd.deb </dev/null
/opt/xucd/bin/python3 -c 'import sys; print(sys.version_info[:2])'
export XUCD_AMI_SECRET=a-secret-of-32-letters-or-so XUCD_AMI_PORT=9
runuser -u xucd -- xucd run &
until xucd health | grep current; do kill -0 $!; sleep 0.1; done
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, and the same as a newer version."""
    folder = tmp_path_factory.mktemp("dist")
    folder.chmod(0o755)
    shutil.copy(build_package(), folder / "xucd.deb")
    unpacked = folder / "unpacked"
    subprocess.run(["dpkg-deb", "-R", folder / "xucd.deb", unpacked], check=True)
    control = unpacked / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {__version__}", f"Version: {NEWER}"))
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "-b", unpacked, folder / "newer.deb"],
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    shutil.rmtree(unpacked)
    return folder


@pytest.fixture(scope="module", params=["13", "12"])
def debian(request: pytest.FixtureRequest, dist: Path) -> Iterator[BootedDebian]:
    """A Debian on which the package is installed, with settings; the service runs."""
    with BootedDebian(request.param, {"/dist": dist}) as debian:
        debian.write("/etc/dpkg/dpkg.cfg.d/test", "force-unsafe-io\n")  # no power cut is tested
        install(debian, "xucd.deb")
        certificate(dist)
        for name, made in (("certificate.pem", "cert.pem"), ("key.pem", "key.pem")):
            debian.write(f"/etc/xucd/{name}", (dist / made).read_text())
        debian.write("/etc/xucd/ami-secret", "a-secret-of-32-letters-or-so\n", mode="600")
        debian.write("/etc/xucd/xucd.toml", SETTINGS)
        debian.run("chmod 640 /etc/xucd/key.pem; chgrp xucd /etc/xucd/key.pem")
        debian.write("/srv/center.toml", DEMO.read_text(encoding="utf-8"))
        debian.run(f"{AS_XUCD} center apply /dev/stdin </srv/center.toml")
        debian.run("systemctl enable --now xucd")
        yield debian


def install(debian: BootedDebian, package: str) -> None:
    """By apt, as somebody does who has downloaded it."""
    debian.run(f"DEBIAN_FRONTEND=noninteractive apt-get -qy install /dist/{package} </dev/null")


def logged(debian: BootedDebian, text: str) -> None:
    """Wait until the service's journal has a text."""
    deadline = time.monotonic() + DEADLINE
    while text not in (said := debian.run("journalctl -u xucd -o cat --no-pager")):
        assert time.monotonic() < deadline, f"{text!r} is not in:\n{said}"
        time.sleep(0.1)  # another process writes it


def serial(debian: BootedDebian) -> str:
    """The serial number of the certificate that a new connection is shown."""
    return debian.run("/opt/xucd/bin/python3 -", given=SERIAL).strip()


@pytest.mark.parametrize("own", ["/opt/xucd/pyvenv.cfg", "/etc/systemd/system/xucd.service"])
def test_it_is_not_unpacked_upon_an_installation_without_a_package(dist: Path, own: str) -> None:
    build_images("13")
    said = run_once("xucd-debian:13", {"/dist": dist}, UPON.format(own=own))
    assert said.count(f"xucd is installed here without the package ({own}): stop it") == 2
    assert "settings and data stay" in said


def test_the_service_has_its_user_folders_and_confinement(debian: BootedDebian) -> None:
    assert debian.run("stat -c '%U %G %a' /var/lib/xucd /etc/xucd /etc/xucd/ami-secret") == (
        "xucd xucd 700\nroot root 755\nroot root 600\n"
    )
    main = debian.run("systemctl show -P MainPID xucd").strip()
    status = debian.run(f"grep -E '^(Uid|NoNewPrivs|Seccomp|CapBnd):' /proc/{main}/status")
    user = debian.run("id -u xucd").strip()
    assert status.split() == [
        *("Uid:", user, user, user, user),
        *("CapBnd:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"),
    ]
    assert debian.run("systemctl is-active xucd; systemctl is-enabled xucd") == "active\nenabled\n"
    assert debian.run("xucd --version") == f"xucd {__version__}\n"
    assert debian.run("dpkg -V xucd") == ""
    assert "/usr/lib/sysusers.d/xucd.conf" in debian.run("dpkg -L xucd").split()
    assert debian.run("getent passwd xucd").split(":")[4:] == [
        "xucd contact centre", "/var/lib/xucd", "/usr/sbin/nologin\n",
    ]  # fmt: skip


def test_it_has_the_files_that_the_documents_name(dist: Path) -> None:
    held = subprocess.run(
        ["dpkg-deb", "--contents", dist / "xucd.deb"], capture_output=True, text=True, check=True
    ).stdout
    named = files_named() - {"locks/runtime.txt"}  # who installs from a checkout has it there
    assert {"systemd/fail2ban/jail.conf", "docs/proxy/nginx.conf"} <= named
    assert {name for name in named if f"/usr/share/doc/xucd/{name}" not in held} == set()


def test_its_files_have_one_time_and_say_nothing_of_where_it_was_made(dist: Path) -> None:
    packed = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", dist / "xucd.deb"], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        members = files.getmembers()
    assert len({member.mtime for member in members}) == 1
    assert [member.name for member in members if member.name.endswith("direct_url.json")] == []


def test_the_journal_has_no_errors_and_no_second_time(debian: BootedDebian) -> None:
    logged(debian, "cannot connect to Asterisk")
    assert debian.run("journalctl -u xucd -p err -o cat --no-pager") == ""
    warnings = debian.run("journalctl -u xucd -p warning -o cat --no-pager").splitlines()
    assert warnings != []
    assert [each for each in warnings if not each.startswith("[warning  ] cannot connect")] == []


def test_a_reload_takes_over_configuration_and_certificate(
    debian: BootedDebian, dist: Path
) -> None:
    main = debian.run("systemctl show -P MainPID xucd")
    before = serial(debian)
    certificate(dist, serial=77)
    (block,) = blocks_for(RENEWAL)
    debian.run("cp /dist/cert.pem /srv/fullchain.pem; cp /dist/key.pem /srv/privkey.pem")
    debian.run(f"cd /srv\n{block.text}")
    logged(debian, "certificate reloaded")
    logged(debian, "configuration reloaded")
    assert (before, serial(debian)) == ("1", "77")
    assert debian.run("systemctl show -P MainPID xucd") == main


def test_fail2ban_bans_an_address_that_guesses_passwords(debian: BootedDebian) -> None:
    install, sshd = blocks_for(BANS)
    if debian.version == "12":
        debian.write("/etc/fail2ban/jail.d/sshd.local", sshd.text)
    debian.run(f"cd /usr/share/doc/xucd\n{install.text}")
    debian.run("until fail2ban-client ping; do systemctl is-active fail2ban; sleep 0.1; done")
    debian.run("/opt/xucd/bin/python3 -", given=GUESSES)
    deadline = time.monotonic() + DEADLINE
    while "192.0.2.7" not in (said := debian.run("fail2ban-client status xucd")):
        assert time.monotonic() < deadline, said
        time.sleep(0.1)  # another process reads the journal
    debian.run("systemctl stop fail2ban; rm /etc/fail2ban/*.d/xucd.conf")


def test_settings_that_are_wrong_are_one_error_in_the_journal(debian: BootedDebian) -> None:
    debian.run("mv /etc/xucd/xucd.toml /etc/xucd/kept.toml")
    with pytest.raises(BootedError):
        debian.run("systemctl restart xucd")
    debian.run("mv /etc/xucd/kept.toml /etc/xucd/xucd.toml; systemctl restart xucd")
    assert "xucd: /etc/xucd/xucd.toml: cannot be read: No such file or directory\n" in debian.run(
        "journalctl -u xucd -p err -o cat --no-pager"
    )


def test_an_upgrade_keeps_data_and_settings_and_restarts_the_service(debian: BootedDebian) -> None:
    kept = "cat /etc/xucd/xucd.toml; find /etc/xucd /var/lib/xucd -name '*.db' -o -name '*.toml'"
    before = debian.run(f"{kept}; {AS_XUCD} center export")
    main = debian.run("systemctl show -P MainPID xucd")
    install(debian, "newer.deb")
    assert debian.run("dpkg-query -W -f '${Version}' xucd") == NEWER
    assert debian.run(f"{kept}; {AS_XUCD} center export") == before
    assert debian.run("systemctl is-active xucd") == "active\n"
    assert debian.run("systemctl show -P MainPID xucd") != main


def test_an_upgrade_is_complete_though_the_settings_are_wrong(debian: BootedDebian) -> None:
    debian.run("cp /etc/xucd/xucd.toml /etc/xucd/kept.toml; echo wrong >>/etc/xucd/xucd.toml")
    said = debian.run("dpkg -i /dist/newer.deb")
    assert "xucd does not start: journalctl -u xucd says why" in said
    assert debian.run("dpkg --audit; dpkg-query -W -f '${Status}' xucd") == "install ok installed"
    debian.run("mv /etc/xucd/kept.toml /etc/xucd/xucd.toml; systemctl restart xucd")


def test_it_is_not_removed_while_asterisk_has_what_setup_wrote(debian: BootedDebian) -> None:
    debian.run("install -d /etc/asterisk/xucd; touch /etc/asterisk/xucd/setup.json")
    with pytest.raises(BootedError, match='run "xucd setup --remove"'):
        debian.run("apt-get -qy remove xucd")
    assert debian.run("dpkg --audit; systemctl is-active xucd") == "active\n"
    debian.run("rm -r /etc/asterisk")


def test_a_removal_keeps_data_and_a_purge_leaves_nothing(debian: BootedDebian) -> None:
    debian.run("apt-get -qy remove xucd")
    assert debian.run("systemctl is-active xucd || true") == "inactive\n"
    debian.run("test -e /etc/xucd/xucd.toml; test -e /var/lib/xucd/xucd.db; getent passwd xucd")
    assert debian.run("ls -d /opt/xucd /usr/bin/xucd 2>/dev/null || true") == ""
    debian.run("apt-get -qy purge xucd")
    left = "find / -xdev -iname '*xucd*' -not -path '/proc/*' -not -path '/dist/*'"
    assert debian.run(left) == ""
    assert debian.run("passwd --status xucd").split()[:2] == ["xucd", "L"]  # its number stays taken
    assert debian.run("systemctl list-unit-files 'xucd*' --no-legend || true") == ""


def test_it_runs_on_the_python_of_the_next_debian_and_without_systemd(dist: Path) -> None:
    build_asterisk_images("22")  # of Debian sid, as it is for the time being
    said = run_once("xucd-asterisk:22", {"/dist": dist}, ON_SID)
    pythons = runpy.run_path(str(PROJECT / "packages/make-deb"))["PYTHONS"]
    assert any(f"(3, {python.removeprefix('3.')})\n" in said for python in pythons)
    assert '{"current":false,"asterisk":"lost","store":"ok"' in said
