"""Help is read in a window of 80 columns."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from ASLMyoSegLib.cli import app

COMMANDS = {command.name: command for command in typer.main.get_command(app).commands.values()}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_is_legible_in_80_columns(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, [name, "--help"]).output
    words = shown.replace("│", " ").split()
    for parameter in COMMANDS[name].params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert option in words or not option.startswith("-")
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_options_of_run_that_are_rarely_used_stand_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["run", "--help"]).output
    first, _, rare = shown.partition("Network and passes")
    assert "--output" in first
    assert "--trials" not in first
    for panel in ("How flow is measured", "What files do not say"):
        assert panel in rare
