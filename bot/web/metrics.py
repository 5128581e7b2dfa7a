"""What Prometheus reads at /metrics."""

from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

log = structlog.get_logger(__name__)

CONTENT_TYPE = CONTENT_TYPE_LATEST

_ANSWER_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
_FIRST_TEXT_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class PrometheusMeter:
    """Fills the port Meter. What is not declared here is not counted, and logged once.

    The names that handlers use are short; Prometheus sees ``messages`` as parley_messages_total
    and ``answer`` as parley_answer_seconds.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            "messages": self._counter("messages", "Messages that people sent.", "platform"),
            "answers": self._counter(
                "answers", "Messages that were dealt with, and how.", "platform", "outcome"
            ),
            "errors": self._counter("errors", "Errors, by what they are called.", "kind"),
        }
        self._histograms = {
            "answer": self._histogram(
                "answer", "From the start of a turn to its end.", _ANSWER_BUCKETS_S
            ),
            "first_text": self._histogram(
                "first_text", "From the start of a turn to its first text.", _FIRST_TEXT_BUCKETS_S
            ),
        }
        self._refused: set[tuple[str, tuple[str, ...]]] = set()

    def count(self, name: str, labels: Mapping[str, str]) -> None:
        counter = self._counters.get(name)
        if counter is None or not _fits(counter, labels):
            self._refuse(name, labels)
        else:
            counter.labels(**labels).inc()

    def observe(self, name: str, seconds: float, labels: Mapping[str, str]) -> None:
        histogram = self._histograms.get(name)
        if histogram is None or not _fits(histogram, labels):
            self._refuse(name, labels)
        else:
            histogram.labels(**labels).observe(seconds)

    def render(self) -> bytes:
        """All metrics in Prometheus' text format, whose type is ``CONTENT_TYPE``."""
        return generate_latest(self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"parley_{name}_total", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets_s: Sequence[float]) -> Histogram:
        return Histogram(
            f"parley_{name}_seconds",
            meaning,
            ("platform",),
            buckets=buckets_s,
            registry=self.registry,
        )

    def _refuse(self, name: str, labels: Mapping[str, str]) -> None:
        kind = (name, tuple(sorted(labels)))
        if kind not in self._refused:
            self._refused.add(kind)
            log.warning("metric_unknown", metric=name, labels=kind[1])


def _fits(metric: Counter | Histogram, labels: Mapping[str, str]) -> bool:
    return set(metric._labelnames) == set(labels)  # noqa: SLF001  # told nowhere else
