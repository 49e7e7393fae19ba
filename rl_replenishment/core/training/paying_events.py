"""Whether it pays to count known events in, judged where rules are: on days that neither was fitted on.

That a promotion lifts demand is one thing, and is told from chance. Levels that count it in are another:
they leave less in reserve on all other days. Where lifts differ much, that reserve may have been worth more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.lifts import known_lifts
from rl_replenishment.core.items import ItemTable, UnmetDemand
from rl_replenishment.core.training.portfolio import Portfolio, best_rule


@dataclass(frozen=True, eq=False)
class Chosen:
	"""The best rule, and the history that it was found on."""

	portfolio: Portfolio
	#: without its events where counting them in does not pay
	history: DemandHistory
	#: cost of the rule that counts them in over that of the rule that does not; None where no event moves
	#: demand
	cost_ratio: float | None = None


def best_rule_with_events(
	history: DemandHistory,
	items: ItemTable,
	review_days: int,
	unmet_demand: UnmetDemand,
	seed: int,
	*,
	progress: Callable[[float], object] | None = None,
) -> Chosen:
	"""The `best_rule` with the events of `history`, or without, where that is cheaper by more than luck.

	Luck is one standard error of the paired differences over items.
	"""
	told = progress or (lambda share: None)
	contest = partial(best_rule, items=items, review_days=review_days, unmet_demand=unmet_demand, seed=seed)
	if known_lifts(history, items) is None:
		return Chosen(contest(history, progress=told), history)
	without = replace(history, events=())
	plain = contest(without, progress=lambda share: told(share / 2))
	aware = contest(history, progress=lambda share: told((1 + share) / 2))
	ratio = float(aware.cost_per_day.sum() / max(plain.cost_per_day.sum(), 1e-9))
	dearer = aware.cost_per_day - plain.cost_per_day
	if dearer.sum() > np.sqrt(len(dearer)) * dearer.std():
		return Chosen(plain, without, ratio)
	return Chosen(aware, history, ratio)
