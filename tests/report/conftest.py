"""A small company: six items, two classical rules, and a policy that plays the learned one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.evaluation.backtest import Backtest, backtest
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.report import EditLine, ProposalLine, ReportContent

HOLDOUT_DAYS = 120
CODES = ("BOLT-M8", "BOLT-M10", "GLUE-5L", "LAMP-E27", "TAPE-50", "WIRE-2.5")


def rule(name: str, *, safety_factor: float, gap: float = 0.0, cap: float = np.inf) -> OrderUpTo:
	parameters = ItemParameters.everywhere(safety_factor=safety_factor, gap=gap, cap=cap)
	return OrderUpTo(name, ForecastLevels(parameters, "91 days"))


def make_backtest(
	*, learned: float = 1.2, learned_name: str = "learned", items: int = len(CODES)
) -> Backtest:
	"""A backtest in which the policy `learned_name` is a base-stock rule of safety factor `learned`."""
	rng = np.random.default_rng(7)
	rate = np.array([2.0, 6.0, 0.3, 1.0, 4.0, 0.8])
	demand = (rng.poisson(rate, (300, 6)) * (rng.random((300, 6)) < 0.7)).astype(np.float32)
	keys = tuple(ItemKey(code, "Stores") for code in CODES)
	table = ItemTable.create(
		keys,
		suppliers=("Acme", "Acme", "Chemco", "Lux", "Chemco", "Lux"),
		unit_cost=[2.0, 3.0, 40.0, 12.0, 5.0, 30.0],
		lead_time_days=[7, 7, 14, 10, 14, 10],
		order_cost=2.0,
	)
	chosen = range(items)
	scenario = replay(
		table.take(list(chosen)),
		DemandHistory(keys, np.datetime64("2024-01-01"), demand).take(list(chosen)),
		days=HOLDOUT_DAYS,
		review_days=7,
		rng=np.random.default_rng(1),
	)
	return backtest(
		[rule(learned_name, safety_factor=learned, cap=2.0)],
		[rule("base-stock", safety_factor=3.0), rule("(s, S)", safety_factor=1.5, gap=2.0)],
		scenario,
		np.random.default_rng(2),
		keep_paths=True,
	)


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
