"""Which lines are taken, by the stations that are kept."""

from xucd.center.station import Station, Stations


def test_a_line_is_taken_while_another_agent_is_logged_in_on_it() -> None:
    stations = Stations([Station(1, 7, logged_in=True, since=0.0)])
    assert stations.is_taken(7, but=2)
    assert not stations.is_taken(7, but=1)
    assert not stations.is_taken(8, but=2)
    stations.keep(Station(2, 7, logged_in=True, since=1.0))
    assert stations.is_taken(7, but=1)
    stations.keep(Station(1, 8, logged_in=True, since=2.0))
    assert not stations.is_taken(7, but=2)
    stations.keep(Station(1, 8, logged_in=False, since=3.0))
    assert not stations.is_taken(8, but=2)


def test_stations_move_with_the_clock() -> None:
    stations = Stations([Station(1, 7, logged_in=True, since=100.0)])
    stations.shift(3600.0)
    assert stations.by_agent[1].since == 3700.0
