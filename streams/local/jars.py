"""Apache Kafka's jars: fetched by Maven once, kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from millrace.schemas.errors import ConfigurationError

POM = Path(__file__).with_name("pom.xml")

#: Kafka 4 needs at least this version of Java.
JAVA_VERSION = 17


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return where downloaded files are kept, by the XDG convention."""
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "millrace"


def find_java(environment: Mapping[str, str]) -> Path | None:
    """Return the java of JAVA_HOME, else of PATH, or None."""
    home = environment.get("JAVA_HOME")
    if home and (java := Path(home) / "bin" / "java").is_file():
        return java
    found = shutil.which("java", path=environment.get("PATH"))
    return Path(found) if found else None


def require_java(environment: Mapping[str, str]) -> Path:
    """Return a java that is new enough; raises ConfigurationError when there is none."""
    java = find_java(environment)
    if java is None:
        raise ConfigurationError(
            f"there is no Java on the PATH or in JAVA_HOME; install Java {JAVA_VERSION} or newer"
        )
    if (version := java_version(java)) < JAVA_VERSION:
        raise ConfigurationError(
            f"{java} is Java {version or '?'}; install Java {JAVA_VERSION} or newer"
        )
    return java


def java_version(java: Path) -> int:
    """Return Java's major version, or 0 when it does not say."""
    said = subprocess.run(
        [java, "-version"], capture_output=True, text=True, check=False, timeout=30
    ).stderr
    version = said.partition('"')[2].partition('"')[0]
    major = version.removeprefix("1.").partition(".")[0]
    return int(major) if major.isdecimal() else 0


def find_maven(environment: Mapping[str, str]) -> Path | None:
    """Return the mvn of PATH, or None."""
    found = shutil.which("mvn", path=environment.get("PATH"))
    return Path(found) if found else None


def jar_directory(cache: Path, pom: Path = POM) -> Path:
    """Return where the jars of this very pom belong; it exists only when it is complete."""
    stamp = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    return cache / f"kafka-{stamp}"


def fetch_jars(cache: Path, maven: Path | None, pom: Path = POM) -> Path:
    """Return the directory of the jars, filling it first when it is not there.

    Two processes may call this at once: one downloads, the other waits. Raises
    ConfigurationError when Maven is needed and missing, or when it fails.
    """
    target = jar_directory(cache, pom)
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            if maven is None:
                raise ConfigurationError(
                    "Kafka's jars are not in the cache and Maven (mvn) is not on the PATH; "
                    "install Maven"
                )
            _download(maven, pom, target)
    return target


def _download(maven: Path, pom: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        jars = Path(scratch) / "jars"
        # Maven writes beside the pom; the installed package may be read-only.
        own_pom = Path(shutil.copy(pom, Path(scratch) / "pom.xml"))
        command = [str(maven), "-B", "-q", "-f", str(own_pom), "dependency:copy-dependencies"]
        command += [f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0 or not any(jars.glob("kafka_*.jar")):
            said = [line for line in result.stdout.splitlines() if "ERROR" in line]
            raise ConfigurationError(
                "Maven could not fetch Kafka's jars: "
                + (said[0] if said else f"it ended with status {result.returncode}")
            )
        jars.rename(target)
