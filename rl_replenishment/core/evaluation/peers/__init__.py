"""What a learned policy has to beat: what can be built in an afternoon instead, and the best of hindsight.

Nothing here is served. Each peer is tuned on the same days before a hold-out as the rules are, and goes
through the same replay.
"""

from __future__ import annotations

from collections.abc import Callable

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.evaluation.peers.boosted_forecast import BoostedForecast, tune_boosted_forecast
from rl_replenishment.core.evaluation.peers.common_rule import CommonRule, tune_common_rule
from rl_replenishment.core.items import ItemTable, UnmetDemand


def tune_peers(
	history: DemandHistory,
	held: int,
	items: ItemTable,
	*,
	review_days: int,
	unmet_demand: UnmetDemand,
	seed: int,
	progress: Callable[[float], object] | None = None,
) -> tuple[BoostedForecast, CommonRule]:
	"""The peers that are policies, tuned on the days before the last `held` ones; needs LightGBM."""
	boosted = tune_boosted_forecast(
		history,
		held,
		items,
		review_days=review_days,
		unmet_demand=unmet_demand,
		seed=seed,
		progress=progress,
	)
	common = tune_common_rule(
		history, held, items, review_days=review_days, unmet_demand=unmet_demand, seed=seed
	)
	return boosted, common
