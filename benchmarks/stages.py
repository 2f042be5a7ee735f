"""The case "stages": what single steps cost, without a broker around them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, Final

import numpy as np
import peer
from aiokafka import ConsumerRecord
from figures import per_event
from rig import Rig
from usage import cpu_seconds
from workload import Workload

from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import RecordBatch, record_batch

EVENTS: Final = 50_000
_TIMES: Final = 5


def measure(rig: Rig, *, say: Any) -> dict[str, Any]:
    """Return the median microseconds an event of each stage, for a range of 50,000."""
    decoder = Decoder(load_catalogue(), b"a key for benchmarks")
    records = _records()
    unlike = _with_tags_of_their_own(records)
    batch = decoder.decode(records, "log")
    numbers = count()
    with rig.database("stages") as (_, store):

        def insert() -> None:
            store.insert("events", batch.rows, f"range {next(numbers)}")

        insert()
        before = cpu_seconds(rig.server.pid)
        inserted = _timed(insert)
        store_cpu = (cpu_seconds(rig.server.pid) - before) / _TIMES
    consumed = _consumed(records)
    result = {
        "decode_us": per_event(_timed(lambda: decoder.decode(records, "log")), EVENTS),
        "decode_unlike_us": per_event(_timed(lambda: decoder.decode(unlike, "log")), EVENTS),
        "insert_us": per_event(inserted, EVENTS),
        "insert_store_cpu_us": per_event([store_cpu], EVENTS),
        "peer_decode_us": per_event(_timed(lambda: peer.rows_of(consumed)), EVENTS),
    }
    say(f"Stages: decode {result['decode_us']:.2f} us, insert {result['insert_us']:.2f} us.")
    return {"events": EVENTS, **result}


def _timed(act: Callable[[], Any]) -> list[float]:
    """Return the seconds of each of five goes."""
    found = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return found


def _records() -> RecordBatch:
    # One event in a thousand would print a line of the peer's; only valid ones here.
    values = [value for _, _, value in Workload.until_now(EVENTS).records()]
    values = [value.replace(b"9 is no name", b"shop.step_9") for value in values]
    now = int(time.time() * 1000)
    return record_batch("topic", 0, 0, range(EVENTS), np.full(EVENTS, now).tolist(), values)


def _with_tags_of_their_own(records: RecordBatch) -> RecordBatch:
    """Return the records with a denied tag that is different in each."""
    values = [
        (value or b"").replace(b'"user_agent":"', b'"user_agent":"%d ' % place)
        for place, value in enumerate(records.values)
    ]
    return replace(records, values=values)


def _consumed(records: RecordBatch) -> list[ConsumerRecord[bytes, bytes]]:
    return [
        ConsumerRecord(
            topic=records.topic,
            partition=records.partition,
            offset=int(offset),
            timestamp=int(timestamp),
            timestamp_type=1,
            key=b"key",
            value=value,
            checksum=None,
            serialized_key_size=3,
            serialized_value_size=len(value or b""),
            headers=(),
        )
        for offset, timestamp, value in zip(
            records.offsets, records.timestamps, records.values, strict=True
        )
    ]
