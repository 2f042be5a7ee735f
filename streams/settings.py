"""One frozen settings object a process, read from ``MILLRACE_*`` and a ``.env`` file at its entry.

Library code takes the part it needs and never reads the environment.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from millrace.schemas.errors import ConfigurationError

PREFIX = "MILLRACE_"
ENV_FILE = ".env"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Section):
    """Where the broker is and how the topics are laid out."""

    #: Brokers to ask first, `host:port`, separated by commas.
    bootstrap_servers: str = "127.0.0.1:9092"
    #: How the connection is secured.
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    #: How the client signs in, with a SASL protocol.
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    #: User name for SASL.
    sasl_username: str = ""
    #: Password for SASL.
    sasl_password: SecretStr = SecretStr("")
    #: Certificates that the broker is checked against; empty uses the system's.
    ssl_cafile: Path | None = None
    #: Consumer group; workers of one group share the partitions.
    group: str = "millrace"
    #: Put before every topic's name, for a cluster that several installations share.
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ""
    #: Partitions of a topic when it is created.
    partitions: Annotated[int, Field(ge=1, le=1024)] = 4
    #: Copies of each partition when a topic is created.
    replication: Annotated[int, Field(ge=1, le=10)] = 1
    #: A killed worker's partitions move after this long.
    session_timeout: Annotated[float, Field(ge=1)] = 10.0


class ClickHouseSettings(_Section):
    """Where the store is; the URL may carry user, password and database."""

    #: `http[s]://user:password@host:port/database`; the database is made when it is missing.
    url: SecretStr = SecretStr("http://127.0.0.1:8123/millrace")
    #: Seconds until a statement is given up.
    timeout: Annotated[float, Field(gt=0)] = 30.0
    #: Name of the cluster for ``ON CLUSTER`` and replicated engines; empty on a single node.
    cluster: str = ""


class SinkSettings(_Section):
    """When a range is flushed and how much may wait."""

    #: Rows of one range, at most; then it is flushed.
    max_rows: Annotated[int, Field(ge=1, le=500_000)] = 50_000
    #: Age of the oldest waiting row at which its range is flushed.
    max_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    #: A range is also flushed when its records reach this size; beyond it fetching pauses.
    max_bytes: Annotated[int, Field(ge=1)] = 32 * 1024 * 1024
    #: Recent producer ids kept for each partition.
    max_ids: Annotated[int, Field(ge=0, le=1_000_000)] = 200_000
    #: How long a producer's repeated id counts as a duplicate, in seconds of Kafka time.
    id_seconds: Annotated[float, Field(ge=0)] = 600.0


class RefusalSettings(_Section):
    """How much of a partition may be refused before it is paused; a bad deploy is likelier then."""

    #: Share of refused records among the newest `window` ones; 1 never pauses.
    max_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    #: Records of a partition that the share is taken of.
    window: Annotated[int, Field(ge=1)] = 10_000
    #: Refused records one after another that pause a partition; 0 never does.
    max_consecutive: Annotated[int, Field(ge=0)] = 10_000
    #: Seconds between two looks at whether a paused partition may go on.
    look_seconds: Annotated[float, Field(gt=0)] = 5.0


class WindowSettings(_Section):
    """How live windows and live values are kept; change them only with the workers drained."""

    #: Whether they are kept at all.
    enabled: bool = True
    #: Widths of the tumbling windows in seconds, each a divisor of a day.
    sizes: tuple[Annotated[int, Field(ge=1, le=86_400)], ...] = (10, 60)
    #: Seconds that a partition's watermark stays behind its newest event.
    lateness: Annotated[float, Field(ge=0)] = 10.0
    #: Seconds that the watermark may be ahead of the log's own clock, at most.
    ahead: Annotated[float, Field(ge=0)] = 5.0
    #: Seconds without an event after which a partition's watermark moves on with the clock.
    idle: Annotated[float, Field(gt=0)] = 30.0
    #: Seconds after its end during which late events still correct a window.
    correction: Annotated[float, Field(ge=0)] = 3600.0
    #: Seconds between two live values of a series, at least.
    live_seconds: Annotated[float, Field(gt=0)] = 1.0
    #: Seconds that a live value lives after its last write.
    live_life: Annotated[float, Field(gt=0)] = 3600.0
    #: Observations that the live value of a histogram or summary keeps.
    observations: Annotated[int, Field(ge=1, le=10_000)] = 1000

    @field_validator("sizes")
    @classmethod
    def _tile_a_day(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(sizes)) < len(sizes) or any(86_400 % size for size in sizes):
            raise ValueError("each must be another divisor of 86400")
        return sizes


class RetentionSettings(_Section):
    """Days each table keeps, by retention class; a class not listed uses ``default``."""

    #: Raw events.
    events: dict[str, Annotated[int, Field(ge=1)]] = {"default": 30, "game": 2, "webapp": 7}
    #: Rollups of one minute.
    rollup_1m: dict[str, Annotated[int, Field(ge=1)]] = {"default": 14}
    #: Rollups of five minutes.
    rollup_5m: dict[str, Annotated[int, Field(ge=1)]] = {"default": 30}
    #: Rollups of one hour.
    rollup_1h: dict[str, Annotated[int, Field(ge=1)]] = {"default": 90}
    #: Rollups of one day.
    rollup_1d: dict[str, Annotated[int, Field(ge=1)]] = {"default": 400, "game": 365}
    #: Events that could not be stored.
    dead_letters: dict[str, Annotated[int, Field(ge=1)]] = {"default": 30}
    #: Counts of keys that were dropped.
    dropped_keys: dict[str, Annotated[int, Field(ge=1)]] = {"default": 90}
    #: Counts of events whose tags had more values than their budget.
    tag_overflows: dict[str, Annotated[int, Field(ge=1)]] = {"default": 90}


class ReconcileSettings(_Section):
    """How often a worker proves that log, ledger, raw events and rollups agree."""

    #: Seconds between two proofs, by one worker at a time; 0 leaves it to `millrace reconcile`.
    seconds: Annotated[float, Field(ge=0)] = 300.0
    #: The newest records of the log that each proof reads again and decides anew.
    records: Annotated[int, Field(ge=0)] = 20_000


class LogSettings(_Section):
    """How the process talks about itself."""

    #: The least severe message that is logged.
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    #: One JSON object a line instead of text.
    json_lines: Annotated[bool, Field(alias="json")] = False


class Settings(BaseSettings):
    """Everything that may be set, with its default."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=ENV_FILE,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",  # unknown MILLRACE_* names are refused by load_settings, with a hint
    )

    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    sink: SinkSettings = SinkSettings()
    refusals: RefusalSettings = RefusalSettings()
    windows: WindowSettings = WindowSettings()
    retention: RetentionSettings = RetentionSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    log: LogSettings = LogSettings()
    #: Extra catalogue files, separated by the system's path separator.
    catalogue: str = ""
    #: Key of the hash that stands in for actors and personal entities.
    actor_key: SecretStr = SecretStr("")
    #: Seconds between the worker's own millrace.* events; 0 sends none.
    telemetry_seconds: Annotated[float, Field(ge=0)] = 5.0
    #: Where days and weeks begin on screen; storage is always UTC.
    time_zone: str = "UTC"

    @property
    def catalogue_files(self) -> tuple[Path, ...]:
        """The user's own catalogue files, in order."""
        return tuple(Path(part) for part in self.catalogue.split(os.pathsep) if part)


def load_settings() -> Settings:
    """Read the settings once, at a process's entry.

    Raises ConfigurationError naming the variable at fault; an unknown ``MILLRACE_*`` name is
    refused with the nearest known one, in the environment as in the ``.env`` file.
    """
    known = set(variable_names())
    for name in sorted({*os.environ, *dotenv_values(ENV_FILE)}):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(f"The variable {name} is not a setting{hint}")
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        variable = PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
        raise ConfigurationError(f"The setting {variable} is not usable: {fault['msg']}") from None


def variable_names() -> Iterator[str]:
    """Yield every environment variable that is a setting."""
    for name, info in Settings.model_fields.items():
        yield f"{PREFIX}{name.upper()}"
        section: Any = info.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            for field, details in section.model_fields.items():
                yield f"{PREFIX}{name.upper()}__{(details.alias or field).upper()}"
