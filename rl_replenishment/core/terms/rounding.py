"""Joint rounding: the lines of a supplier reach a minimum together, by the extra days that cost least.

Each unit more costs what holding it costs until it would have been bought anyway, see `Lines.slope`: the
cost of a line is convex in its quantity. The least that several lines cost together is where a unit of the
minimum (of money, weight, volume or quantity) costs the same in each (Everett 1963): for one holding rate,
equal days of cover beyond the level, the allocation by equal time supply of IBM's IMPACT (1963). Lines that
are not due join where their average cost is no more, which is the can-order point of coordinated control
(Silver 1974): an economic lot below the level. Packs make steps of it, the last of which is chosen for cost.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.terms.lines import Lines, lots
from rl_replenishment.core.terms.terms import MEASURES, NOISE, Groups, Terms, Values

#: halvings in which the price of a unit of the minimum is found
_HALVINGS = 30
#: and in which the share is that all lines are raised by: what is left over takes the last step
_HALVINGS_OF_SHARES = 12
#: after so many, most lines do not move any more
_NARROWED_AFTER = 8
#: how often what a break makes cheaper, or another minimum, is looked at again
_ROUNDS = 3
#: how often packs that are not needed any more are taken off
_TRIMS = 3


#: from lines, each one's supplier, what a unit counts for, and what suppliers lack, to extra quantities
Raising: TypeAlias = Callable[[Lines, Groups, Values, Values], Values]


@dataclass(frozen=True, eq=False)
class Filled:
	"""What is ordered more, and what comes of it."""

	#: shape (N,), in stock UOM
	extra: Values
	#: money, shape (S,)
	cost: Values
	#: what still lacks of the minimums with all that may be ordered, shape (4, S); 0 where they are reached
	short: Values


def fill(lines: Lines, terms: Terms, raising: Raising | None = None, minimum: Values | None = None) -> Filled:
	"""Raise the lines of each supplier that orders anything to its minimums, shape (4, S), at least cost.

	`raising` is another way to find the extra quantities than `least_cost`. Where a minimum cannot be
	reached, the lines are raised as far as they may be.
	"""
	wanted = terms.suppliers.minimum if minimum is None else minimum
	raised = least_cost if raising is None else raising
	orders = terms.per_supplier(lines.is_ordered) > 0
	now = lines
	for _ in range(_ROUNDS):
		changed = False
		for measure in range(len(MEASURES)):
			per_unit = terms.per_unit(now.quantity)[measure]
			lacking = wanted[measure] - terms.placed[measure] - terms.per_supplier(per_unit * now.quantity)
			lacking = np.where(orders & (lacking > NOISE * wanted[measure]), lacking, 0)
			if (lacking > 0).any():
				more = raised(now, terms.of_item, per_unit, lacking)
				# a line that has joined is one of them from here on, with its order paid
				now, changed = now.raised_by(more), changed or bool((more > 0).any())
		if not changed:
			break
	extra = now.quantity - lines.quantity
	lacking = np.where(orders, wanted - terms.placed - terms.totals(now.quantity), 0)
	return Filled(
		extra=extra,
		cost=terms.per_supplier(lines.cost_of(extra)),
		short=np.where(lacking > NOISE * wanted, lacking, 0),
	)


def least_cost(lines: Lines, of_item: Groups, per_unit: Values, lacking: Values) -> Values:
	"""Extra quantities, shape (N,), that add up to what each supplier lacks, shape (S,), at least cost.

	`per_unit`, shape (N,), is what a unit counts for; where all that may be ordered is too little, that.
	"""
	takes_part = (of_item >= 0) & (per_unit > 0) & (lines.most > lines.quantity)
	takes_part &= np.where(of_item >= 0, lacking[of_item], 0) > 0
	rows = np.flatnonzero(takes_part)
	extra = np.zeros(len(of_item))
	if len(rows):
		suppliers, group = np.unique(of_item[rows], return_inverse=True)
		steps = _Steps(lines, rows, per_unit[rows])
		extra[rows] = _cheapest(steps, group, lacking[suppliers])
	return extra


class _Steps:
	"""The lines that take part, M of them, and how far each goes at a price of a unit of the minimum."""

	def __init__(self, lines: Lines, rows: Groups, weight: Values) -> None:
		items = lines.items
		self.weight = weight
		self.unit = items.order_unit[rows].astype(np.float64)
		self.start, self.slope = lines.beyond[rows], lines.slope[rows]
		self.ordered = lines.quantity[rows]
		self.joins = self.ordered <= 0
		self.order_cost = np.where(self.joins, items.order_cost[rows].astype(np.float64), 0)
		room = np.floor((lines.most - lines.quantity)[rows] / self.unit + 1e-6) * self.unit
		least = np.maximum(items.smallest_lot[rows].astype(np.float64), self.unit)
		#: the least that a line begins with, which may be less than its lot where that is all it needs
		self.least = np.where(self.joins, np.ceil(least / self.unit - 1e-6) * self.unit, self.unit)
		self.room = np.where(room >= self.least * (1 - NOISE), room, 0)
		block = np.where(self.joins, lots(items, lines.rate)[rows], self.unit)
		self.block = np.clip(block, self.least, np.maximum(self.room, self.least))
		average = self.order_cost / self.block + self.slope * (2 * self.start + self.block) / 2
		#: the price from which a line takes part
		self.threshold = np.where(self.joins, average, self.slope * self.start) / weight
		self.at_most = np.maximum(self.threshold, self.slope * (self.start + self.room) / weight)

	def take(self, rows: Groups) -> _Steps:
		"""Some of the lines."""
		found = copy(self)
		found.__dict__ = {name: values[rows] for name, values in self.__dict__.items()}
		return found

	def at(self, price: Values) -> Values:
		"""Extra quantities at prices of shape (M,)."""
		wished = price * self.weight / self.slope - self.start
		more = np.floor(wished / self.unit + 1e-9) * self.unit
		more = np.where(self.joins, np.maximum(more, self.block), more)
		return np.where(price >= self.threshold, np.clip(more, 0, self.room), 0)

	def in_proportion(self, share: Values) -> Values:
		"""Extra quantities that raise what is ordered by shares of it, shape (M,)."""
		more = np.ceil(self.ordered * share / self.unit - 1e-9) * self.unit
		return np.clip(more, 0, self.room)

	def cost(self, extra: Values) -> Values:
		"""As `Lines.cost_of`."""
		held = self.slope * (np.square(self.start + extra) - np.square(self.start)) / 2
		return np.where(extra > 0, np.maximum(held + self.order_cost, 0), 0)


def _cheapest(steps: _Steps, group: npt.NDArray[np.intp], lacking: Values) -> Values:
	"""Extra quantities, shape (M,), of lines whose suppliers, shape (M,), lack so much, shape (S,)."""
	count = len(lacking)
	low, high = np.full(count, np.inf), np.full(count, -np.inf)
	np.minimum.at(low, group, steps.threshold)
	np.maximum.at(high, group, steps.at_most)
	# nobody takes part below the first, and everybody goes as far as may be at the last
	low, high = low - 1e-9 * np.abs(low) - 1e-300, high + 1e-9 * np.abs(high) + 1e-300
	found = _enough(steps, group, lacking, _Steps.at, (low, high), _HALVINGS)
	# packs may be so large that raising what is ordered in proportion happens to fit better
	most = np.ones(count)
	with np.errstate(divide="ignore", invalid="ignore"):
		np.maximum.at(most, group, np.where(steps.ordered > 0, steps.room / steps.ordered, 0))
	shares = (np.zeros(count), most)
	other = _enough(steps, group, lacking, _Steps.in_proportion, shares, _HALVINGS_OF_SHARES)
	reaches = _total(steps, group, other, count) >= lacking * (1 - NOISE)
	costs = (np.bincount(group, weights=steps.cost(each), minlength=count) for each in (found, other))
	is_dearer = np.greater(*costs) & reaches
	extra = np.where(is_dearer[group], other, found)
	enough = _total(steps, group, steps.room, count) >= lacking * (1 - NOISE)
	return np.where(enough[group], extra, steps.room)


def _enough(
	steps: _Steps,
	group: npt.NDArray[np.intp],
	lacking: Values,
	at: Callable[[_Steps, Values], Values],
	between: tuple[Values, Values],
	halvings: int,
) -> Values:
	"""The least of what `at` gives, at a number of each supplier's own, that comes to what it lacks."""
	low, high = between
	moving, own, fixed = steps, group, np.zeros(len(lacking))
	for halving in range(halvings):
		if halving == _NARROWED_AFTER:
			# a line that is the same at both ends is so between them
			least, most = at(steps, low[group]), at(steps, high[group])
			fixed = _total(steps, group, np.where(least == most, least, 0), len(lacking))
			rows = np.flatnonzero(least != most)
			moving, own = steps.take(rows), group[rows]
		middle = (low + high) / 2
		reached = fixed + _total(moving, own, at(moving, middle[own]), len(lacking)) >= lacking
		high, low = np.where(reached, middle, high), np.where(reached, low, middle)
	extra = _last_step(steps, group, lacking, at(steps, low[group]), at(steps, high[group]))
	for _ in range(_TRIMS):
		extra = _trimmed(steps, group, lacking, extra)
	return extra


def _total(steps: _Steps, group: npt.NDArray[np.intp], extra: Values, count: int) -> Values:
	return np.bincount(group, weights=steps.weight * extra, minlength=count).astype(np.float64)


def _last_step(
	steps: _Steps,
	group: npt.NDArray[np.intp],
	lacking: Values,
	below: Values,
	above: Values,
) -> Values:
	"""From just too little to enough: the steps of one price in order, and the one that ends it by cost."""
	added = above - below
	order = np.lexsort((-steps.weight * added, group))
	gain = (steps.weight * added)[order]
	running = np.cumsum(gain)
	first = np.searchsorted(group[order], np.arange(len(lacking)))
	before = np.append(0.0, running)[first]
	left = lacking - np.bincount(group, weights=steps.weight * below, minlength=len(lacking))
	fits = np.zeros(len(order), np.bool_)
	fits[order] = running - before[group[order]] < left[group[order]]
	extra = np.where(fits, above, below)
	left = lacking - np.bincount(group, weights=steps.weight * extra, minlength=len(lacking))
	needed = np.ceil(np.maximum(left, 0)[group] / (steps.weight * steps.unit) - NOISE) * steps.unit
	ends = np.where(extra > 0, extra + needed, np.maximum(needed, steps.least))
	cost = np.where(ends <= steps.room * (1 + NOISE), steps.cost(ends) - steps.cost(extra), np.inf)
	cost = np.where(left[group] > NOISE * lacking[group], cost, np.inf)
	chosen = _first_of_each(group, cost, len(lacking))
	chosen = chosen[np.isfinite(cost[chosen])]
	extra[chosen] = ends[chosen]
	# where no single line can end it, all of that price do
	left = lacking - np.bincount(group, weights=steps.weight * extra, minlength=len(lacking))
	return np.where(left[group] > NOISE * lacking[group], np.maximum(above, extra), extra)


def _trimmed(steps: _Steps, group: npt.NDArray[np.intp], lacking: Values, extra: Values) -> Values:
	"""Without the packs of one line of each supplier that the minimum does not need, the dearest first."""
	over = np.bincount(group, weights=steps.weight * extra, minlength=len(lacking)) - lacking
	packs = np.floor(np.maximum(over, 0)[group] / (steps.weight * steps.unit) + NOISE) * steps.unit
	kept = np.maximum(extra - packs, 0)
	# a line that joins keeps what it must begin with, or leaves
	leaves = extra * steps.weight <= over[group] * (1 + NOISE)
	kept = np.where(
		steps.joins & (kept < steps.least), np.where(leaves, 0, np.minimum(steps.least, extra)), kept
	)
	saved = steps.cost(extra) - steps.cost(kept)
	chosen = _first_of_each(group, -saved, len(lacking))
	chosen = chosen[saved[chosen] > 0]
	found = extra.copy()
	found[chosen] = kept[chosen]
	return found


def _first_of_each(group: npt.NDArray[np.intp], key: Values, count: int) -> npt.NDArray[np.intp]:
	"""The row with the lowest key of each group, shape (S,); ties go to the first row."""
	least = np.full(count, np.inf)
	np.minimum.at(least, group, key)
	rows = np.flatnonzero(key <= least[group])[::-1]
	found = np.zeros(count, np.intp)
	# of several, the last one assigned is the first row
	found[group[rows]] = rows
	return found
