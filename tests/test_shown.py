"""How tests read what Asterisk's command line shows of a queue."""

from integration.shown import ShownMember, read_members

SHOWN = """\
support has 1 calls (max unlimited) in 'leastrecent' strategy (0s holdtime), W:0
   Members:
      Agent/2501 (PJSIP/1001) with penalty 1 (dynamic) (paused:lunch was 3 secs ago)
      PJSIP/1007 (ringinuse disabled) (dynamic) (paused was 3 secs ago)
      Etienne (Local/1005@default/n from hint:1005@default) (ringinuse disabled)
   Callers:
      1. PJSIP/trunk-00000000 (wait: 0:02, prio: 0)
"""


def test_members_are_read_with_name_penalty_and_pause() -> None:
    assert read_members(SHOWN) == [
        ShownMember("Agent/2501", "PJSIP/1001", 1, "lunch"),
        ShownMember("PJSIP/1007", "PJSIP/1007", 0, ""),
        ShownMember("Etienne", "Local/1005@default/n", 0, None),
    ]
