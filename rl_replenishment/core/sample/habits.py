"""Kinds of buyers for the study of learning from edits, each with one habit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable, feasible_quantity
from rl_replenishment.core.sample.buyer import Buyer, BuyerDecision, Reason
from rl_replenishment.core.sample.company import Promotion, SampleCompany

Change: TypeAlias = Callable[[FloatArray, np.random.Generator], FloatArray]
#: share of the smooth sellers that are promoted in a quarter
_PROMOTED_SHARE = 0.5
_PATTERNS = ("smooth", "seasonal", "trending")
QUARTER_DAYS = 91


@dataclass(frozen=True)
class Habit:
	"""A buyer who changes lines by a rule of thumb."""

	#: ordered quantity from the proposed one, both of shape (N,)
	change: Change
	#: given for every change
	reason: Reason = ""

	def decide(
		self,
		items: ItemTable,
		proposed_qty: FloatArray,
		*,
		review_days: int,
		today: np.datetime64,
		daily_demand: FloatArray,
		rng: np.random.Generator,
	) -> BuyerDecision:
		"""As `Buyer.decide`."""
		wished = np.where(proposed_qty > 0, self.change(proposed_qty, rng), 0)
		ordered = feasible_quantity(items, wished.astype(np.float32))
		reasons = [self.reason if moved else "" for moved in ordered != proposed_qty]
		return BuyerDecision(ordered, tuple(reasons))


def overbuys(proposed: FloatArray, rng: np.random.Generator) -> FloatArray:
	"""A third more of everything, to be on the safe side."""
	return np.asarray(proposed * np.float32(4 / 3))


def edits_at_random(proposed: FloatArray, rng: np.random.Generator) -> FloatArray:
	"""A third of the lines, to half as much or half as much again and anything between."""
	factor = rng.uniform(0.5, 1.5, len(proposed))
	return np.asarray(proposed * np.where(rng.random(len(proposed)) < 1 / 3, factor, 1), np.float32)


def keeps_all(proposed: FloatArray, rng: np.random.Generator) -> FloatArray:
	"""A rubber stamp."""
	return proposed


def fixes_packs(case: int) -> Change:
	"""To the next whole case, which the item master knows nothing of."""

	def change(proposed: FloatArray, rng: np.random.Generator) -> FloatArray:
		return np.asarray(np.maximum(np.rint(proposed / case), 1) * case, np.float32)

	return change


def with_promotions(company: SampleCompany, rng: np.random.Generator) -> SampleCompany:
	"""The company with many more promotions ahead, each quarter for half of what sells evenly."""
	demand = company.future.demand.copy()
	dates = company.future.start + np.arange(company.future.days)
	promotable = [at for at, pattern in enumerate(company.patterns) if pattern in _PATTERNS]
	promotions = list(company.promotions)
	for first in range(0, company.future.days, QUARTER_DAYS):
		last = min(first + QUARTER_DAYS, company.future.days) - 14
		mondays = [day for day in range(first, last) if np.is_busday(dates[day], weekmask="Mon")]
		chosen = rng.choice(promotable, round(len(promotable) * _PROMOTED_SHARE), replace=False)
		for item in chosen if mondays else ():
			promotion = Promotion(
				item_code=company.items.keys[item].item_code,
				item=int(item),
				first_day=int(rng.choice(mondays)),
				start=dates[0],
				days=int(rng.choice([7, 10, 14])),
				uplift=float(np.round(rng.uniform(2.0, 4.0), 1)),
			)
			promotion = replace(promotion, start=dates[promotion.first_day])
			days = slice(promotion.first_day, promotion.first_day + promotion.days)
			demand[days, item] = np.rint(demand[days, item] * promotion.uplift)
			promotions.append(promotion)
	future = replace(company.future, demand=demand)
	return replace(company, future=future, promotions=tuple(promotions))


def informed(company: SampleCompany) -> Buyer:
	"""A buyer who orders for the promotions to come and says so."""
	return Buyer(promotions=company.promotions)


@dataclass(frozen=True)
class Consistent:
	"""A buyer who always changes the same lines the same way, and has the quantity in mind that he orders."""

	#: the lines that he changes, shape (N,), by the month of the year
	where: Callable[[int], npt.NDArray[np.bool_]]
	#: on what the policy itself asks for
	factor: float = 1.0
	#: orders of his lines come in whole multiples of it, 0 for any
	pallet: float = 0.0
	#: share of the lines that he looks at
	attention: float = 1.0
	#: the day from which he keeps everything
	until: np.datetime64 | None = None
	has_an_idea = True

	def decide(
		self,
		items: ItemTable,
		proposed_qty: FloatArray,
		*,
		review_days: int,
		today: np.datetime64,
		daily_demand: FloatArray,
		rng: np.random.Generator,
	) -> BuyerDecision:
		"""As `Buyer.decide`, NaN for a line that is not looked at; see `has_an_idea` in `Shop.buy`."""
		month = int(today.astype("datetime64[M]").astype(int)) % 12 + 1
		looked_at = rng.random(len(items)) < self.attention
		own = self.where(month) & (proposed_qty > 0)
		if self.until is not None and today >= self.until:
			own = np.zeros_like(own)
		wished = proposed_qty * np.float32(self.factor)
		if self.pallet:
			wished = np.maximum(np.ceil(wished / self.pallet), 1).astype(np.float32) * np.float32(self.pallet)
		wanted = feasible_quantity(items, wished)
		ordered = np.where(own, wanted, proposed_qty)
		# on what was not looked at, there is no idea: it is ordered as it was proposed
		ordered = np.where(looked_at, ordered, np.nan).astype(np.float32)
		none: list[Reason] = [""] * len(items)
		return BuyerDecision(ordered, tuple(none))
