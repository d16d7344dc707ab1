"""How often tests let two PBXs want an agent at the same moment, in the store and by Asterisk."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--log-ins",
        type=int,
        default=20,
        help="how often two PBXs want an agent at the same moment",
    )


@pytest.fixture(scope="session")
def log_ins(request: pytest.FixtureRequest) -> int:
    """How often two PBXs are to want an agent at the same moment."""
    return int(request.config.getoption("log_ins"))
