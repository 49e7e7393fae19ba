"""Proposals under the terms of suppliers, with what a buyer is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.policies.base import State, protection_days, usual_rate
from rl_replenishment.core.policies.levels import Levels
from rl_replenishment.core.policies.limits import within_cover
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.terms.calendar import Timing
from rl_replenishment.core.terms.lines import Lines, lines_of
from rl_replenishment.core.terms.ordering import Decided, decide
from rl_replenishment.core.terms.terms import MEASURES, Terms
from rl_replenishment.core.terms.wording import Teller, Wording
from rl_replenishment.core.written import written_quantities

Status: TypeAlias = Literal["ordered", "raised", "waits", "closed", "out of reach", "below minimum"]
#: what proposals say of the levels behind them
_NUMBERS = attrgetter("reorder_point", "learned_target", "demand_low", "demand_middle", "demand_high")
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SupplierOrder:
	"""What becomes of a supplier of whom something is wanted; money in company currency."""

	supplier: str
	status: Status
	#: in words, "" where it is ordered as it was asked for
	told: str
	#: of what is ordered
	value: float
	#: by which of `MEASURES` something was missing, and how much; "" and 0 where nothing was
	measure: str
	missing: float
	#: what raising the lines is expected to cost, and freight that is to be paid
	raising_cost: float
	freight: float
	#: the day on which the order is to go out, or could at the earliest
	order_on: np.datetime64


class Planner:
	"""What becomes of quantities asked for of a state, under the terms of its suppliers."""

	def __init__(
		self,
		proposals: Sequence[Proposal],
		state: State,
		terms: Terms,
		days: Timing,
		*,
		max_cover_days: float | None = None,
	) -> None:
		self.state, self.terms, self.days = state, terms, days
		self._levels = _levels(proposals, state)
		self._free = np.array([not each.held_back for each in proposals], np.bool_) & days.is_open
		self._most = np.full(len(proposals), np.inf)
		if max_cover_days is not None:
			unlimited = np.full(len(proposals), np.inf, np.float32)
			self._most = within_cover(state, unlimited, max_cover_days).quantity.astype(np.float64)

	def plan(
		self,
		asked: npt.ArrayLike,
		*,
		only_minimum: Mask | None = None,
		unaffordable: Mask | None = None,
	) -> tuple[Lines, Decided]:
		"""The lines of quantities asked for, shape (N,), and what becomes of them; see `decide`."""
		open_now = np.where(self.days.is_open, np.asarray(asked, np.float64), 0)
		lines = lines_of(
			self.state,
			open_now,
			self._levels,
			may_be_raised=self._free,
			most=np.maximum(self._most, open_now),
		)
		found = decide(
			lines,
			self.terms,
			self.state,
			self._levels,
			self.days,
			only_minimum=only_minimum,
			unaffordable=unaffordable,
		)
		return lines, found

	def tell(
		self, proposals: Sequence[Proposal], lines: Lines, found: Decided, wording: Wording
	) -> tuple[list[Proposal], list[SupplierOrder]]:
		"""The proposals as they were decided, and what becomes of each supplier, in words."""
		terms, days = self.terms, self.days
		is_wanted = np.array([each.proposed_qty > 0 for each in proposals], np.bool_)
		today = np.asarray(self.state.today, "datetime64[D]")
		goes_out = today + days.wait.astype("timedelta64[D]")
		next_out = today + days.next_wait.astype("timedelta64[D]")
		teller = Teller(terms, found, wording)
		quantity = written_quantities(self.state.items, found.quantity).tolist()
		lasts, price = lines.days_of(found.extra).tolist(), terms.price_of(found.quantity).tolist()
		result = list(proposals)
		stopped = ~days.is_open | (found.waits | found.is_out_of_reach)[terms.of_item]
		is_raised, is_late = found.extra > 0, days.wait > 0
		has_news = (is_wanted & (stopped | is_late)) | is_raised
		at = np.flatnonzero((terms.of_item >= 0) & has_news)
		supplier_of = terms.of_item[at].tolist()
		stops = (stopped & ~found.below_minimum)[at].tolist()
		flags = (found.below_minimum[at], is_raised[at], is_late[at])
		for i, supplier, is_stopped, is_below, has_more, waits in zip(
			at.tolist(), supplier_of, stops, *(flag.tolist() for flag in flags), strict=True
		):
			each = proposals[i]
			if is_stopped:
				held = teller.stopped(i, supplier, days, goes_out[i], next_out[i])
				result[i] = each.changed(0.0, f"{each.reason} {held}", each.held_back or held)
				continue
			reason = each.reason
			if is_below:
				reason = f"{reason} {teller.below(i, supplier, next_out[i])}"
			if has_more:
				reason = f"{reason} {teller.raised(i, supplier, quantity[i], lasts[i], price[i])}"
			if waits:
				reason = f"{reason} {teller.goes_out(supplier, goes_out[i])}"
			result[i] = each.changed(quantity[i], reason)
		return result, _orders(terms, found, days, is_wanted, goes_out, next_out, teller)


def on_terms(
	proposals: Sequence[Proposal],
	state: State,
	terms: Terms,
	days: Timing,
	wording: Wording | None = None,
	*,
	max_cover_days: float | None = None,
) -> tuple[list[Proposal], list[SupplierOrder]]:
	"""The proposals of a state, rounded together by supplier, and what becomes of each supplier.

	`state` is as `calendar.timed` has it. What is held back stays so, and is never raised; what is raised
	stays within `max_cover_days`. Every line that waits or is raised says why.
	"""
	planner = Planner(proposals, state, terms, days, max_cover_days=max_cover_days)
	lines, found = planner.plan([each.proposed_qty for each in proposals])
	return planner.tell(proposals, lines, found, wording or Wording())


def _levels(proposals: Sequence[Proposal], state: State) -> Levels:
	"""The levels behind proposals, by what these say of themselves."""

	numbers = chain.from_iterable(map(_NUMBERS, (each.why for each in proposals)))
	columns = np.fromiter(numbers, np.float32, 5 * len(proposals)).reshape(-1, 5).T
	reorder_point, target, low, middle, high = np.ascontiguousarray(columns)
	# a forecast is never quite 0, but what is not sold stays at what is owed
	sold = np.where(usual_rate(state) > 0, middle, 0)
	rate = sold / np.maximum(protection_days(state.items, state.review_days), 1)
	cap = np.full(len(proposals), np.inf, np.float32)
	return Levels(reorder_point, target, cap, rate.astype(np.float32), low, middle, high)


def _orders(
	terms: Terms,
	found: Decided,
	days: Timing,
	is_wanted: npt.NDArray[np.bool_],
	goes_out: npt.NDArray[np.datetime64],
	next_out: npt.NDArray[np.datetime64],
	teller: Teller,
) -> list[SupplierOrder]:
	value = terms.totals(found.quantity)[0]
	raised, below = terms.per_supplier(found.extra), terms.per_supplier(found.below_minimum)
	orders = []
	rows = np.flatnonzero((terms.of_item >= 0) & is_wanted)
	wanted_of, first = np.unique(terms.of_item[rows], return_index=True)
	for at, row in zip(wanted_of.tolist(), rows[first].tolist(), strict=True):
		status: Status = "raised" if raised[at] > 0 else "ordered"
		told = teller.freight(at) if found.freight[at] > 0 else ""
		day = goes_out[row]
		if not days.is_open[row]:
			status, told = "closed", teller.closed(at, day)
		elif below[at] > 0:
			status, told = "below minimum", teller.ordered_below(at, int(below[at]))
		elif found.waits[at]:
			status, told, day = "waits", teller.waits(at, next_out[row]), next_out[row]
		elif found.is_out_of_reach[at]:
			status, told = "out of reach", teller.out_of_reach(at)
		measure = teller.measure(found.missing, at)
		orders.append(
			SupplierOrder(
				supplier=terms.suppliers.names[at],
				status=status,
				told=told,
				value=float(value[at]),
				measure="" if measure is None else MEASURES[measure],
				missing=0.0 if measure is None else float(found.missing[measure, at]),
				raising_cost=float(found.raising_cost[at]) if raised[at] > 0 else 0.0,
				freight=float(found.freight[at]),
				order_on=day,
			)
		)
	return orders
