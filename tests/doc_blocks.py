"""Every block of code in the documents, and what shows that it is right.

`REGISTER` names each block by its page and the begin of its first line. What shows it is a test
that runs or reads it, by its id, or one of the ways in `WAYS`, which are the tests of
tests/test_doc_blocks.py and integration/test_doc_blocks.py. A block that nobody has entered, and an
entry without a block, are errors.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
FOLDERS = ("docs", "systemd", "asterisk-conf", "packages", "xucd/web/static/lib")
BLOCK = re.compile(r"^( *)```([^\n]*)\n(.*?)^ *```$", re.M | re.S)

WAYS = {
    "settings": "TOML that a settings file may hold",
    "centre": "TOML that a centre file may hold",
    "csv": "CSV that the import of callback requests takes",
    "users": "CSV or JSON that the import of users takes, beside the demo's centre",
    "commands": "each command exists, with these arguments, and each file of the project it names",
    "conf": "an Asterisk takes it",
    "unit": "systemd takes it as a part of the service's unit",
    "picture": "drawn for readers; nothing reads it",
    "log": "an entry of the log, as structlog writes it",
}

DEMO = "integration/test_demo.py::test_what_the_documents_say_to_try_works_in_the_demo"
SETUP = "integration/test_setup.py::test_a_discovered_agent_takes_a_call_of_an_untouched_queue"
ROAD = (
    "integration/test_road.py::test_from_the_package_to_the_first_call_takes_less_than_five_minutes"
)
BANS = "integration/test_debian_package.py::test_fail2ban_bans_an_address_that_guesses_passwords"
PROXIES = "tests/test_proxies.py::test_the_page_shows_each_example_as_it_is"

REGISTER: dict[tuple[str, str], str] = {
    ("CONTRIBUTING.md", "make venv"): (
        "tests/test_demo_needs.py::test_other_targets_add_their_libraries_to_those_of_the_demo"
    ),
    ("CONTRIBUTING.md", "xucd -c xucd.toml record"): (
        "integration/test_ami_link.py::test_a_recorded_link_replays_to_what_it_reported"
    ),
    ("CONTRIBUTING.md", "xucd -c xucd.toml replay"): (
        "tests/test_cli.py::test_a_trace_is_replayed_to_the_states_it_led_to"
    ),
    ("README.md", "apt-get install"): ROAD,
    ("README.md", "make demo\n"): (
        "integration/test_demo.py::test_ctrl_c_takes_a_demo_in_the_foreground_down"
    ),
    ("README.md", "make demo-up"): DEMO,
    ("README.md", "make demo-cluster"): (
        "integration/test_demo_cluster.py::"
        "test_one_board_shows_calls_at_both_sites_and_the_other_edge_goes_on"
    ),
    ("docs/agents.md", "stateDiagram"): (
        "tests/test_docs.py::test_the_agents_diagram_is_drawn_from_the_table_as_it_is_now"
    ),
    ("docs/agents.md", "[sales](+)"): "conf",
    ("docs/agents.md", "xucd center adopt"): (
        "integration/test_untouched_queues.py::"
        "test_a_member_that_is_no_agent_is_told_with_its_calls_and_can_be_made_one"
    ),
    ("docs/architecture.md", "Asterisk ──events"): "picture",
    ("docs/browser-library.md", "<!doctype html>"): (
        "integration/pages/test_old_pages.py::test_the_page_of_the_documentation_works"
    ),
    ("docs/callbacks.md", "; queues.conf"): "conf",
    ("docs/calls.md", "exten => 3000"): "conf",
    ("docs/clients.md", "import { connect }"): (
        "integration/pages/test_node_library.py::test_the_program_in_the_documents_runs"
    ),
    ("docs/clients.md", "import asyncio"): (
        "integration/test_python_client.py::test_the_program_in_the_documents_runs"
    ),
    ("docs/configuration.md", "[[lines]]"): "centre",
    ("docs/configuration.md", "login;"): "users",
    ("docs/configuration.md", "# pg_hba.conf"): (
        "tests/test_store.py::test_postgresql_by_peer_says_whom_it_lets_in_and_can_let_in_root"
    ),
    ("docs/demo.md", "make demo-up"): DEMO,
    ("docs/demo.md", "make demo-say LOGIN=bruce FOR=30"): DEMO,
    ("docs/demo.md", "(sleep 2; make demo-call NUMBER=3000 TALK=2) & make demo-say LOGIN=bruce"): (
        DEMO
    ),
    ("docs/demo.md", "make demo-say LOGIN=bruce FOR=2"): DEMO,
    ("docs/demo.md", "make demo-call NUMBER=3000 TALK=8 & sleep 4; make demo-say LOGIN=sue"): DEMO,
    ("docs/demo.md", "make demo-call NUMBER=3000 TALK=8 & sleep 4; make demo-say LOGIN=bruce"): (
        DEMO
    ),
    ("docs/demo.md", "(sleep 2; make demo-call NUMBER=3000 TALK=2) & make demo-say LOGIN=ada"): (
        DEMO
    ),
    ("docs/demo.md", "(sleep 2; make demo-call NUMBER=1001"): DEMO,
    ("docs/freepbx.md", "[[lines]]"): "centre",
    ("docs/index.md", "apt-get install"): ROAD,
    ("docs/index.md", "python3 -m venv"): (
        "integration/test_road.py::test_from_the_wheel_setup_makes_a_service_and_undoes_it"
    ),
    ("docs/index.md", "xucd setup"): ROAD,
    ("docs/migrating.md", "[codes]"): (
        "integration/test_doc_blocks.py::test_an_agent_by_code_and_one_by_page_share_a_queue"
    ),
    ("docs/operating.md", '{"current"'): (
        "tests/test_web_http.py::test_health_is_told_and_503_while_not_current"
    ),
    ("docs/operating.md", "2026-03-02T08:00:12Z [warning"): "log",
    ("docs/operating.md", "[asterisk]"): "settings",
    ("docs/operating.md", "[general]"): "conf",
    ("docs/operating.md", "xucd -c /etc/xucd/xucd.toml backup"): (
        "tests/test_backup.py::test_the_steps_that_are_told_restore_a_daemon_and_its_rights"
    ),
    ("docs/operating.md", "systemctl stop xucd"): (
        "tests/test_backup.py::test_the_steps_that_are_told_restore_a_daemon_and_its_rights"
    ),
    ("docs/protocol.md", "to xucd "): "picture",
    ("docs/proxy.md", "# xucd behind nginx"): PROXIES,
    ("docs/proxy.md", "# xucd behind Caddy"): PROXIES,
    ("docs/proxy.md", "# xucd behind HAProxy"): PROXIES,
    ("docs/proxy.md", "[web]"): "settings",
    ("docs/proxy.md", "2026-03-02T08:00:12.104133Z"): "log",
    ("docs/proxy.md", "apt install fail2ban"): BANS,
    ("docs/proxy.md", "[sshd]"): BANS,
    ("docs/rest.md", "phoneNumber|"): "csv",
    ("docs/rest.md", "xuc=http"): DEMO,
    ("docs/rest.md", '[{"began"'): (
        "tests/test_rest_gaps.py::test_gaps_are_told_with_the_calls_of_the_queues_that_a_user_sees"
    ),
    ("docs/rest.md", '[{"login"'): "users",
    ("docs/scale.md", "Asterisk ── owner"): "picture",
    ("docs/scale.md", "Asterisk north ── owner"): "picture",
    ("docs/scale.md", "exten => 3000"): "conf",
    ("docs/scale.md", "ssh -N"): "picture",
    ("docs/setup.md", "xucd setup"): SETUP,
    ("docs/signin.md", "[web]"): "settings",
    ("docs/signin.md", '[ldap]\nurls = ["ldaps://ldap1'): "settings",
    ("docs/signin.md", '[ldap]\nurls = ["ldaps://dc1'): "settings",
    ("systemd/README.md", "python3 -m venv"): "commands",
    ("systemd/README.md", "install -d"): "commands",
    ("systemd/README.md", "install -m 640"): (
        "integration/test_debian_package.py::test_a_reload_takes_over_configuration_and_certificate"
    ),
    ("systemd/README.md", "[Service]\nIPAddressDeny"): "unit",
    ("systemd/README.md", "docker run --detach"): (
        "integration/test_image.py::test_an_agent_takes_a_call_by_an_unprivileged_container"
    ),
    ("xucd/web/static/lib/README.md", "import { connect }"): (
        "tests/test_doc_blocks.py::test_the_libraries_own_page_uses_what_the_library_has"
    ),
    ("systemd/README.md", "[Service]\nLoadCredential"): "unit",
}


@dataclass(frozen=True)
class Block:
    """A block of code: where it is, what language it says it is in, and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text.splitlines()[0]}"


def pages() -> list[Path]:
    """All documents."""
    found = sorted(PROJECT.glob("*.md"))
    for folder in FOLDERS:
        found += sorted((PROJECT / folder).rglob("*.md"))
    return found


def blocks() -> list[Block]:
    """All blocks of all documents, in their order."""
    found = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            indent = len(match[1])
            lines = [line[indent:] for line in match[3].splitlines(keepends=True)]
            line = text.count("\n", 0, match.start()) + 1
            name = page.relative_to(PROJECT).as_posix()
            found.append(Block(name, line, match[2].strip(), "".join(lines)))
    return found


def entries_of(block: Block) -> list[tuple[str, str]]:
    """The register's entries that name a block; there has to be one."""
    return [
        (page, begin)
        for page, begin in REGISTER
        if page == block.page and block.text.lstrip().startswith(begin)
    ]


def blocks_for(way: str) -> list[Block]:
    """The blocks that are shown in one way, or by one test."""
    return [block for block in blocks() for entry in entries_of(block) if REGISTER[entry] == way]
