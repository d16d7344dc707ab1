"""The metrics of several processes as those of one."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class MetricValue(msgspec.Struct, array_like=True, frozen=True):
    """A number of a process, by its metric, its own name, and its labels."""

    metric: str
    name: str
    labels: dict[str, str]
    value: float

    @property
    def key(self) -> tuple[object, ...]:
        """Numbers of several processes that have the same one are one."""
        return (self.name, *sorted(self.labels.items()))

    @property
    def is_total(self) -> bool:
        """Whether it counts what has been, and so outlives its process."""
        return self.name.endswith("_total")

    @property
    def is_begin(self) -> bool:
        """Whether it says when a count began."""
        return self.name.endswith("_created")


def metric_values(registry: CollectorRegistry) -> list[MetricValue]:
    """All numbers of this process."""
    return [
        MetricValue(metric.name, sample.name, sample.labels, sample.value)
        for metric in registry.collect()
        for sample in metric.samples
    ]


def merged(of_all: Iterable[MetricValue]) -> list[MetricValue]:
    """The numbers of several processes as those of one: sums, and the first begin of each count."""
    found: dict[tuple[object, ...], MetricValue] = {}
    for each in of_all:
        known = found.get(each.key)
        found[each.key] = each if known is None else _one_of(known, each)
    return list(found.values())


def _one_of(first: MetricValue, second: MetricValue) -> MetricValue:
    both = (first.value, second.value)
    return msgspec.structs.replace(first, value=min(both) if first.is_begin else sum(both))


class MergedMetrics(Collector):
    """The metrics of all processes, described as in this one's registry.

    `of_all` returns the numbers of each, this one's as well; `processes` how many of them serve.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        of_all: Callable[[], Iterable[MetricValue]],
        processes: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._of_all = of_all
        self._processes = processes

    def collect(self) -> Iterator[Metric]:
        """What is exposed; called by `generate_latest`."""
        of_metric: dict[str, list[MetricValue]] = {}
        for each in merged(self._of_all()):
            of_metric.setdefault(each.metric, []).append(each)
        for own in self._registry.collect():
            metric = Metric(own.name, own.documentation, own.type)
            for each in of_metric.get(own.name, ()):
                metric.add_sample(each.name, each.labels, each.value)
            yield metric
        text = "Processes of this node that serve."
        yield GaugeMetricFamily("xucd_processes", text, self._processes())
