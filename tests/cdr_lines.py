"""Lines of CDR, as Asterisk writes them."""

from __future__ import annotations

import datetime


def a_record(began: float, ended: float) -> str:
    """A line of a call that line 1001 placed, and that nobody answered."""
    return (
        f'"","1001","0230","default","","PJSIP/1001-{int(began):x}","PJSIP/trunk-1","Dial","",'
        f'"{_written(began)}",,"{_written(ended)}",9,0,"NO ANSWER","DOCUMENTATION",'
        f'"{int(began)}.1"\n'
    )


def _written(moment: float) -> str:
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
