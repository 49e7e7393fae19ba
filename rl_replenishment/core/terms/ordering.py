"""Orders under the terms of suppliers: which wait, which are raised, and any policy that orders so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy, State, usual_rate
from rl_replenishment.core.policies.levels import Levels, normal_range
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.terms.calendar import Timing, timed, timing
from rl_replenishment.core.terms.lines import Lines, lines_of
from rl_replenishment.core.terms.rounding import Raising
from rl_replenishment.core.terms.terms import Terms, Values
from rl_replenishment.core.terms.waiting import (
	Completed,
	at_next_review,
	complete,
	cost_of_cycles,
	waiting_cost,
)

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Decided:
	"""What becomes of the lines of N item-warehouses and S suppliers."""

	#: shape (N,), in stock UOM; 0 for what waits
	quantity: Values
	#: of it, what comes on top of what was asked for, (N,): to a price break, the minimums, free freight
	for_break: Values
	for_minimum: Values
	for_freight: Values
	#: what was missing of the minimums, by each of `MEASURES`, shape (4, S); 0 where nothing was
	missing: Values
	#: suppliers of which nothing is ordered, shape (S,): waiting is cheaper, or a minimum cannot be reached
	waits: Mask
	is_out_of_reach: Mask
	#: minimums that the money is not enough for, shape (S,), of `is_out_of_reach`
	is_unaffordable: Mask
	#: what lacks of them with all that may be ordered, shape (4, S)
	short: Values
	#: lines that are ordered below a minimum out of reach, since waiting costs more, shape (N,)
	below_minimum: Mask
	#: what raising the lines costs now, and what waiting for a review does, shape (S,)
	raising_cost: Values
	waiting_cost: Values
	#: what waiting costs of each line, shape (N,)
	line_waiting_cost: Values
	#: freight to pay, shape (S,)
	freight: Values

	@cached_property
	def extra(self) -> Values:
		"""All that comes on top, shape (N,)."""
		return self.for_break + self.for_minimum + self.for_freight


def decide(
	lines: Lines,
	terms: Terms,
	state: State,
	levels: Levels,
	days: Timing,
	*,
	raising: Raising | None = None,
	may_wait: bool = True,
	only_minimum: Mask | None = None,
	unaffordable: Mask | None = None,
) -> Decided:
	"""Round the lines of each supplier together, or let them wait, whichever is expected to cost less.

	`state` is as `timed` has it. An order that lacks nothing is placed. Else it waits for the next review as
	long as what that costs, in demand missed and in completing it then, is less than completing it now and
	what the terms cost anyway in that time: the stopping rule of a renewal process, one step ahead (Ross
	1970). Where not `may_wait`, whatever can be completed is placed. `raising` is as for `fill`. Where part
	of an order is placed already, its freight is to be paid whether or not the rest waits.

	Where a minimum is out of reach, or not to be raised to since it is `unaffordable`, shape (S,), lines are
	ordered below it where waiting costs more than an order of their own, its freight, and keeping them until
	the next one: a buyer can ask the supplier to accept them. Nothing is raised beyond the minimums of
	suppliers where `only_minimum`, shape (S,).
	"""
	count = len(terms.suppliers)
	plain = np.zeros(count, np.bool_) if only_minimum is None else only_minimum
	beyond_money = np.zeros(count, np.bool_) if unaffordable is None else unaffordable
	# of suppliers without terms nothing is said, and nothing changed
	no_break = (terms.of_item < 0) | (plain | beyond_money)[terms.of_item]
	at_break = lines.raised_by(np.where(no_break, 0, to_price_break(lines, terms)))
	now = complete(at_break, terms, raising, only_minimum=plain | beyond_money)
	beyond_money = beyond_money & (terms.missing(at_break.quantity) > 0).any(axis=0)
	out_of_reach = np.asarray((now.filled.short > 0).any(axis=0) | beyond_money)
	waits, waiting = np.zeros(count, np.bool_), np.zeros(len(lines.quantity))
	freight = np.where(terms.placed.any(axis=0), 0, now.freight)
	asks = (now.cost + freight > 0) | out_of_reach
	if may_wait and asks.any():
		waiting = waiting_cost(lines, state, levels)
		interval = terms.longest_per_supplier(days.interval)
		most_saved = now.cost + freight + cost_of_cycles(lines, terms, days.interval) * interval
		# whoever cannot save more than waiting costs need not be looked at any further
		may_pay = asks & (out_of_reach | (terms.per_supplier(waiting) < most_saved))
		# what is placed has gone out by then
		next_terms = replace(terms, placed=np.zeros_like(terms.placed))
		later = complete(
			_of(may_pay, at_next_review(lines, days.interval), terms), next_terms, raising, only_minimum=plain
		)
		reachable = ~(later.filled.short > 0).any(axis=0)
		saved = most_saved - later.cost - later.freight
		is_cheaper = terms.per_supplier(waiting) < saved
		waits = np.asarray(asks & reachable & (out_of_reach | is_cheaper) & ~beyond_money)
	apart = lines.items.order_cost + lines.items.holding_cost * lines.quantity * days.interval
	gain = np.where(lines.is_ordered, waiting - apart, 0)
	gain = np.where((terms.of_item >= 0) & out_of_reach[terms.of_item], np.maximum(gain, 0), 0)
	pays = terms.per_supplier(gain) > np.where(terms.placed.any(axis=0), 0, terms.suppliers.freight_cost)
	below = np.asarray((gain > 0) & pays[terms.of_item])
	return _decided(lines, at_break, now, terms, (waits, out_of_reach & ~waits, beyond_money), below, waiting)


def _decided(
	lines: Lines,
	at_break: Lines,
	now: Completed,
	terms: Terms,
	stopping: tuple[Mask, Mask, Mask],
	below: Mask,
	waiting: Values,
) -> Decided:
	waits, out_of_reach, beyond_money = stopping
	stopped = (terms.of_item >= 0) & (waits | out_of_reach)[terms.of_item]

	def kept(amount: Values) -> Values:
		return np.where(stopped, 0, amount)

	quantity = np.where(below, lines.quantity, kept(at_break.quantity + now.extra))
	orders = terms.per_supplier(quantity) > 0
	return Decided(
		quantity=quantity,
		for_break=kept(at_break.quantity - lines.quantity),
		for_minimum=kept(now.filled.extra),
		for_freight=kept(now.for_freight),
		missing=terms.missing(at_break.quantity),
		waits=waits,
		is_out_of_reach=out_of_reach,
		is_unaffordable=beyond_money,
		short=now.filled.short,
		below_minimum=below,
		raising_cost=now.cost,
		waiting_cost=terms.per_supplier(waiting),
		line_waiting_cost=waiting,
		freight=np.where(
			waits | out_of_reach, np.where(orders, terms.suppliers.freight_cost, 0), now.freight
		),
	)


def _of(suppliers: Mask, lines: Lines, terms: Terms) -> Lines:
	"""The lines with nothing ordered but of some suppliers, shape (S,)."""
	own = (terms.of_item >= 0) & suppliers[terms.of_item]
	return replace(lines, quantity=np.where(own, lines.quantity, 0))


def to_price_break(lines: Lines, terms: Terms) -> Values:
	"""Extra quantities, shape (N,), to the price break that saves most beyond what they cost to hold.

	What is saved is so on the whole order, also on what would have been bought later at the old price.
	"""
	breaks, extra = terms.breaks, np.zeros(len(lines.quantity))
	if not len(breaks.item):
		return extra
	at, unit = breaks.item, lines.items.order_unit.astype(np.float64)
	asked = lines.quantity[at]
	more = np.ceil((breaks.quantity - asked) / unit[at] - 1e-6) * unit[at]
	can = (asked > 0) & (more > 0) & (asked + more <= lines.most[at])
	price = terms.price_of(lines.quantity)[at]
	start, slope = lines.beyond[at], lines.slope[at]
	held = slope * (np.square(start + more) - np.square(start)) / 2
	gain = np.where(can, (price - breaks.price) * (asked + more) - held, -np.inf)
	order = np.lexsort((-gain, at))
	items, first = np.unique(at[order], return_index=True)
	best = order[first]
	extra[items] = np.where(gain[best] > 0, more[best], 0)
	return extra


def levels_of(policy: Policy, state: State) -> tuple[FloatArray, Levels]:
	"""What a policy orders, shape (N,), and the levels behind it; without any, what usual demand asks for."""
	if isinstance(policy, ResidualNetwork):
		decision = policy.decide(state)
		return decision.quantity, decision.learned
	quantity = policy.order_quantities(state)
	if isinstance(policy, OrderUpTo):
		return quantity, policy.levels(state)
	rate = usual_rate(state)
	low, middle, high = normal_range(state, rate)
	never = np.full(len(quantity), np.inf, np.float32)
	return quantity, Levels(middle, np.maximum(high, middle), never, rate, low, middle, high)


@dataclass(eq=False)
class UnderTerms:
	"""A policy whose orders are rounded and timed as suppliers' terms ask for; see `decide`."""

	policy: Policy
	terms: Terms
	raising: Raising | None = None
	may_wait: bool = True
	#: tables of items by lead times: policies align their parameters to a table once
	_tables: dict[bytes, tuple[ItemTable, ItemTable]] = field(default_factory=dict, repr=False)

	@property
	def name(self) -> str:
		return self.policy.name

	def order_quantities(self, state: State) -> FloatArray:
		assert isinstance(state.review_days, int)
		assert isinstance(state.today, np.datetime64)
		days = timing(self.terms, state.items.whole_lead_time_days, state.today, state.review_days)
		known = self._timed(state, days)
		quantity, levels = levels_of(self.policy, known)
		lines = lines_of(known, np.where(days.is_open, quantity, 0), levels, may_be_raised=days.is_open)
		found = decide(lines, self.terms, known, levels, days, raising=self.raising, may_wait=self.may_wait)
		return found.quantity.astype(np.float32)

	def _timed(self, state: State, days: Timing) -> State:
		known = timed(state, days)
		key = days.lead.tobytes()
		base, items = self._tables.setdefault(key, (state.items, known.items))
		if base is not state.items:
			self._tables[key] = base, items = state.items, known.items
		return replace(known, items=items)
