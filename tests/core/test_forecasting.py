"""The learned forecast: calibrated, never out of order, ahead of a guess, and the same each time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from core_samples import codes, history_of

from rl_replenishment.core.demand.rhythm import DAILY, WEEKLY, Rhythm
from rl_replenishment.core.demand.statistics import demand_statistics
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.forecast import PROBABILITIES, QuantileForecast
from rl_replenishment.core.policies.network import Network

pytest.importorskip("torch")
# these need torch
from rl_replenishment.core.training import forecasting
from rl_replenishment.core.training.forecasting import (
	ForecastSettings,
	Samples,
	coverage,
	fit_forecast,
)

SMALL = ForecastSettings(members=2, hidden=16, updates=400, batch_size=1024, learning_rate=0.01)


def samples(days: int = 2400) -> Samples:
	"""Twelve items that ask for 1 to 12 a day in the mean, by Poisson's law."""
	rng = np.random.default_rng(0)
	history = history_of(rng.poisson(np.arange(1, 13), size=(days, 12)))
	items = ItemTable.create(codes(12))
	return forecasting.samples_of(history, items, 7, rng)


def test_what_comes_lies_below_each_quantile_as_often_as_it_says() -> None:
	every = samples()
	cut = 1600
	forecast, later = fit_forecast(every.until(cut), 0, SMALL).forecast, every.after(cut)
	below, at_or_below = coverage(forecast.of(later.known, later.scale), later.demand)
	for probability in (0.1, 0.5, 0.8, 0.95):
		at = int(np.searchsorted(PROBABILITIES, np.float32(probability)))
		assert below[at] - 0.06 < probability < at_or_below[at] + 0.06


def test_days_are_divided_by_when_their_interval_ended() -> None:
	every = samples()
	seen, later = every.until(900), every.after(900)
	assert len(seen) + len(later) == len(every)
	assert seen.end.max() <= 900 < later.end.min()


def test_coverage_of_demand_that_is_often_nothing() -> None:
	"""0.5 lies between what is below the median and what is at or below it: quantiles are whole units."""
	every = samples()
	forecast = fit_forecast(every, 0, SMALL).forecast
	quantiles = forecast.of(every.known, every.scale)
	below, at_or_below = coverage(quantiles, np.rint(quantiles[:, 5]))
	assert (below[5], at_or_below[5]) == (0, 1)


def test_quantiles_rise_and_the_same_seed_says_the_same() -> None:
	every = samples(400)
	first, again = (fit_forecast(every, 3, SMALL).forecast.of(every.known, every.scale) for _ in range(2))
	assert (np.diff(first, axis=1) >= 0).all()
	np.testing.assert_array_equal(first, again)


def test_the_answer_is_the_mean_of_its_networks() -> None:
	every = samples(400)
	forecast = fit_forecast(every, 0, SMALL).forecast
	assert len(forecast.networks) == 2
	assert all(isinstance(network, Network) for network in forecast.networks)
	alone = [
		QuantileForecast(forecast.normaliser, (network,)).of(every.known, every.scale)
		for network in forecast.networks
	]
	np.testing.assert_allclose(
		forecast.of(every.known, every.scale), (alone[0] + alone[1]) / 2, rtol=1e-4, atol=1e-4
	)


def test_of_each_day_one_network_has_not_seen_what_came_next() -> None:
	"""Each network learns other numbers when another stretch than its own is changed, and only then."""
	every = samples(400)
	fitted = fit_forecast(every, 0, SMALL)
	(boundary,) = fitted.stretches
	asked = np.where(every.start > boundary, every.demand * 3, every.demand)
	changed = fit_forecast(dataclasses.replace(every, demand=asked), 0, SMALL)
	same = [
		all(np.array_equal(a, b) for a, b in zip(before.layers[0], after.layers[0], strict=True))
		for before, after in zip(fitted.forecast.networks, changed.forecast.networks, strict=True)
	]
	assert same == [False, True]


def test_a_day_is_forecast_by_the_network_that_was_kept_from_it() -> None:
	history = history_of(np.random.default_rng(0).poisson(np.arange(1, 13), size=(400, 12)))
	items = ItemTable.create(codes(12))
	fitted = fit_forecast(samples(400), 0, SMALL)
	unseen = fitted.unseen(history)
	horizon = np.full(12, 8)
	(boundary,) = fitted.stretches
	days = np.array([boundary - 1, boundary])
	known = demand_statistics(history.demand, horizon, days)
	nothing = np.zeros(12, np.float32)
	for number, day in enumerate(days.tolist()):
		today = history.start + np.timedelta64(day, "D")
		state = State(items, today, 7, nothing, nothing[None], known.on(number))
		alone = QuantileForecast(fitted.forecast.normaliser, (fitted.forecast.networks[number],))
		np.testing.assert_array_equal(unseen.quantiles(state), alone.quantiles(state))
		# also where each column has a day of its own
		each = dataclasses.replace(state, today=np.full(12, today))
		np.testing.assert_allclose(unseen.quantiles(each), alone.quantiles(state), rtol=1e-5)


def weekdays(rhythm: Rhythm, items: int = 12) -> set[int]:
	"""Days of the week that are learned from where orders go out on Mondays; 0 is Monday."""
	history = history_of(np.random.default_rng(0).poisson(3, size=(400, items)))
	history = dataclasses.replace(history, rhythm=rhythm)
	settings = ForecastSettings(most_samples=2000)
	table = ItemTable.create(codes(items))
	found = forecasting.samples_of(history, table, 7, np.random.default_rng(0), settings)
	assert len(found) < 1.1 * settings.most_samples
	return set(((history.start - np.datetime64("1970-01-05", "D")).astype(int) + found.start) % 7)


def test_days_between_orders_are_learned_from_too_where_entries_are_days() -> None:
	assert weekdays(DAILY, items=8) == {0, 2, 4}
	assert weekdays(DAILY) == {0, 3}
	assert weekdays(WEEKLY) == {0}
	# where there are enough without
	assert weekdays(DAILY, items=100) == {0}


def test_what_is_long_ago_counts_for_less() -> None:
	"""Demand doubled halfway, unseen in what is known of the days: a forecast that forgets says more."""
	every = samples(1200)
	asked = np.where(every.start > 600, every.demand * 2, every.demand)
	# no column tells before from after
	known = np.broadcast_to(every.known[-1], every.known.shape).copy()
	doubled = dataclasses.replace(every, demand=asked, known=known)
	forgetful, elephant = (
		fit_forecast(doubled, 0, dataclasses.replace(SMALL, members=1, half_life_days=days)).forecast
		for days in (60.0, 1e6)
	)
	said = [each.of(doubled.known, doubled.scale)[:, 5].sum() for each in (forgetful, elephant)]
	assert said[0] > 1.15 * said[1]


def test_a_short_history_keeps_all_for_every_network() -> None:
	"""Where a stretch's intervals are most of all, nothing is kept back."""
	rng = np.random.default_rng(0)
	history = history_of(rng.poisson(3, size=(60, 12)))
	items = ItemTable.create(codes(12), lead_time_days=21)
	few = forecasting.samples_of(history, items, 7, rng)
	fitted = fit_forecast(few, 0, SMALL)
	assert len(fitted.forecast.networks) == 2
	assert np.isfinite(fitted.forecast.of(few.known, few.scale)).all()
