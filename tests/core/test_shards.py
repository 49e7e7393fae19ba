"""Work in parts gives what it gives as a whole."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from core_samples import codes, history_of

from rl_replenishment.core.engine import IN_PROCESS, InProcess, Job, Result, Told, Work
from rl_replenishment.core.evaluation.backtest import Backtest, backtest
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.simulation.shards import LARGEST, part_of, shards
from rl_replenishment.core.terms.ordering import UnderTerms
from rl_replenishment.core.terms.terms import SupplierTerms, Terms
from rl_replenishment.core.training.from_history import tuning_halves

ITEMS, DAYS, HELD = 7, 70, 14


class ThreeWorkers(InProcess):
	"""Parts as for three workers; does the last one first, as others may end first."""

	workers = 3
	#: jobs at a time, at most
	most = 0

	def map(self, work: Work[Job, Result], jobs: Sequence[Job], told: Told | None = None) -> list[Result]:
		self.most = max(self.most, len(jobs))
		return super().map(work, jobs[::-1], told)[::-1]


def whole(engine: InProcess, minimum: float = 0.0) -> Backtest:
	"""With a minimum value of the one supplier of all, where that is not 0."""
	items = ItemTable.create(
		codes(ITEMS),
		["S"] * ITEMS,
		lead_time_days=range(1, ITEMS + 1),
		lead_time_std_days=1,
		order_multiple=3,
		order_cost=2,
	)
	history = history_of(np.random.default_rng(0).poisson(3, (DAYS, ITEMS)))
	seen = history.window(0, DAYS - HELD)
	rules = tune_rules(tuning_halves(seen, items, 7, "lost", 0), engine=engine)
	scenario = replay(items, history, days=HELD, review_days=7, rng=np.random.default_rng(0))
	policies: list[Policy] = list(rules.rules)
	if minimum:
		terms = Terms.create(SupplierTerms.create(["S"], minimum_value=minimum), items)
		scenario = replace(scenario, terms=terms)
		policies = [UnderTerms(policy, terms) for policy in policies]
	return backtest(
		policies[:1],
		policies,
		scenario,
		np.random.default_rng(0),
		keep_paths=True,
		lead_time_draws=2,
		engine=engine,
	)


def test_a_backtest_in_parts_is_that_of_the_whole() -> None:
	engine = ThreeWorkers()
	one, parts = whole(IN_PROCESS), whole(engine)
	assert engine.most > 3
	assert [row.as_json() for row in parts.rows] == [row.as_json() for row in one.rows]
	for a, b in zip(one.rows, parts.rows, strict=True):
		np.testing.assert_allclose(a.ledger.cost, b.ledger.cost, rtol=1e-6)
		assert a.ledger.paths is not None
		assert b.ledger.paths is not None
		np.testing.assert_allclose(a.ledger.paths.on_hand, b.ledger.paths.on_hand, rtol=1e-6)


def test_under_suppliers_terms_too() -> None:
	"""Lines of a supplier are rounded together, whatever the engine."""
	one, parts = whole(IN_PROCESS, 150.0), whole(ThreeWorkers(), 150.0)
	assert [row.as_json() for row in parts.rows] == [row.as_json() for row in one.rows]
	assert [row.as_json() for row in one.rows] != [row.as_json() for row in whole(IN_PROCESS).rows]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000, 5 * LARGEST + 1])
@pytest.mark.parametrize("workers", [1, 2, 16])
def test_shards_are_all_items_once(count: int, workers: int) -> None:
	parts = shards(count, workers)
	assert [at for part in parts for at in range(count)[part]] == list(range(count))
	sizes = [part.stop - part.start for part in parts]
	if workers == 1:
		assert len(parts) == 1
	elif count:
		assert min(sizes) > 0
		assert max(sizes) - min(sizes) <= 1
		assert max(sizes) <= LARGEST
		assert len(parts) >= min(workers, count)


def test_a_part_has_its_own_columns() -> None:
	items = ItemTable.create(codes(4), lead_time_days=range(4))
	scenario = replay(
		items,
		history_of(np.arange(40.0).reshape(10, 4)),
		days=5,
		review_days=1,
		rng=np.random.default_rng(0),
	)
	scenario = replace(scenario, initial_arrivals=np.arange(8, dtype=np.float32).reshape(2, 4))
	part = part_of(scenario, slice(1, 3))
	assert part.items.keys == items.keys[1:3]
	assert part.demand.tolist() == scenario.demand[:, 1:3].tolist()
	assert part.lead_times[0].tolist() == [1, 2]
	assert part.initial_arrivals is not None
	assert part.initial_arrivals.tolist() == [[1, 2], [5, 6]]
	# not the rest of the company with it
	assert part.demand.base is None or part.demand.base.size == part.demand.size
	assert part_of(scenario, slice(0, 4)) is scenario
