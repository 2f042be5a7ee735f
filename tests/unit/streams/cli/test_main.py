from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from millrace.schemas.errors import ConfigurationError
from millrace.streams.cli import COMMANDS, application, main


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there_and_explains_itself(command: str) -> None:
    result = CliRunner().invoke(application([command]), [command, "--help"])
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) > 4


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    result = CliRunner().invoke(application([command]), [command, "--help"])
    if "Commands:" not in result.output:
        assert f"millrace {command}" in result.output


def test_the_help_lists_every_command_and_loads_none() -> None:
    code = (
        "import sys; from millrace.streams.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: print(end.code)\n"
        "print([name for name in ('aiokafka', 'clickhouse_connect', 'pyarrow', 'faust', 'pydantic')"
        " if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(command in said.stdout for command in COMMANDS)
    assert said.stdout.splitlines()[-2:] == ["0", "[]"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["--version"], 0, id="version"),
        pytest.param([], 2, id="nothing asked for"),
        pytest.param(["no-such-command"], 2, id="unknown command"),
        pytest.param(["demo", "--no-such-option"], 2, id="unknown option"),
        pytest.param(["demo", "--rate", "fast"], 2, id="not a number"),
        pytest.param(["demo", "--input", "/no/such/file"], 2, id="no such input"),
        pytest.param(["produce", "/no/such/file"], 1, id="no such file"),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == code


def test_an_error_of_ours_is_one_line_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ConfigurationError("The file is not there; create it")

    monkeypatch.setattr("millrace.streams.cli.doctor.doctor", fail)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "millrace: The file is not there; create it\n")


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("millrace.streams.cli.doctor.doctor", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 130


def test_a_missing_package_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without() -> None:
        raise ModuleNotFoundError("No module named 'chdb'", name="chdb")

    monkeypatch.setattr("millrace.streams.cli.doctor.doctor", without)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 1
    assert "needs the package chdb; install millrace[all]" in capsys.readouterr().err
