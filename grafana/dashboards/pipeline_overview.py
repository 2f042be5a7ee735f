"""Pipeline health: does everything that producers send arrive, soon and whole?"""

from __future__ import annotations

from millrace.grafana import boards, layout, navigation, variables
from millrace.grafana.dashboards import pipeline_details as details
from millrace.grafana.dashboards import pipeline_proof as proof
from millrace.grafana.dashboards import pipeline_stats
from millrace.grafana.dashboards import pipeline_store as store
from millrace.grafana.foundation import dashboard
from millrace.grafana.layout import Line, Section
from millrace.grafana.sql_files import SHARED, sql

UID = "millrace-pipeline"
_NAME = "pipeline_overview"


def _sections() -> list[Section]:
    # Ids are in links and addresses: a panel keeps its number for ever.
    now = Line(5, list(enumerate(pipeline_stats.row(), start=1)))
    more = Line(5, list(enumerate(pipeline_stats.second_row(), start=19)))
    rates = Line(9, [(9, details.rate_by_outcome()), (10, details.rate_by_name())])
    quality = Line(8, [(11, details.rejects_by_reason()), (12, details.dropped_keys())])
    refused = Line(8, [(28, proof.dead_letters_by_cause())])
    beyond = Line(8, [(27, proof.late_events()), (29, proof.tag_overflows())])
    delay = Line(
        9,
        [
            (13, details.lag_by_partition()),
            (14, details.ingest_delay()),
            (15, details.flush_time()),
        ],
    )
    workers = Line(7, [(17, details.worker_memory()), (18, details.insert_retries())])
    storage = Line(8, [(33, store.parts()), (34, store.merges()), (37, store.free_disk())])
    sizes = Line(9, [(36, store.store_size()), (35, store.tables())])
    events = Line(9, [(16, details.top_events()), (40, details.sources())], (15, 9))
    return [
        Section("Now", 100, [now, more]),
        Section("Throughput", 101, [rates]),
        Section("Quality", 102, [quality, refused, beyond]),
        Section("Delay", 103, [delay, Line(8, [(30, proof.partitions())])]),
        Section("Events", 104, [events]),
        Section("Proofs", 106, [Line(8, [(31, proof.differences()), (32, proof.proofs())])]),
        Section("Store", 107, [storage, sizes]),
        Section("Workers", 105, [workers, Line(7, [(38, store.pauses()), (39, store.workers())])]),
    ]


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        boards.start(
            UID,
            "Millrace: pipeline health",
            "Does everything that producers send arrive, soon and whole? Generated from code.",
            refresh="10s",
        )
        .with_variable(variables.tenant(sql(SHARED, "variable_tenant")))
        .annotation(navigation.incomplete())
        .annotation(navigation.annotation("Workers", sql(_NAME, "annotation_workers")))
    )
    layout.place(board, _sections())
    return board.build()
