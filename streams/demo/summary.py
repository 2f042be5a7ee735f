"""What a store holds of the events' topic, in the figures that ``demo`` reports.

Every figure is of the whole data directory, so that a second run on it adds up. Our own telemetry
is never counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.retention import Retention, ttl

GRAINS: Final = ("1m", "5m", "1h", "1d")

_LEDGER: Final = """
SELECT toUInt64(sum(delivered)), toUInt64(sum(stored)), toUInt64(sum(duplicate))
FROM ingest_ledger WHERE topic = {topic:String}
"""
_REASONS: Final = """
SELECT reason, count() FROM dead_letters WHERE topic = {topic:String}
GROUP BY reason ORDER BY count() DESC, reason
"""
_DROPPED: Final = """
SELECT namespace, key, toUInt64(sum(dropped)) AS times FROM dropped_keys
WHERE topic = {topic:String} GROUP BY namespace, key ORDER BY times DESC, namespace, key
"""
_EARLIER: Final = """
SELECT toUInt64(sum(delivered)) FROM ingest_ledger
WHERE topic = {topic:String} AND log != {log:String}
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one topic; ``rollups`` is the number of events in each grain."""

    produced: int
    delivered: int
    stored: int
    duplicates: int
    rejected: Mapping[str, int]
    dropped_keys: Mapping[tuple[str, str], int]
    rollups: Mapping[str, int]

    @property
    def adds_up(self) -> bool:
        """Tell whether every record produced is accounted for."""
        rejected = sum(self.rejected.values())
        return self.produced == self.delivered == self.stored + self.duplicates + rejected


def read_summary(
    store: Store, topic: str, *, log: str, log_records: int, retention: Retention
) -> Summary:
    """Read the figures; ``log_records`` is what the log of generation ``log`` was ever given.

    What earlier generations of the topic held is taken from the ledger. A rollup counts what is
    still inside its retention, whether or not the store has dropped the rest by now.
    """
    about: dict[str, Any] = {"topic": topic}
    ((delivered, stored, duplicates),) = store.rows(_LEDGER, about)
    ((earlier,),) = store.rows(_EARLIER, {**about, "log": log})
    return Summary(
        produced=log_records + int(earlier),
        delivered=int(delivered),
        stored=int(stored),
        duplicates=int(duplicates),
        rejected={str(reason): int(number) for reason, number in store.rows(_REASONS, about)},
        dropped_keys={(str(n), str(k)): int(times) for n, k, times in store.rows(_DROPPED, about)},
        rollups={grain: _rollup(store, grain, retention) for grain in GRAINS},
    )


def _rollup(store: Store, grain: str, retention: Retention) -> int:
    table = f"rollup_{grain}"
    ((events,),) = store.rows(
        f"SELECT toUInt64(sum(events)) FROM {table}"
        f" WHERE NOT startsWith(name, 'millrace.') AND {ttl(retention, table)} > now('UTC')"
    )
    return int(events)
