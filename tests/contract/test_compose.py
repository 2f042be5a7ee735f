"""docker-compose.yml and deploy/: no default password, pinned versions, nothing that can be lost.

There is no Docker engine in the checks; docker-compose itself reads the file where it is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from millrace.grafana.clickhouse_query import PLUGIN, PLUGIN_VERSION, PROVISIONED_UID
from millrace.grafana.generated import FOLDER, dashboards
from millrace.grafana.translate import LANGUAGES
from millrace.streams.settings import PREFIX, variable_names

ROOT = Path(__file__).parents[2]
LANGUAGE = "${GRAFANA_LANGUAGE:-en}"
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: Runs once and ends.
TASKS = {"migrate"}
OLDEST_CLICKHOUSE = (26, 7, 3, 9)


def mounts(service: str, language: str = "en") -> dict[str, str]:
    """What is mounted, by where in the container."""
    entries = [
        entry.replace(LANGUAGE, language).split(":")
        for entry in SERVICES[service].get("volumes", [])
    ]
    return {entry[1]: entry[0] for entry in entries}


def values(service: str) -> dict[str, str]:
    found: dict[str, str] = SERVICES[service].get("environment", {})
    return found


def test_the_services_are_there() -> None:
    assert set(SERVICES) == {"kafka", "clickhouse", "migrate", "worker", "grafana"}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_versions_are_pinned(service: str) -> None:
    image = SERVICES[service]["image"]
    assert re.fullmatch(r"[\w./-]+:\d+(\.\d+)+", image), image


def test_clickhouse_is_new_enough() -> None:
    tag = SERVICES["clickhouse"]["image"].rpartition(":")[2]
    assert tuple(int(part) for part in tag.split(".")) > OLDEST_CLICKHOUSE[:2]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_no_secret_has_a_default(service: str) -> None:
    for name, value in values(service).items():
        if re.search(r"PASSWORD|SECRET|_KEY$", name) or ("@" in value and "://" in value):
            assert re.search(r"\$\{\w+:\?[^}]+\}", value), f"{service}: {name}"
            assert not re.search(r"\$\{\w+:?-", value), f"{service}: {name}"


def test_the_example_lists_every_variable_and_gives_no_secret() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert set(example) == set(re.findall(r"\$\{(\w+)", text))
    required = set(re.findall(r"\$\{(\w+):\?", text))
    assert {name for name, value in example.items() if not value} == required


@pytest.mark.parametrize("service", sorted(set(SERVICES) - TASKS))
def test_what_keeps_running_has_a_health_check_and_restarts(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", ["kafka", "clickhouse", "grafana"])
def test_data_is_in_a_named_volume(service: str) -> None:
    named = [entry.split(":")[0] for entry in SERVICES[service]["volumes"]]
    assert set(named) & set(COMPOSE["volumes"])


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_what_is_mounted_exists_and_ports_stay_on_this_host(service: str) -> None:
    for language in LANGUAGES:
        for source in mounts(service, language).values():
            assert source in COMPOSE["volumes"] or (ROOT / source).exists(), source
    for port in SERVICES[service].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


def test_the_workers_settings_exist() -> None:
    known = set(variable_names())
    for service in ("worker", "migrate"):
        given = {name for name in values(service) if name.startswith(PREFIX)}
        assert given
        assert given <= known


def test_the_worker_waits_for_what_it_needs() -> None:
    needs = SERVICES["worker"]["depends_on"]
    assert needs["kafka"]["condition"] == "service_healthy"
    assert needs["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["clickhouse"]["condition"] == "service_healthy"


def test_grafanas_data_source_is_the_one_in_the_code() -> None:
    path = DEPLOY / "grafana/provisioning/datasources/clickhouse.yaml"
    [source] = yaml.safe_load(path.read_text())["datasources"]
    assert source["uid"] == PROVISIONED_UID
    assert source["type"] == PLUGIN
    assert source["editable"] is False
    assert source["secureJsonData"]["password"] == "$GRAFANA_CLICKHOUSE_PASSWORD"
    assert "GRAFANA_CLICKHOUSE_PASSWORD" in values("grafana")
    assert values("grafana")["GF_PLUGINS_PREINSTALL"] == f"{PLUGIN}@{PLUGIN_VERSION}"
    for board in dashboards().values():
        variable = board["templating"]["list"][0]
        assert variable["current"]["value"] == PROVISIONED_UID


def test_grafana_provisions_the_generated_dashboards_read_only() -> None:
    path = DEPLOY / "grafana/provisioning/dashboards/millrace.yaml"
    [provider] = yaml.safe_load(path.read_text())["providers"]
    assert provider["allowUiUpdates"] is False
    folder = provider["options"]["path"]
    assert f"./grafana/generated/{LANGUAGE}:{folder}:ro" in SERVICES["grafana"]["volumes"]
    home = values("grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).parent == Path(folder)
    for language in LANGUAGES:
        assert Path(home).stem in dashboards(language)


def test_grafana_provisions_every_alert_file_and_nothing_else_beside_them() -> None:
    place = "/etc/grafana/provisioning/alerting"
    for language in LANGUAGES:
        there = {
            path: source for path, source in mounts("grafana", language).items() if place in path
        }
        files = (FOLDER / "alerts" / language).iterdir()
        assert there == {
            f"{place}/{file.name}": f"./grafana/generated/alerts/{language}/{file.name}"
            for file in files
        }
        # Grafana stops at a file of another kind.
        assert {Path(path).suffix for path in there} <= {".json", ".yaml", ".yml"}
    assert all(entry.endswith(":ro") for entry in SERVICES["grafana"]["volumes"] if "./" in entry)


def test_what_the_alert_files_take_from_the_environment_is_given() -> None:
    taken = {
        name
        for file in (FOLDER / "alerts").rglob("*.json")
        for name in re.findall(r"\$\{(\w+)\}", file.read_text())
    }
    assert taken == {"GRAFANA_RUNBOOKS"}
    assert taken <= values("grafana").keys()


def test_who_signs_in_to_grafana_has_no_role_until_one_is_given() -> None:
    given = values("grafana")
    assert given["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert given["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert given["GF_USERS_AUTO_ASSIGN_ORG_ROLE"] == "None"


def test_grafana_reads_clickhouse_as_a_user_that_cannot_write() -> None:
    root = ElementTree.parse(DEPLOY / "clickhouse/users.d/grafana.xml").getroot()
    assert root.findtext("profiles/grafana/readonly") == "1"
    assert root.findtext("users/grafana/profile") == "grafana"
    password = root.find("users/grafana/password")
    assert password is not None
    assert password.get("from_env") in values("clickhouse")
    assert not (password.text or "").strip()
    assert [grant.text for grant in root.iterfind("users/grafana/grants/query")] == [
        "GRANT SELECT ON millrace.*"
    ]
    changeable = {
        setting.tag
        for setting in root.iterfind("profiles/grafana/constraints/*")
        if setting.find("changeable_in_readonly") is not None
    }
    assert changeable == {"max_execution_time", "additional_table_filters"}
    server = ElementTree.parse(DEPLOY / "clickhouse/config.d/millrace.xml").getroot()
    path = "access_control_improvements/settings_constraints_replace_previous"
    assert server.findtext(path) == "true"


def test_the_image_names_no_place_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "millrace/Dockerfile").read_text()
    assert "://" not in text
    assert re.search(r"^FROM python:3\.13-slim$", text, re.MULTILINE)
    assert re.search(r"^USER millrace$", text, re.MULTILINE)


def compose(directory: Path, environment: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("docker-compose")
    if tool is None:
        print("No docker-compose: the file was only read as YAML")
        pytest.skip("No docker-compose: the file was only read as YAML")
    file = directory / "env"
    file.write_text(environment)
    command = [tool, "--file", str(ROOT / "docker-compose.yml"), "--env-file", str(file), "config"]
    return subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )


def test_docker_compose_takes_the_file(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    result = compose(tmp_path, re.sub(r"=$", "=x1", example, flags=re.MULTILINE))
    assert result.returncode == 0, result.stderr
    assert set(yaml.safe_load(result.stdout)["services"]) == set(SERVICES)


def test_docker_compose_refuses_without_secrets(tmp_path: Path) -> None:
    result = compose(tmp_path, (ROOT / ".env.example").read_text())
    assert result.returncode != 0
    assert "in .env" in result.stderr
