"""Runs the command in a folder of its own, and looks at what it left there."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_samples import FEEDBACK, STOCK, Outcome, Run, orders, stored_policy, write_policy

from rl_replenishment.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
	"""The current folder: o.csv, s.csv, f.csv and a policy."""
	(tmp_path / "o.csv").write_text(orders())
	(tmp_path / "s.csv").write_text(STOCK)
	(tmp_path / "f.csv").write_text(FEEDBACK)
	write_policy(tmp_path / "policy", stored_policy())
	monkeypatch.chdir(tmp_path)
	return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
	"""Runs the command with the given arguments, in the folder, to which `files` are added."""

	def run_command(*arguments: str, files: dict[str, str] | None = None) -> Outcome:
		for name, text in (files or {}).items():
			(folder / name).write_text(text, encoding="utf-8")
		before = _contents(folder)
		capsys.readouterr()
		status = main(arguments)
		out, err = capsys.readouterr()
		assert "Traceback" not in err
		assert "Warning" not in err
		return Outcome(status, out, err, _contents(folder) - before)

	return run_command


def _contents(folder: Path) -> set[str]:
	return {str(path.relative_to(folder)) for path in folder.rglob("*")}
