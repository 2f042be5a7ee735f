from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from millrace.schemas.errors import ConfigurationError
from millrace.streams.local import jars

Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(name: str, text: str) -> Path:
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        return file

    return write


def java_that_says(script: Script, version: str) -> Path:
    return script("java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        pytest.param("17.0.15", 17, id="three parts"),
        pytest.param("21", 21, id="one part"),
        pytest.param("1.8.0_402", 8, id="the old way"),
        pytest.param("nothing", 0, id="no number"),
    ],
)
def test_the_major_version_of_java(script: Script, said: str, version: int) -> None:
    assert jars.java_version(java_that_says(script, said)) == version


def test_java_home_goes_before_the_path(script: Script, tmp_path: Path) -> None:
    java = java_that_says(script, "17")
    environment = {"JAVA_HOME": str(tmp_path), "PATH": "/nowhere"}
    assert jars.find_java(environment) == java
    assert jars.find_java({"PATH": str(java.parent)}) == java
    assert jars.find_java({"PATH": "/nowhere"}) is None


def test_no_java_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="install Java 17"):
        jars.require_java({"PATH": "/nowhere"})


def test_an_old_java_is_refused_with_what_to_do(script: Script) -> None:
    java = java_that_says(script, "11.0.2")
    with pytest.raises(ConfigurationError, match="is Java 11; install Java 17"):
        jars.require_java({"PATH": str(java.parent)})


def test_the_cache_follows_the_convention(tmp_path: Path) -> None:
    assert jars.cache_directory({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "millrace"
    assert jars.cache_directory({}) == Path.home() / ".cache" / "millrace"


def test_two_at_once_download_once(script: Script, tmp_path: Path) -> None:
    maven = script(
        "mvn",
        f"""echo called >> {tmp_path}/calls; sleep 0.2
for argument; do case $argument in -DoutputDirectory=*) out=${{argument#*=}};; esac; done
mkdir -p $out; touch $out/kafka_2.13-4.1.1.jar""",
    )
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: jars.fetch_jars(cache, maven), range(2)))
    assert found[0] == found[1] == jars.jar_directory(cache)
    assert (tmp_path / "calls").read_text() == "called\n"
    assert jars.fetch_jars(cache, None) == found[0]


def test_another_pom_is_another_directory(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text("<project/>")
    assert jars.jar_directory(tmp_path, pom) != jars.jar_directory(tmp_path)


def test_without_maven_an_empty_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="install Maven"):
        jars.fetch_jars(tmp_path, None)


def test_a_failing_maven_says_why_and_leaves_nothing(script: Script, tmp_path: Path) -> None:
    maven = script("mvn", "echo '[ERROR] no route to host'; exit 1")
    cache = tmp_path / "cache"
    with pytest.raises(ConfigurationError, match="no route to host"):
        jars.fetch_jars(cache, maven)
    assert [path.name for path in cache.iterdir()] == ["kafka.lock"]
