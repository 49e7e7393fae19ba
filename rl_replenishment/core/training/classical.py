"""The best classical rule as a policy: what orders before anything is learned. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.explanation import Translate
from rl_replenishment.core.items import ItemTable, UnmetDemand
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.residual_network import ACTION_SIZE, ResidualNetwork
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.from_history import (
	LEAST_DAYS,
	LEAST_JUDGED_REVIEWS_OF_EACH,
	TrainingOptions,
	check_history,
	least_days_to_judge,
	origin,
	snapshot,
	tuning_halves,
)
from rl_replenishment.core.training.regular_demand import settings_of

NAME = "classical rule"
#: standard deviations of demand kept in reserve where nothing can be tuned: covers 95 % of the protection
#: intervals of a normally distributed demand
DEFAULT_SAFETY_FACTOR = 1.65


def classical_policy(
	history: DemandHistory,
	items: ItemTable,
	options: TrainingOptions,
	*,
	progress: Callable[[float], object] | None = None,
	translate: Translate = str,
) -> StoredPolicy:
	"""The order-up-to rule that is best on all days of `history`, with a network that corrects nothing.

	On a history too short or too empty to tune on it is the `default_rule`, and `about["untuned"]` says why,
	in English or in the language that `translate` gives its sentence in; `about["days_to_tune"]`, how many
	days would do.
	"""
	about = origin(history, items, options)
	try:
		check_history(history, options.review_days, translate)
	except InputError as refusal:
		rule, about["untuned"] = default_rule(items), str(refusal)
	else:
		halves = tuning_halves(history, items, options.review_days, options.unmet_demand, options.seed)
		least = least_days_to_judge(items, options.review_days, LEAST_JUDGED_REVIEWS_OF_EACH)
		if halves[0].days >= least:
			rule = tune_rules(halves, progress=progress).best
		else:
			rule = usual_rule(history, items, options.review_days, options.unmet_demand, options.seed)
			about["days_to_tune"] = LEAST_DAYS + 2 * least
			about["untuned"] = translate(
				"The history spans {0} days; {1} are needed to tell which settings cost least."
			).format(history.days, about["days_to_tune"])
	return StoredPolicy(
		uncorrected(rule),
		snapshot(history, items, options.review_days),
		options.review_days,
		options.unmet_demand,
		about,
	)


def default_rule(items: ItemTable) -> OrderUpTo:
	"""Base-stock on the last 91 days with a usual safety factor; (s, S) where orders cost something."""
	cost_something = bool(items.order_cost.any())
	parameters = ItemParameters(
		items.keys,
		{
			"safety_factor": np.full(len(items), DEFAULT_SAFETY_FACTOR, np.float32),
			"gap": (items.order_cost > 0).astype(np.float32),
			"cap": np.full(len(items), np.inf, np.float32),
		},
		{"safety_factor": DEFAULT_SAFETY_FACTOR, "gap": float(cost_something), "cap": float(np.inf)},
	)
	name = "(s, S)" if cost_something else "base-stock"
	return OrderUpTo(name, ForecastLevels(parameters, "91 days"))


def usual_rule(
	history: DemandHistory, items: ItemTable, review_days: int, unmet_demand: UnmetDemand, seed: int
) -> OrderUpTo:
	"""The default rule, with settings of its own for each item whose demand comes at regular times."""
	rule = default_rule(items)
	assert isinstance(rule.rule, ForecastLevels)
	forecast, parameters = rule.rule.forecast, rule.rule.parameters
	at, factors, gaps = settings_of(history, items, review_days, unmet_demand, seed, forecast)
	values = {name: value.copy() for name, value in parameters.values.items()}
	values["safety_factor"][at], values["gap"][at] = factors, gaps
	return replace(rule, rule=ForecastLevels(replace(parameters, values=values), forecast))


def uncorrected(rule: OrderUpTo) -> ResidualNetwork:
	"""A rule in the form of a policy."""
	zeros = (np.zeros((ACTION_SIZE, OBSERVATION_SIZE), np.float32), np.zeros(ACTION_SIZE, np.float32))
	normaliser = Normaliser(np.zeros(OBSERVATION_SIZE, np.float32), np.ones(OBSERVATION_SIZE, np.float32))
	return ResidualNetwork(NAME, rule, normaliser, Network([zeros]))
