"""How well demand is forecast on days that were held out: the learned forecast beside a boosted one."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from rl_replenishment.cli.backtest import check_peers
from rl_replenishment.cli.benchmarks.inputs import real_cases
from rl_replenishment.cli.benchmarks.real import Case, read_case
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.evaluation.candidates import states
from rl_replenishment.core.evaluation.peers import boosted_forecast as boosted
from rl_replenishment.core.evaluation.peers.past import Array, Past
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.policies.forecast import PROBABILITIES
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.from_history import TrainingOptions

#: probabilities that are looked at
SHOWN = (0.5, 0.8, 0.95)


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Per case: fit both on all but the last days, and look at what was asked for on those."""
	check_peers("benchmark forecast")
	found = []
	for name, orders, items in real_cases(options):
		rows = quality(read_case(name, orders, items, weekly=options.weekly), options.seed)
		found.append({"case": name, "quantiles": rows})
		screen.say(f"\n{name}")
		for row in rows:
			screen.say(
				f"{row['probability']:.0%} quantile: {row['below']:.1%} of demand below it,"
				f" {row['at_or_below']:.1%} at or below it; pinball loss {row['pinball_loss']:.4f}."
				f" Of the boosted forecast: {row['below_of_boosted']:.1%},"
				f" {row['at_or_below_of_boosted']:.1%}; {row['pinball_loss_of_boosted']:.4f}"
			)
	return {"weekly": options.weekly, "cases": found}


def quality(case: Case, seed: int) -> list[dict[str, float]]:
	"""Coverage and pinball loss at each probability `SHOWN`, over all orders of the held-out days.

	The loss is in units of the item's usual demand over its protection interval, weighted by the root of the
	money that this demand comes to: what both forecasts were trained on.
	"""
	# needs torch, as training does
	from rl_replenishment.core.training.forecasting import coverage, fit_forecast, samples_of

	history, items, cut = case.history, case.items, case.history.days - case.held
	review = TrainingOptions.review_days
	samples = samples_of(history, items, review, np.random.default_rng(seed)).until(cut)
	learned, past = fit_forecast(samples, seed).forecast, Past(history)
	examples = boosted.training_data(past, cut, items, review)
	models = [boosted.fit(examples, share, seed) for share in SHOWN]
	horizon = protection_days(items, review)
	at = np.searchsorted(PROBABILITIES, np.array(SHOWN, np.float32))
	rows: list[tuple[Array, ...]] = []
	scenario = replay(items, history, days=case.held, review_days=review, rng=np.random.default_rng(seed))
	for state in states(scenario):
		day = past.row(state)
		over = day + horizon <= history.days
		usual = boosted.level(past, day, items, horizon) * horizon
		seen = boosted.features(past, day, items, horizon)
		theirs = np.stack([model.predict(seen) * usual for model in models], axis=1)
		demand = past.ahead(day, np.where(over, horizon, 0))
		weight = np.sqrt(usual * items.unit_cost)
		ours = learned.quantiles(state)[:, at].astype(np.float64)
		rows.append(tuple(each[over] for each in (demand, ours, np.maximum(theirs, 0), usual, weight)))
	demand, ours, theirs, usual, weight = (np.concatenate(column) for column in zip(*rows, strict=True))
	below, at_or_below = coverage(ours, demand)
	their_below, their_at_or_below = coverage(theirs, demand)
	return [
		{
			"probability": share,
			"below": float(below[column]),
			"at_or_below": float(at_or_below[column]),
			"below_of_boosted": float(their_below[column]),
			"at_or_below_of_boosted": float(their_at_or_below[column]),
			"pinball_loss": pinball_loss(ours[:, column], demand, usual, weight, share),
			"pinball_loss_of_boosted": pinball_loss(theirs[:, column], demand, usual, weight, share),
		}
		for column, share in enumerate(SHOWN)
	]


def pinball_loss(quantile: Array, demand: Array, usual: Array, weight: Array, probability: float) -> float:
	"""Weighted mean of the pinball loss (Koenker and Bassett 1978) of M forecasts, in units of `usual`."""
	missed = (demand - quantile) / usual
	return float(np.average(np.maximum(probability * missed, (probability - 1) * missed), weights=weight))
