"""Kinds of buyers that the study of learning from edits measures, each with the company that he buys for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.sample.company import SampleCompany
from rl_replenishment.core.sample.habits import (
	QUARTER_DAYS,
	Consistent,
	Habit,
	edits_at_random,
	fixes_packs,
	informed,
	keeps_all,
	overbuys,
	with_promotions,
)
from rl_replenishment.core.sample.season import Decides

#: of an item whose pack only the buyer knows
CASE = 10
#: what the demand of an informed buyer's group, and of his supplier's items, is multiplied by each quarter
_GROWTH, _DECLINE = 2.0, 0.4
#: days that one supplier delivers later than agreed, and what an informed buyer orders for it
_LATE_DAYS, _FOR_LATE = 7, 1.25
#: freight of an order that is not whole pallets, in times the item's own cost of an order
_PART_LOAD = 4.0
#: of his lines, an informed buyer looks at
_ATTENTION = 0.4


@dataclass(frozen=True, eq=False)
class Kind:
	"""A buyer and his company."""

	name: str
	buyer: Decides
	company: SampleCompany
	#: days that goods come later than the item master says, shape (N,)
	late_days: npt.NDArray[np.integer] | None = None
	#: what orders cost that no item master knows, in money, from what is ordered, both of shape (N,)
	freight: Callable[[FloatArray], FloatArray] | None = None
	#: the same buyer if he looked at every line; None for one who does
	by_hand: Decides | None = None
	#: whether training, and learning agreement alone, are measured with him as well
	is_trained: bool = False


def kinds(company: SampleCompany, rng: np.random.Generator) -> list[Kind]:
	"""The buyers of a company: with a habit, informed of what no history tells, and careless.

	A habit is right where the company is such that it pays: that of the informed, who look at some of their
	lines alone, so that there is something to carry further.
	"""
	items = company.items
	groups, suppliers = np.array(items.groups), np.array(items.suppliers)
	of_group = groups == max(set(items.groups), key=lambda name: (int((groups == name).sum()), name))
	of_supplier = suppliers == max(set(items.suppliers), key=lambda name: (items.suppliers.count(name), name))
	weekly = np.rint(7 * company.history.demand[-QUARTER:].mean(axis=0))
	# sold often, and in small packs
	often = int(np.where(weekly >= 10, items.order_unit, np.inf).argmin())
	one = np.arange(len(items)) == often
	pallet = float(np.ceil(2 * weekly[often] / items.order_unit[often]) * items.order_unit[often])
	nothing = np.zeros(len(items), np.bool_)
	# those of the study begin in July
	before_season = range(7, 13)
	group_up = Consistent(lambda month: of_group if month in before_season else nothing, 1.25)
	supplier_down = Consistent(lambda month: of_supplier, 0.8)
	for_late = Consistent(lambda month: of_supplier, _FOR_LATE)
	full_pallet = Consistent(lambda month: one, pallet=pallet)

	def freight(ordered: FloatArray) -> FloatArray:
		is_part = one & (ordered > 0) & (np.abs(np.rint(ordered / pallet) * pallet - ordered) > 0.5)
		return np.where(is_part, _PART_LOAD * items.order_cost, 0).astype(np.float32)

	promoted = with_promotions(company, rng)
	of_promotions = [
		Kind("informed", informed(promoted), promoted, is_trained=True),
		Kind("overbuying", Habit(overbuys), promoted, is_trained=True),
		Kind("cries wolf", Habit(overbuys, "promotion"), promoted, is_trained=True),
		Kind("rubber stamp", Habit(keeps_all), promoted, is_trained=True),
		Kind("random", Habit(edits_at_random), promoted, is_trained=True),
		Kind("fixes packs", Habit(fixes_packs(CASE)), promoted, is_trained=True),
	]
	return [
		Kind("group raised before its season", group_up, company),
		Kind("supplier cut by a fifth", supplier_down, company),
		Kind("one item to a full pallet", full_pallet, company),
		Kind(
			"informed: the group grows",
			replace(group_up, attention=_ATTENTION),
			_with_trend(company, of_group, _GROWTH),
			by_hand=group_up,
		),
		Kind(
			"informed: the supplier's goods go out of fashion",
			replace(supplier_down, attention=_ATTENTION),
			_with_trend(company, of_supplier, _DECLINE),
			by_hand=supplier_down,
		),
		Kind(
			"informed: full pallets travel free",
			replace(full_pallet, attention=_ATTENTION),
			company,
			freight=freight,
			by_hand=full_pallet,
		),
		Kind(
			"informed: the supplier delivers a week late",
			replace(for_late, attention=_ATTENTION),
			company,
			late_days=np.where(of_supplier, _LATE_DAYS, 0).astype(np.int32),
			by_hand=for_late,
		),
		Kind("changes his mind", replace(group_up, until=company.today + QUARTER_DAYS), company),
		*of_promotions,
	]


def _with_trend(company: SampleCompany, own: npt.NDArray[np.bool_], factor: float) -> SampleCompany:
	"""The company whose demand of some items changes by a factor each quarter."""
	growth = factor ** (np.arange(company.future.days) / QUARTER_DAYS)
	demand = company.future.demand.copy()
	demand[:, own] = np.rint(demand[:, own] * growth[:, None])
	return replace(company, future=replace(company.future, demand=demand.astype(np.float32)))
