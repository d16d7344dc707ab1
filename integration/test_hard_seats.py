"""The earlier name of `integration.test_hard_stations`, for tests kept elsewhere that import it.

Only its helpers stand here: its tests are collected once, where they are.
"""

from integration.test_hard_stations import (
    BRUCE,
    LINES,
    Members,
    apply,
    crash,
    cut_world,
    kept,
    members,
    proxy,
    reload,
)

__all__ = [
    "BRUCE",
    "LINES",
    "Members",
    "apply",
    "crash",
    "cut_world",
    "kept",
    "members",
    "proxy",
    "reload",
]
