"""What a report can hold, and what it must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_samples import make_backtest

from rl_replenishment.core.evaluation.backtest import Backtest
from rl_replenishment.report import EditLine, ProposalLine, ReportContent


@pytest.fixture(scope="session")
def small_backtest() -> Backtest:
	return make_backtest()


@pytest.fixture(scope="session")
def content(small_backtest: Backtest) -> ReportContent:
	"""Everything a report can hold."""
	return ReportContent(
		title="Replenishment report",
		subtitle="Sample company, Stores",
		backtest=small_backtest,
		learned="learned",
		currency="EUR",
		proposals=[
			ProposalLine(
				"BOLT-M8", "Hexagon bolt M8", "Acme", 4, 10, 20, 24, "Cover for 14 days is 18, 14 are there."
			),
			ProposalLine("GLUE-5L", "Glue, 5 litres", "Chemco", 1, 0, 2.5, 3, "Lead time of 14 days."),
		],
		edits=[
			EditLine("BOLT-M8", "Hexagon bolt M8", "Promotion next week", 20, 40, 32),
			EditLine("LAMP-E27", "Lamp E27", "", 12, 12, 12),
			EditLine("TAPE-50", "Tape 50 m", "Too much on the shelf", 30, 0, 35),
		],
		backtest_after=make_backtest(learned=1.6),
		learning_curve=[(1, 1.6), (10, 1.1), (30, 0.97), (60, 0.93)],
		facts={"Seed": "7", "Training time": "60 s"},
	)


@pytest.fixture(scope="session")
def minimal(content: ReportContent) -> ReportContent:
	"""Only what a report must hold."""
	return replace(
		content,
		currency="",
		proposals=None,
		edits=None,
		backtest_after=None,
		learning_curve=None,
		facts={},
	)
