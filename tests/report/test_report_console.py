"""What the terminal shows, in a terminal and in a pipe."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from report_samples import make_backtest
from rich.console import Console, RenderableType

from rl_replenishment.cli.console import edit_table, policy_table, progress_bar, proposal_table
from rl_replenishment.core.evaluation.backtest import Backtest
from rl_replenishment.report import EditLine, ProposalLine, ReportContent

ROOT = Path(__file__).parents[2]


def shown(what: RenderableType, width: int = 80) -> str:
	stream = io.StringIO()
	Console(file=stream, width=width).print(what)
	return stream.getvalue()


def test_policies_fit_eighty_columns(small_backtest: Backtest) -> None:
	text = shown(policy_table(small_backtest, currency="EUR"))
	assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
	assert "\u2026" not in text
	for words in ("Cost EUR", "(s, S)", "+28.8 %", "+10.9 to +53.2", "99.6 %", "reference", "6 items"):
		assert words in text
	# the cheapest comes first
	assert text.index("(s, S)") < text.index("learned") < text.index("base-stock")


def test_large_amounts_still_fit() -> None:
	backtest = make_backtest(learned_name="capped base-stock, version 12", price=40_000.0)
	text = shown(policy_table(backtest))
	assert "\u2026" not in text


def test_proposals_and_edits(content: ReportContent) -> None:
	assert content.proposals is not None
	assert content.edits is not None
	proposals, edits = shown(proposal_table(content.proposals)), shown(edit_table(content.edits))
	for words in ("BOLT-M8 Hexagon bolt M8", "Acme", "24", "20", "Cover for 14 days"):
		assert words in proposals
	for words in ("TAPE-50 Tape 50 m", "away from the buyer", "Promotion next week", "60 % of the way"):
		assert words in edits


def test_markup_and_control_characters_are_only_text() -> None:
	"""A file must neither colour the terminal nor send it commands."""
	hostile = "[red]A[/red] \x1b]0;title\x07\u202e:smile: [link=http://x]"
	text = shown(proposal_table([ProposalLine(hostile, hostile, hostile, 1, 2, 3, 4, hostile)]), width=300)
	assert "[red]A[/red]" in text
	assert "[link=http://x]" in text
	assert ":smile:" in text
	assert not {"\x1b", "\x07", "\u202e"} & set(text)
	assert "[/b]" in shown(edit_table([EditLine("[/b]", "", "[/b]", 1, 2, 3)]))


def test_progress_without_a_terminal_is_a_line_per_tenth() -> None:
	stream = io.StringIO()
	with progress_bar("Tuning", console=Console(file=stream)) as update:
		for step in range(101):
			update(step / 200, f"Tuning [step {step}]")
		update(0.5)
		update(2.0, "Done")
		update(float("nan"))
	lines = stream.getvalue().splitlines()
	assert len(lines) == 8
	assert lines[0] == "Tuning [step 0]: 0 %"
	assert lines[5] == "Tuning [step 100]: 50 %"
	assert lines[6] == "Done: 100 %"


def test_progress_in_a_terminal_is_a_bar() -> None:
	stream = io.StringIO()
	console = Console(file=stream, force_terminal=True, width=80)
	with progress_bar("Tuning", console=console) as update:
		update(0.25)
		update(0.5, "Training [a]")
	text = stream.getvalue()
	assert "Training [a]" in text
	assert "50%" in text


def test_progress_passes_errors_on() -> None:
	with (
		pytest.raises(RuntimeError, match="stop"),
		progress_bar("Tuning", console=Console(file=io.StringIO(), force_terminal=True)),
	):
		raise RuntimeError("stop")


def test_the_console_needs_no_plots() -> None:
	program = (
		"import sys; before = set(sys.modules)\n"
		"import rl_replenishment.cli.console\n"
		"print(*(set(sys.modules) - before))"
	)
	run = subprocess.run(
		[sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
	)
	assert run.returncode == 0, run.stderr
	assert not {"matplotlib", "jinja2", "torch"} & set(run.stdout.split())
