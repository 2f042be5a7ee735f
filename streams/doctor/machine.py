"""What this machine offers: Python and its packages, disk space, and the optional programs."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from aiokafka.codec import has_lz4

from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.local import jars

_NEEDED: Final = (
    "aiokafka",
    "clickhouse-connect",
    "faust-streaming",
    "msgspec",
    "numpy",
    "pyarrow",
    "pydantic",
    "pydantic-settings",
)
#: What each optional package is for.
_OPTIONAL: Final = {
    "chdb": "the embedded store",
    "confluent-kafka": "the in-memory broker",
    "psutil": "the demo's host metrics",
    "grafana-foundation-sdk": "building dashboards",
}
_PROGRAMS: Final = {
    "node": "draws the dashboard preview",
    "docker": "runs the compose file and the containers of tests",
}
_LOW_BYTES: Final = 1024**3


def check_machine(environment: Mapping[str, str], folder: Path) -> Iterator[Finding]:
    """Look at what is installed, and at the disk that ``folder`` is on."""
    yield Finding("python", Level.OK, f"Python {platform.python_version()}")
    yield from _packages()
    yield from _compression()
    yield from _java(environment)
    for program, purpose in _PROGRAMS.items():
        found = shutil.which(program, path=environment.get("PATH"))
        text = f"{program}: {found}" if found else f"{program} is not installed; it {purpose}"
        yield Finding("programs", Level.OK if found else Level.NOTE, text)
    yield disk(str(folder), shutil.disk_usage(folder).free)


def disk(place: str, free: int) -> Finding:
    """Judge the free bytes of a disk."""
    text = f"{free / 1024**3:,.1f} GiB are free on the disk of {place}"
    if free >= _LOW_BYTES:
        return Finding("disk", Level.OK, text)
    return Finding("disk", Level.WARNING, text, "free some space before writing stops")


def _packages() -> Iterator[Finding]:
    for package in _NEEDED:
        found = _version(package)
        if found:
            yield Finding("packages", Level.OK, f"{package} {found}")
        else:
            fix = "install millrace again"
            yield Finding("packages", Level.FAULT, f"{package} is not installed", fix)
    for package, purpose in _OPTIONAL.items():
        found = _version(package)
        text = f"{package} {found}" if found else f"{package} is not installed; it is for {purpose}"
        yield Finding("packages", Level.OK if found else Level.NOTE, text)


def _compression() -> Iterator[Finding]:
    if not has_lz4():
        yield Finding(
            "packages",
            Level.WARNING,
            "records that a producer compressed with lz4, snappy or zstd cannot be read",
            "install the package cramjam",
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _java(environment: Mapping[str, str]) -> Iterator[Finding]:
    java, maven = jars.find_java(environment), jars.find_maven(environment)
    number = jars.java_version(java) if java else 0
    if number >= jars.JAVA_VERSION:
        yield Finding("programs", Level.OK, f"java: {java}, version {number}")
    else:
        text = (
            f"there is no Java {jars.JAVA_VERSION} or newer; millrace up uses the in-memory broker"
        )
        yield Finding("programs", Level.NOTE, text)
    cached = jars.jar_directory(jars.cache_directory(environment)).is_dir()
    if maven or cached:
        text = f"mvn: {maven}" if maven else "mvn is not installed, but Kafka's jars are here"
        yield Finding("programs", Level.OK, text)
    else:
        text = "mvn is not installed; it fetches the jars of the local Kafka broker"
        yield Finding("programs", Level.NOTE, text)
