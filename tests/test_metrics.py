"""What `/metrics` exposes of Asterisk's events."""

from prometheus_client import generate_latest

from xucd.center import events as ev
from xucd.cti.metrics import Metrics


def test_events_are_counted_by_their_type() -> None:
    metrics = Metrics()
    for event in (ev.HangupRequested("1"), ev.HangupRequested("2"), ev.SpyStopped("1")):
        metrics.events.count(event)
    lines = generate_latest(metrics.registry).decode().splitlines()
    assert "# TYPE xucd_events_total counter" in lines
    assert 'xucd_events_total{event="HangupRequested"} 2.0' in lines
    assert 'xucd_events_total{event="SpyStopped"} 1.0' in lines
