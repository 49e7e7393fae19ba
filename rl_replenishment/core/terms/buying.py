"""What is bought in the end: proposals within a budget, and under the terms of their suppliers.

A minimum is money that has to be there as a whole, so that a budget is not simply spent line by line. Where
all that is wanted, with what it is raised by, costs too much, orders are first no longer raised to free
freight and price breaks; then less urgent lines are cut, so far that what is raised to the minimums fits in;
and of the plans that give up a supplier's minimum, the dearest to raise first, the one is taken that costs
least by the policy's own forecast: the demand that is missed, and what is kept longer than it need be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rl_replenishment.core.budget import Spent, demand_of, expected_missed, spend, within_budget
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.terms.calendar import Timing
from rl_replenishment.core.terms.proposals import Mask, Planner, SupplierOrder
from rl_replenishment.core.terms.terms import Terms, Values
from rl_replenishment.core.terms.wording import Wording

#: how often the money for what is asked for, beside what minimums add to it, is halved in
_HALVINGS = 6
#: minimums that are given up one after the other at most; then all that are left are
_GIVEN_UP = 8
#: share of the money that single precision makes
_NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class Purse:
	"""What may be spent, and what on."""

	#: in company currency
	money: float
	#: money per unit, shape (N,)
	price: Values
	#: of a unit of demand that is missed, shape (N,)
	stockout_cost: FloatArray


@dataclass(frozen=True, eq=False)
class Bought:
	"""What is bought."""

	proposals: list[Proposal]
	orders: list[SupplierOrder]
	#: what it comes to, and what the rest of what was asked for would have cost; None without a budget
	spent: Spent | None
	#: how many lines the budget cut or left out
	cut: int = 0


@dataclass(frozen=True, eq=False)
class _Choice:
	"""What to spend on what is asked for, and which suppliers' orders are raised to what."""

	#: inf for all of it
	money: float
	only_minimum: Mask
	unaffordable: Mask


def buy(
	proposals: Sequence[Proposal],
	state: State,
	*,
	purse: Purse | None = None,
	terms: Terms | None = None,
	days: Timing | None = None,
	max_cover_days: float | None = None,
	wording: Wording | None = None,
) -> Bought:
	"""The proposals of a state, as far as the money goes and as suppliers take them; their reasons say so.

	`state` is as `calendar.timed` has it, where there are `terms`; `days` come with these.
	"""
	words = wording or Wording()
	if terms is None or days is None:
		if purse is None:
			return Bought(list(proposals), [], None)
		found, spent, cut = _cut(proposals, state, purse, purse.money, words)
		return Bought(found, [], spent, cut)
	planner = Planner(proposals, state, terms, days, max_cover_days=max_cover_days)
	asked = np.array([each.proposed_qty for each in proposals], np.float32)
	if purse is None:
		lines, decided = planner.plan(asked)
		told, orders = planner.tell(proposals, lines, decided, words)
		return Bought(told, orders, None)
	spending = _Spending(planner, proposals, asked, purse)
	choice = spending.choose()
	now = replace(purse, price=spending.price_now)
	within, spent, cut = _cut(proposals, state, now, choice.money, words)
	wanted = np.array([each.proposed_qty for each in within])
	lines, decided = planner.plan(wanted, only_minimum=choice.only_minimum, unaffordable=choice.unaffordable)
	told, orders = planner.tell(within, lines, decided, words)
	bought = np.array([each.proposed_qty for each in told])
	is_left = (terms.of_item >= 0) & decided.is_unaffordable[terms.of_item]
	left = np.where(is_left, np.maximum(wanted - bought, 0) * purse.price, 0)
	missing = spent.missing + float(left.sum())
	return Bought(told, orders, Spent(bought.astype(np.float32), float(bought @ purse.price), missing), cut)


def _cut(
	proposals: Sequence[Proposal], state: State, purse: Purse, money: float, words: Wording
) -> tuple[list[Proposal], Spent, int]:
	found, spent = within_budget(
		list(proposals),
		state,
		purse.price,
		money,
		words.translate,
		words.number,
		words.money,
		purse.stockout_cost,
	)
	cut = sum(
		after.proposed_qty < before.proposed_qty for before, after in zip(proposals, found, strict=True)
	)
	return found, spent, cut


class _Spending:
	"""The ways to spend a purse on what is asked for, and what each costs."""

	def __init__(
		self, planner: Planner, proposals: Sequence[Proposal], asked: FloatArray, purse: Purse
	) -> None:
		self._planner, self._asked, self._purse = planner, asked, purse
		self._demand = demand_of(proposals, planner.state)
		self._none = np.zeros(len(planner.terms.suppliers), np.bool_)
		#: money per unit, 0 for what is not ordered now whatever the budget: it takes no other line's place
		self.price_now = np.where(planner.days.is_open, np.asarray(purse.price, np.float64), 0)

	def choose(self) -> _Choice:
		"""The best way that the money is enough for."""
		whole = _Choice(np.inf, self._none, self._none)
		if self._fits(whole):
			return whole
		plain = _Choice(np.inf, ~self._none, self._none)
		if self._fits(plain):
			return self._with_freight(plain, whole)
		of_item = self._planner.terms.of_item
		decided = self._planner.plan(self._asked, only_minimum=~self._none)[1]
		waits = decided.waits & ~(self._planner.terms.per_supplier(decided.below_minimum) > 0)
		self.price_now = np.where((of_item >= 0) & waits[of_item], 0, self.price_now)
		best, least = None, np.inf
		unaffordable = self._none
		for given_up in range(_GIVEN_UP + 1):
			choice = self._most_lines(unaffordable)
			if choice is not None and (cost := self._cost(choice)) < least:
				best, least = choice, cost
			raised = np.where(unaffordable, 0, self._raised(unaffordable))
			if not (raised > 0).any():
				break
			unaffordable = unaffordable.copy()
			unaffordable[int(raised.argmax()) if given_up < _GIVEN_UP - 1 else raised > 0] = True
		# line by line, what is left of the budget is enough
		return best or _Choice(self._purse.money, ~self._none, ~waits)

	def _with_freight(self, plain: _Choice, whole: _Choice) -> _Choice:
		"""Raised to free freight and price breaks, too, where that adds least, as far as the money goes."""
		before, after = self._worth(plain), self._worth(whole)
		more = self._planner.terms.per_supplier(after - before)
		order = np.argsort(more, kind="stable")
		fits = np.cumsum(np.maximum(more[order], 0)) <= self._purse.money - float(before.sum())
		only_minimum = ~self._none
		only_minimum[order[fits]] = False
		choice = _Choice(np.inf, only_minimum, self._none)
		return choice if self._fits(choice) else plain

	def _most_lines(self, unaffordable: Mask) -> _Choice | None:
		"""As much for what is asked for as leaves enough for what the minimums add; None where none does."""
		low, high, found = 0.0, self._purse.money, None
		for halving in range(_HALVINGS):
			money = high if halving == 0 else (low + high) / 2
			choice = _Choice(money, ~self._none, unaffordable)
			if self._fits(choice):
				low, found = money, choice
				if halving == 0:
					break
			else:
				high = money
		return found

	def _raised(self, unaffordable: Mask) -> Values:
		"""Money by which each supplier's minimum raises what the budget buys, shape (S,)."""
		choice = _Choice(self._purse.money, ~self._none, unaffordable)
		before = self._lines(choice.money).astype(np.float64)
		after = self._quantity(choice)
		more = np.maximum(after - before, 0) * self._purse.price
		return self._planner.terms.per_supplier(more)

	def _lines(self, money: float) -> FloatArray:
		if not np.isfinite(money):
			return self._asked
		items = self._planner.state.items
		spent = spend(items, self._demand, self._asked, self.price_now, money, self._purse.stockout_cost)
		return spent.quantity

	def _quantity(self, choice: _Choice) -> Values:
		_, decided = self._planner.plan(
			self._lines(choice.money),
			only_minimum=choice.only_minimum,
			unaffordable=choice.unaffordable,
		)
		# what is asked for of suppliers without terms is bought as it is
		return decided.quantity

	def _worth(self, choice: _Choice) -> Values:
		return self._quantity(choice) * self._purse.price

	def _fits(self, choice: _Choice) -> bool:
		return float(self._worth(choice).sum()) <= self._purse.money * (1 + _NOISE)

	def _cost(self, choice: _Choice) -> float:
		"""What is expected to be missed, and what is kept longer than it need be, in money."""
		lines, decided = self._planner.plan(
			self._lines(choice.money),
			only_minimum=choice.only_minimum,
			unaffordable=choice.unaffordable,
		)
		# what is ordered below a minimum may be refused: as likely as not
		expected = np.where(decided.below_minimum, decided.quantity / 2, decided.quantity)
		missed = expected_missed(self._demand, expected) * self._purse.stockout_cost
		return float(missed.sum() + lines.cost_of(decided.extra).sum())
