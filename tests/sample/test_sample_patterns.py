"""Demand patterns measure as the categories they claim."""

import numpy as np
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.sample.catalogue import WINTER_GOODS
from rl_replenishment.core.sample.company import sample_company
from rl_replenishment.core.sample.patterns import (
	ADI_CUT,
	CATEGORY,
	CV2_CUT,
	WEEKDAY,
	categorise,
	measure,
	weekday_factor,
)

MONDAY = np.datetime64("2025-06-30")


def history_of(*columns: list[float]) -> DemandHistory:
	keys = tuple(ItemKey(str(number)) for number in range(len(columns)))
	return DemandHistory(keys, MONDAY, np.array(columns, np.float32).T)


def test_measures_by_hand() -> None:
	"""Two weeks from a Monday; weekends and the days before the first demand do not count."""
	adi, cv2 = measure(
		history_of(
			[4, 0, 4, 0, 4, 9, 9, 0, 4, 0, 4, 0, 0, 0],
			[0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
			[0] * 14,
		)
	)
	np.testing.assert_allclose(adi[:2], [10 / 5, 7 / 2])
	# sizes 1 and 3: mean 2, variance 1
	np.testing.assert_allclose(cv2[:2], [0, 1 / 4], atol=1e-7)
	assert np.isnan(adi[2])
	assert np.isnan(cv2[2])


def test_categories_by_the_cuts() -> None:
	assert categorise(1.0, 0.1) == "smooth"
	assert categorise(1.0, CV2_CUT) == "erratic"
	assert categorise(ADI_CUT, 0.1) == "intermittent"
	assert categorise(ADI_CUT, CV2_CUT) == "lumpy"


@pytest.mark.parametrize("seed", range(6))
def test_every_item_measures_as_its_pattern_claims(seed: int) -> None:
	company = sample_company(np.random.default_rng(seed))
	adi, cv2 = measure(company.history)
	wrong = [
		(name, pattern, float(interval), float(variation))
		for name, pattern, interval, variation in zip(
			company.item_names, company.patterns, adi, cv2, strict=True
		)
		if categorise(interval, variation) != CATEGORY[pattern]
	]
	assert wrong == []


def test_weekday_factors_average_to_one_and_rest_at_weekends() -> None:
	assert WEEKDAY.mean() == pytest.approx(1)
	week = weekday_factor(MONDAY + np.arange(7))
	np.testing.assert_array_equal(week, WEEKDAY)
	assert week[5:].max() < week[:5].min() / 2


def mean_by_item(history: DemandHistory, days: np.ndarray) -> np.ndarray:
	return history.demand[days].mean(axis=0)


def test_weekends_are_quiet_for_every_item_that_sells_daily() -> None:
	company = sample_company(np.random.default_rng(0))
	working_days = np.is_busday(company.history.start + np.arange(company.history.days))
	ratio = mean_by_item(company.history, ~working_days) / mean_by_item(company.history, working_days)
	daily = np.array([pattern not in ("intermittent", "lumpy") for pattern in company.patterns])
	assert ratio[daily].max() < 0.5
	assert ratio[daily].min() > 0


def test_seasons_follow_the_goods() -> None:
	"""Garden goods sell in spring, what is for frost and dark in winter."""
	company = sample_company(np.random.default_rng(0))
	seasonal = [item for item, pattern in enumerate(company.patterns) if pattern == "seasonal"]
	history = company.history.take(seasonal)
	dates = history.start + np.arange(history.days)
	month = dates.astype("datetime64[M]").astype(int) % 12 + 1
	spring, winter = np.isin(month, (4, 5, 6)), np.isin(month, (11, 12, 1))
	ratio = mean_by_item(history, spring) / mean_by_item(history, winter)
	in_winter = np.array([company.item_names[item] in WINTER_GOODS for item in seasonal])
	assert in_winter.sum() == 5
	assert ratio[in_winter].max() < 1 / 1.4
	assert ratio[~in_winter].min() > 1.4


def test_trends_rise_and_some_fall() -> None:
	ratios = []
	for seed in range(3):
		company = sample_company(np.random.default_rng(seed))
		trending = [item for item, pattern in enumerate(company.patterns) if pattern == "trending"]
		demand = company.history.demand[:, trending]
		# the same half year in both, so that the calendar plays no part
		ratios.extend(demand[-182:].mean(axis=0) / demand[-182 - 364 : -364].mean(axis=0))
	assert np.median(ratios) > 1.2
	assert min(ratios) < 0.85


def test_new_items_start_late_and_stay() -> None:
	company = sample_company(np.random.default_rng(0))
	first = (company.history.demand > 0).argmax(axis=0)
	new = np.array([pattern == "new" for pattern in company.patterns])
	daily = np.isin(company.patterns, ["smooth", "seasonal", "trending", "erratic"])
	assert first[new].min() >= company.history.days - 150
	assert first[daily].max() <= 14
	assert (company.history.demand[-28:, new].mean(axis=0) > 1).all()
