"""Demand in regular lumps, such as a customer's order every fortnight: settings for it on a short history.

The formula of the classical rules takes the spread over the protection interval from weekly totals, as if
weeks were independent. Where a full week follows an empty one they are not: demand that is certain looks
wide, and half as much again is ordered. What comes at regular times goes on so: repeated, a short history of
it is long enough to choose settings on. Needs no torch.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.statistics import QUARTER, WEEK, YEAR
from rl_replenishment.core.evaluation.candidates import Costs, common_plan, costs_of, states
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.simulation.scenario import replay

#: so many gaps of equal length, within a tenth or a day, are no accident
_GAPS, _TOLERANCE = 4, 0.1
#: so many times with the quantities mixed anew, where that is no more columns than this
_COPIES, _COLUMNS = 4, 400
SAFETY_FACTORS = tuple(np.arange(-1.0, 2.01, 0.25).tolist())
#: none first, for orders that cost nothing
LOTS = (0.0, *np.arange(0.25, 1.76, 0.125).tolist())


def regular_items(demand: FloatArray) -> npt.NDArray[np.intp]:
	"""The columns of a demand, shape (T, N), that comes at regular times until now, over a week apart."""
	# most items have demand on too many days
	few = np.flatnonzero(((demand > 0).sum(axis=0) - 1) * WEEK < len(demand))
	return np.array(
		[at for at in few if _is_regular(np.flatnonzero(demand[:, at] > 0), len(demand))], np.intp
	)


def _is_regular(sold: npt.NDArray[np.intp], days: int) -> bool:
	gaps = np.diff(sold)
	if len(gaps) < _GAPS:
		return False
	usual = float(np.median(gaps))
	allowed = max(1.0, _TOLERANCE * usual)
	# what is overdue may have ended
	return usual > WEEK and bool(
		(np.abs(gaps - usual) <= allowed).all() and days - 1 - sold[-1] <= usual + allowed
	)


def settings_of(
	history: DemandHistory,
	items: ItemTable,
	review_days: int,
	unmet_demand: UnmetDemand,
	seed: int,
	forecast: str,
) -> tuple[npt.NDArray[np.intp], FloatArray, FloatArray]:
	"""Which items have regular demand, and the safety factor and gap that cost each least, shape (M,) each.

	On years of their demand repeated, with the levels that `forecast` gives. A setting counts with those
	beside it: the cheapest alone may stand at the edge of a step.
	"""
	at = regular_items(history.demand)
	if not len(at):
		return at, np.zeros(0, np.float32), np.zeros(0, np.float32)
	days, rng = 2 * YEAR, np.random.default_rng(seed)
	copies = int(np.clip(_COLUMNS // len(at), 1, _COPIES))
	columns = np.repeat(at, copies)
	demand = np.stack([_repeated(history.demand[:, each], days, rng) for each in columns], axis=1)
	chosen = items.take(columns)
	repeated = DemandHistory(chosen.keys, history.end - np.timedelta64(days, "D"), demand)
	scenario = replay(
		chosen,
		repeated,
		days=YEAR + QUARTER,
		review_days=review_days,
		unmet_demand=unmet_demand,
		rng=rng,
	)
	plan = common_plan(states(scenario), forecast, list(itertools.product(SAFETY_FACTORS, LOTS)))
	cost = costs_of(plan, scenario)
	cost = cost.reshape(len(SAFETY_FACTORS), len(LOTS), len(at), copies).mean(axis=3)
	cost = _with_those_beside(cost, 0)
	both, lumped = _with_those_beside(cost, 1), items.order_cost[at] > 0
	both[:, 1:, ~lumped] = np.inf
	both[:, 0] = np.where(lumped, np.inf, cost[:, 0])
	factors, lots = np.divmod(both.reshape(-1, len(at)).argmin(axis=0), len(LOTS))
	return at, np.array(SAFETY_FACTORS, np.float32)[factors], np.array(LOTS, np.float32)[lots]


def _with_those_beside(cost: Costs, axis: int) -> Costs:
	"""Means of each setting's cost and those of the two next to it along an axis."""
	widths = [(1, 1) if each == axis else (0, 0) for each in range(cost.ndim)]
	padded = np.pad(cost, widths, "edge")
	return np.stack([padded.take(range(at, at + cost.shape[axis]), axis) for at in range(3)]).mean(axis=0)


def _repeated(demand: FloatArray, days: int, rng: np.random.Generator) -> FloatArray:
	"""Regular demand, shape (T,), repeated before itself over so many days, with its quantities mixed."""
	sold = np.flatnonzero(demand > 0)
	cycle = demand[sold[0] + 1 : sold[-1] + 1]
	tail = demand[sold[-1] + 1 :]
	repeated = np.tile(cycle, -(-days // len(cycle)))
	at = repeated > 0
	repeated[at] = rng.choice(demand[sold], at.sum())
	return np.concatenate([repeated, tail])[-days:]
