"""The history that the dashboards' benchmark stores: what it says it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from history import A_DAY, SERIES, fill

from millrace.clickhouse.client import Store
from millrace.schemas.catalogue_files import load_catalogue

pytestmark = pytest.mark.integration


def test_a_day_of_history_holds_every_declared_event_of_every_series(store: Store) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = midnight - timedelta(microseconds=1)
    found = fill(store, end, days=0)
    assert (found.end, found.days, found.events) == (end, 0, SERIES * A_DAY)
    ((series, first, last),) = store.rows(
        "SELECT uniqExact(tenant, name, measurement, tags), min(bucket), max(bucket) FROM rollup_1h"
    )
    assert SERIES * 0.9 < series <= SERIES  # some users' metrics share name and tags
    assert (first, last) == (midnight - timedelta(days=1), midnight - timedelta(hours=1))
    names = {name for (name,) in store.rows("SELECT DISTINCT name FROM rollup_1d")}
    declared = {declaration.name for _, declaration in load_catalogue().declarations}
    assert declared <= names
    ((links,),) = store.rows("SELECT count() FROM links")
    assert links > 0
