"""Items first sold in days held for a test: known there as a run on that day would know them."""

from __future__ import annotations

import numpy as np
import pytest
from core_samples import MONDAY, codes

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.rhythm import WEEKLY
from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, DemandStatistics, demand_statistics
from rl_replenishment.core.demand.totals import over_their_days
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.simulation.scenario import Scenario, replay
from rl_replenishment.core.simulation.shards import part_of

DAYS, HELD, FIRST = 400, 100, 320


def company(groups: tuple[str, ...] = ()) -> tuple[DemandHistory, ItemTable]:
	"""Three items; the last one is first sold on day 320, 4 and 8 a day by turns; the others all the time."""
	day = np.arange(DAYS)
	demand = np.stack([2 + day % 3, 6 + day % 5, np.where(day >= FIRST, 4 + 4 * (day % 2), 0)], axis=1)
	keys = tuple(ItemKey(code) for code in codes(3))
	items = ItemTable.create(keys, (), groups, lead_time_days=7.0)
	return DemandHistory(keys, MONDAY, demand.astype(np.float32)), items


def replayed(history: DemandHistory, items: ItemTable) -> Scenario:
	return replay(items, history, days=HELD, review_days=7, rng=np.random.default_rng(0))


def reviews(scenario: Scenario) -> dict[int, DemandStatistics]:
	"""By day of the history."""
	first = scenario.warm_up_days
	return {first + day: known for day, known in enumerate(scenario.statistics()) if scenario.is_review(day)}


def at_work(history: DemandHistory, items: ItemTable, day: int) -> DemandStatistics:
	"""What a run on that day knows."""
	until: FloatArray = impute(history.window(0, day), items).history.demand
	return demand_statistics(until, protection_days(items, 7), [day]).on(0)


def test_a_test_shows_what_a_run_on_that_day_would_know() -> None:
	history, items = company()
	for day, known in reviews(replayed(impute(history, items, held=HELD).history, items)).items():
		expected = at_work(history, items, day)
		for name in STATISTIC_NAMES:
			assert getattr(known, name)[2] == pytest.approx(getattr(expected, name)[2]), (name, day)


def test_without_it_a_launch_looks_like_a_trickle() -> None:
	history, items = company()
	scenario = replayed(impute(history, items, held=HELD).history, items)
	day, known = next((day, known) for day, known in reviews(scenario).items() if day >= FIRST + 14)
	assert known.level_182[2] == pytest.approx(6, rel=0.1)
	assert history.demand[day - 182 : day, 2].mean() < 1


def test_its_group_stands_in_at_first() -> None:
	history, items = company(("tools", "tools", "tools"))
	found = reviews(replayed(impute(history, items, held=HELD).history, items))
	after = [float(known.level_182[2]) for day, known in found.items() if day > FIRST]
	before = [float(known.level_182[2]) for day, known in found.items() if day <= FIRST]
	assert set(before) == {0.0}
	# the typical item sells 3 a day, the new one 6
	assert after[0] < 4.5 < after[-1]
	assert after[-1] == pytest.approx(6, rel=0.1)


def test_nothing_is_known_of_days_to_come() -> None:
	history, items = company(("tools", "tools", "tools"))
	later = history.demand.copy()
	later[FIRST + 30 :] *= 5
	found = reviews(replayed(impute(history, items, held=HELD).history, items))
	changed = DemandHistory(history.keys, history.start, later)
	other = reviews(replayed(impute(changed, items, held=HELD).history, items))
	for day in found:
		if day <= FIRST + 30:
			for name in STATISTIC_NAMES:
				assert (getattr(found[day], name) == getattr(other[day], name)).all(), (name, day)


def test_parts_of_the_items_know_the_same() -> None:
	history, items = company(("tools", "tools", "tools"))
	scenario = replayed(impute(history, items, held=HELD).history, items)
	whole, part = reviews(scenario), reviews(part_of(scenario, slice(1, 3)))
	taken = reviews(replayed(impute(history, items, held=HELD).history.take([2, 0]), items.take([2, 0])))
	for day, known in whole.items():
		assert known.level_56[2] == part[day].level_56[1] == taken[day].level_56[0]
	none = part_of(scenario, slice(0, 2))
	assert none.launches is None


def test_what_sells_from_the_start_is_left_as_it_is() -> None:
	history, items = company()
	assert impute(history.take([0, 1]), items.take([0, 1]), held=HELD).history.launches is None
	assert impute(history, items).history.launches is None


def test_totals_of_weeks_are_spread_for_the_group_as_well() -> None:
	history, items = company(("tools", "tools", "tools"))
	totals = np.zeros_like(history.demand)
	weeks = history.demand[: DAYS // 7 * 7].reshape(-1, 7, 3).sum(axis=1)
	totals[: DAYS // 7 * 7 : 7] = weeks
	found = impute(DemandHistory(history.keys, MONDAY, totals, WEEKLY), items, held=HELD).history
	spread = over_their_days(found, 1)
	assert found.launches is not None
	assert spread.launches is not None
	assert (found.launches.typical[1:7] == 0).all()
	assert (spread.launches.typical[1:7] > 0).all()
