"""Training with known events: nothing changes without them, and each part knows only what came before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from core_samples import forecast_rule
from event_samples import DAYS, ITEMS, event, history, moved

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.event import EVENTS, EVENTS_COST_RATIO
from rl_replenishment.core.demand.known_events.stored import events_from
from rl_replenishment.core.demand.known_events.telling import what_was_learned
from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.policies.store import WEIGHTS_FILE, parse_policy, policy_files
from rl_replenishment.core.training.classical import classical_policy
from rl_replenishment.core.training.from_history import TrainingOptions

pytest.importorskip("torch")
# these need torch
from training_samples import small_pathwise_trainer

from rl_replenishment.core.training import paying_events, portfolio
from rl_replenishment.core.training.forecasting import Fitted, ForecastSettings, Samples, fit_forecast
from rl_replenishment.core.training.from_history import continue_on_feedback, train_on_history
from rl_replenishment.core.training.panel import draw_panel

pytestmark = pytest.mark.torch

FAIRS = [event("Fair", first, 5) for first in range(40, DAYS + 60, 40)]
OPTIONS = TrainingOptions(seconds=None, timesteps=4000, seed=3)
FEW = np.arange(8)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Forecasts of one small network."""
	small = ForecastSettings(members=1, hidden=8, updates=20)
	monkeypatch.setattr(portfolio, "fit_forecast", lambda samples, seed: fit_forecast(samples, seed, small))


def test_without_a_lift_the_weights_are_the_same_to_the_last_byte() -> None:
	"""As they are without any events at all."""
	plain = history([], moved([])).take(FEW)
	items = ITEMS.take(FEW)
	# of nobody's, and of a day that nobody has seen
	idle = replace(plain, events=(event("Fair", 100, 3, items=["nobody"]), event("Gala", DAYS + 5)))
	before, after = (
		policy_files(train_on_history(each, items, small_pathwise_trainer(), OPTIONS).stored)
		for each in (plain, idle)
	)
	assert before[WEIGHTS_FILE] == after[WEIGHTS_FILE]
	first, second = (parse_policy(each, "the file").about for each in (before, after))
	assert EVENTS not in first
	assert events_from(second.pop(EVENTS)).effects == ()
	assert first == second


def test_what_is_trained_keeps_what_it_learned() -> None:
	whole, items = history(FAIRS, moved(FAIRS, 2.0)).take(FEW), ITEMS.take(FEW)
	trained = train_on_history(whole, items, small_pathwise_trainer(), OPTIONS).stored
	known = events_from(parse_policy(policy_files(trained), "the file").about[EVENTS])
	assert known.events == tuple(FAIRS)
	assert known.effects[0].usual_lift == pytest.approx(2, abs=0.1)
	first_rule = classical_policy(whole, items, OPTIONS)
	assert events_from(first_rule.about[EVENTS]) == known


def test_levels_of_replays_are_lifted_and_their_demand_is_not() -> None:
	whole = history(FAIRS, moved(FAIRS, 2.0))
	rule = forecast_rule(items=ITEMS)
	cost = np.ones(len(ITEMS), np.float32)
	panels = [
		draw_panel(ReplenishmentTask(ITEMS, each, rule, cost), 30, np.random.default_rng(0))
		for each in (whole, replace(whole, events=()))
	]
	aware, unaware = panels
	assert (aware.demand == unaware.demand).all()
	expected = aware.levels.middle.mean(axis=1)
	# an interval of 14 days holds a fair of 5 days, or none
	assert expected.max() > 1.25 * expected.min()
	flat = unaware.levels.middle.mean(axis=1)
	assert flat.max() / flat.min() < expected.max() / expected.min()


def test_a_part_to_judge_on_says_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Whatever fairs do on the last days, what forecasts before them learn from is the same."""
	fit, seen = portfolio.fit_forecast, []

	def watched(samples: Samples, seed: int) -> Fitted:
		seen.append(samples)
		return fit(samples, seed)

	monkeypatch.setattr(portfolio, "fit_forecast", watched)
	demand = moved(FAIRS, 2.0)
	other = demand.copy()
	other[-150:] += 40
	for each in (demand, other):
		portfolio.best_rule(history(FAIRS, each).take(FEW), ITEMS.take(FEW), 7, "lost", 0)
	first, again = seen[:3], seen[3:]
	assert len(first) == len(again) == 3
	for before, after, is_same in zip(first, again, (True, True, False), strict=True):
		assert (before.demand.tolist() == after.demand.tolist()) is is_same
		assert (before.known.tolist() == after.known.tolist()) is is_same
	# and fairs are no demand to expect: an interval that holds one asks for as much as any other
	with_fair = [
		any(day < first_day + 5 and first_day < end for first_day in range(40, DAYS + 60, 40))
		for day, end in zip(first[-1].start, first[-1].end, strict=True)
	]
	level = first[-1].demand / first[-1].scale
	assert level[np.array(with_fair)].mean() == pytest.approx(level[~np.array(with_fair)].mean(), rel=0.1)


@pytest.mark.parametrize(("cost_with", "counts"), [(0.9, True), (1.1, False)])
def test_events_are_counted_in_where_that_pays(
	monkeypatch: pytest.MonkeyPatch, cost_with: float, counts: bool
) -> None:
	found = portfolio.best_rule

	def judged(days: DemandHistory, *args: Any, **options: Any) -> portfolio.Portfolio:
		best = found(days, *args, **options)
		return replace(best, cost_per_day=np.full(len(FEW), cost_with if days.events else 1.0, np.float32))

	monkeypatch.setattr(paying_events, "best_rule", judged)
	whole, items = history(FAIRS, moved(FAIRS, 2.0)).take(FEW), ITEMS.take(FEW)
	trained = train_on_history(whole, items, small_pathwise_trainer(), OPTIONS).stored
	assert trained.about[EVENTS_COST_RATIO] == pytest.approx(cost_with)
	known = events_from(trained.about[EVENTS])
	assert known.events == tuple(FAIRS)
	assert bool(known.effects) is counts
	learned = what_was_learned(trained.about)
	assert learned["cost_ratio"] == trained.about[EVENTS_COST_RATIO]
	told = [(each["kind"], each["lift"]) for each in learned["effects"]]
	assert told == ([("Fair", pytest.approx(2, rel=0.1))] if counts else [])
	# what goes on from it counts in what it does
	child = continue_on_feedback(whole, items, trained, None, small_pathwise_trainer(), OPTIONS).stored
	assert bool(events_from(child.about[EVENTS]).effects) is counts
	assert child.about[EVENTS_COST_RATIO] == trained.about[EVENTS_COST_RATIO]
	lift = child.snapshot.demand.lift
	assert (lift is not None) is counts
