"""The earlier name of `integration.test_hard_stations`: its helpers, without its tests."""

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
