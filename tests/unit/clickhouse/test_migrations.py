from __future__ import annotations

import re

import pytest

from millrace.clickhouse.migrations import Migration, all_migrations, render
from millrace.schemas.errors import ConfigurationError

ALL = [pytest.param(migration, id=migration.label) for migration in all_migrations()]
VERBS = ("CREATE ", "ALTER ", "DROP ", "RENAME ", "EXCHANGE ", "INSERT ")

#: A released migration never changes; a new one adds its line here.
CHECKSUMS = {
    "0001_events": "5d3e444752fc6090",
    "0002_rollup_1m": "d1b955f287bd4b95",
    "0003_rollup_5m": "216e0ebbfaf0091b",
    "0004_rollup_1h": "a60b210c7ab53ed5",
    "0005_rollup_1d": "149b3a87b3cfb867",
    "0006_ingest_ledger": "e62c9da1e1a68c49",
    "0007_dead_letters": "44d61e9ae0cf50f6",
    "0008_dropped_keys": "271b728da29b245f",
    "0009_catalogues": "dce04ca333ff919b",
    "0010_topic_logs": "e5c58401e90f1703",
    "0011_buckets": "2ba316f3490639d5",
    "0012_ledger_refused": "fe60800009e000b8",
    "0013_ingest_pauses": "ba89e31de55df325",
    "0014_letter_marks": "f1beaa3eb62b8079",
    "0015_topic_ids": "459f3673309c05ef",
    "0016_tag_values": "9eab455cc4bb441e",
    "0017_letter_jobs_values": "9a86df510bdc8dfe",
    "0018_lifecycles": "2e78331bf44c253e",
    "0019_states": "377e4fe3034fae27",
    "0020_rollups": "f33f5edca84cac39",
    "0021_ledger_time": "bb6cddf54247b242",
}


def test_numbers_are_contiguous_and_names_unique() -> None:
    migrations = all_migrations()
    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert len({migration.name for migration in migrations}) == len(migrations)


def test_released_texts_have_not_changed() -> None:
    assert {item.label: item.checksum[:16] for item in all_migrations()} == CHECKSUMS


@pytest.mark.parametrize("migration", ALL)
def test_every_statement_is_one_plain_change(migration: Migration) -> None:
    for statement in [*migration.up(), *migration.down()]:
        assert statement.startswith(VERBS)
        assert ";" not in statement
        assert "IF EXISTS" not in statement
        assert "IF NOT EXISTS" not in statement
        assert "OR REPLACE" not in statement
        assert "$" not in statement


@pytest.mark.parametrize("migration", ALL)
def test_first_line_says_why(migration: Migration) -> None:
    assert migration.text.startswith("-- ")
    assert migration.down_text.startswith("-- ")
    assert max(map(len, migration.text.splitlines())) <= 120


@pytest.mark.requirement("GAME-36")
@pytest.mark.parametrize("migration", ALL)
def test_way_back_drops_what_the_way_up_made(migration: Migration) -> None:
    made = re.findall(r"^CREATE (?:MATERIALIZED )?(?:TABLE|VIEW) (\w+)", migration.text, re.M)
    dropped = re.findall(r"^DROP (?:TABLE|VIEW) (\w+)", migration.down_text, re.M)
    assert sorted(made) == sorted(dropped)
    # A view must never write to a target that is gone.
    assert dropped == sorted(dropped, key=lambda name: not name.endswith("_view"))


@pytest.mark.parametrize("migration", ALL)
def test_same_files_serve_a_cluster(migration: Migration) -> None:
    for statement in [*migration.up("main"), *migration.down("main")]:
        # What is copied once reaches every replica.
        assert "ON CLUSTER 'main'" in statement or statement.startswith("INSERT ")
        assert "ENGINE = Replicated" in statement or "ENGINE" not in statement


@pytest.mark.parametrize("migration", ALL)
def test_every_table_remembers_tokens_long_enough(migration: Migration) -> None:
    for statement in migration.up():
        if statement.startswith("CREATE TABLE"):
            for name in ("non_replicated", "replicated"):
                window = re.search(rf"\b{name}_deduplication_window = (\d+)", statement)
                assert window
                assert int(window[1]) >= 100_000
            assert "replicated_deduplication_window_seconds = 2678400" in statement


def test_views_have_stable_names_and_explicit_targets() -> None:
    views = [
        statement
        for migration in all_migrations()
        for statement in migration.up()
        if statement.startswith("CREATE MATERIALIZED VIEW")
    ]
    heads = [" ".join(view.split()[3:6]) for view in views]
    targets = [*(f"rollup_{grain}" for grain in ("1m", "5m", "1h", "1d")), "lifecycles"]
    assert heads == [f"{target}_view TO {target}" for target in targets]


@pytest.mark.parametrize("name", ["a b", "x'y", "a;b", "a" * 65])
def test_odd_cluster_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        render("${on_cluster}", name)
