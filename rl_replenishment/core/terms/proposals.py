"""Proposals under the terms of suppliers, with what a buyer is told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.policies.base import State, protection_days, usual_rate
from rl_replenishment.core.policies.levels import Levels
from rl_replenishment.core.policies.limits import within_cover
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.terms.calendar import Timing
from rl_replenishment.core.terms.lines import Lines, lines_of
from rl_replenishment.core.terms.ordering import Decided, decide
from rl_replenishment.core.terms.terms import END_OF_DAY, MEASURES, Terms, Values
from rl_replenishment.core.written import quantity_words, written_quantities

Status: TypeAlias = Literal["ordered", "raised", "waits", "closed", "out of reach", "below minimum"]
Mask: TypeAlias = npt.NDArray[np.bool_]


def _plain_money(value: float) -> str:
	return f"{value:,.2f}"


class Wording(NamedTuple):
	"""How a reader is spoken to."""

	translate: Translate = str
	number: Number = quantity_words
	money: Callable[[float], str] = _plain_money
	date: Callable[[np.datetime64], str] = str


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
		teller = _Teller(terms, found, wording)
		quantity = written_quantities(self.state.items, found.quantity).tolist()
		lasts = lines.days_of(found.extra)
		result = list(proposals)
		stopped = ~days.is_open | (found.waits | found.is_out_of_reach)[terms.of_item]
		has_news = (is_wanted & (stopped | (days.wait > 0))) | (found.extra > 0)
		for i in np.flatnonzero((terms.of_item >= 0) & has_news).tolist():
			supplier = int(terms.of_item[i])
			each = proposals[i]
			held = ""
			if not days.is_open[i]:
				held = teller.closed(supplier, goes_out[i])
			elif found.below_minimum[i]:
				each = replace(each, reason=f"{each.reason} {teller.below(i, supplier, next_out[i])}")
			elif found.is_out_of_reach[supplier]:
				held = teller.out_of_reach(supplier, i, next_out[i])
			elif found.waits[supplier]:
				held = teller.waits(supplier, next_out[i])
			if held:
				reason, held = f"{each.reason} {held}", each.held_back or held
				result[i] = replace(each, proposed_qty=0.0, reason=reason, held_back=held)
				continue
			reason = teller.raised(i, supplier, each.reason, quantity[i], float(lasts[i]))
			if days.wait[i]:
				reason = f"{reason} {teller.goes_out(supplier, goes_out[i])}"
			result[i] = replace(each, proposed_qty=quantity[i], reason=reason)
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

	def column(name: str) -> npt.NDArray[np.float32]:
		return np.array([getattr(each.why, name) for each in proposals], np.float32)

	low, middle, high = (column(f"demand_{name}") for name in ("low", "middle", "high"))
	# a forecast is never quite 0, but what is not sold stays at what is owed
	sold = np.where(usual_rate(state) > 0, middle, 0)
	rate = sold / np.maximum(protection_days(state.items, state.review_days), 1)
	cap = np.full(len(proposals), np.inf, np.float32)
	return Levels(
		column("reorder_point"), column("learned_target"), cap, rate.astype(np.float32), low, middle, high
	)


def _orders(
	terms: Terms,
	found: Decided,
	days: Timing,
	is_wanted: npt.NDArray[np.bool_],
	goes_out: npt.NDArray[np.datetime64],
	next_out: npt.NDArray[np.datetime64],
	teller: _Teller,
) -> list[SupplierOrder]:
	value = terms.totals(found.quantity)[0]
	raised, below = terms.per_supplier(found.extra), terms.per_supplier(found.below_minimum)
	orders = []
	for at in np.flatnonzero(terms.per_supplier(is_wanted) > 0).tolist():
		row = int(np.flatnonzero((terms.of_item == at) & is_wanted)[0])
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


class _Teller:
	"""Says what becomes of lines and suppliers."""

	def __init__(self, terms: Terms, found: Decided, words: Wording) -> None:
		self._terms, self._found, self._words = terms, found, words

	def measure(self, lacking: Values, at: int) -> int | None:
		"""By which measure most is lacking, of the minimum; None where nothing is."""
		share = lacking[:, at] / np.maximum(self._terms.suppliers.minimum[:, at], 1e-12)
		return int(share.argmax()) if (share > 0).any() else None

	def amount(self, measure: int, value: float) -> str:
		"""So much of a measure."""
		return self._words.money(value) if measure == 0 else self._words.number(value)

	def minimum(self, measure: int, at: int) -> str:
		"""A supplier's minimum, in words."""
		_, suppliers = self._words.translate, self._terms.suppliers
		texts = (
			_("{0}'s minimum of {1}"),
			_("{0}'s minimum weight of {1}"),
			_("{0}'s minimum volume of {1}"),
			_("{0}'s minimum quantity of {1}"),
		)
		return texts[measure].format(
			suppliers.names[at], self.amount(measure, suppliers.minimum[measure, at])
		)

	def placed(self, measure: int, at: int) -> str:
		"""What of a supplier's minimum is requested already, as a part of a sentence; "" where nothing is."""
		_, placed = self._words.translate, float(self._terms.placed[measure, at])
		return " " + _("(requested already: {0})").format(self.amount(measure, placed)) if placed > 0 else ""

	def raised(self, i: int, at: int, reason: str, quantity: float, days: float) -> str:
		"""A line's reason, with what it was raised for."""
		_, number, found = self._words.translate, self._words.number, self._found
		if not found.extra[i] > 0:
			return reason
		lasts = _("these last {0} days").format(number(days))
		measure = self.measure(found.missing, at)
		why = []
		if found.for_break[i] > 0:
			breaks = self._terms
			price = float(breaks.price_of(found.quantity)[i])
			why.append(_("a unit costs {0} then").format(self._words.money(price)))
		if found.for_minimum[i] > 0 and measure is not None:
			missing = self.amount(measure, float(found.missing[measure, at]))
			words = _("{0} was missing {1}").format(self.minimum(measure, at), missing)
			why.append(words + self.placed(measure, at))
		if found.for_freight[i] > 0:
			threshold = self._words.money(float(self._terms.suppliers.free_freight_value[at]))
			why.append(_("{0} delivers free from {1}").format(self._terms.suppliers.names[at], threshold))
		words = _("+{0}, to {1}: {2}; {3}.").format(
			number(float(found.extra[i])), number(quantity), ", ".join(why), lasts
		)
		return f"{reason} {words}"

	def waits(self, at: int, day: np.datetime64) -> str:
		"""Why nothing is ordered before a day."""
		_, found, money = self._words.translate, self._found, self._words.money
		until = self._words.date(day)
		measure = self.measure(found.missing, at)
		if measure is None:
			name = self._terms.suppliers.names[at]
			words = _("Waits until {0}: {1}'s freight of {2} is saved, and waiting is expected to cost {3}.")
			freight = money(float(self._terms.suppliers.freight_cost[at]))
			return words.format(until, name, freight, money(float(found.waiting_cost[at])))
		missing = self.amount(measure, float(found.missing[measure, at]))
		what = _("{0} is missing {1}").format(self.minimum(measure, at), missing) + self.placed(measure, at)
		if found.short[:, at].any():
			return _("Waits until {0}: {1}, more than may be ordered now.").format(until, what)
		words = _("Waits until {0}: {1}; filling up now would cost {2}, and waiting {3} in missed sales.")
		costs = (money(float(each[at])) for each in (found.raising_cost, found.waiting_cost))
		return words.format(until, what, *costs)

	def out_of_reach(self, at: int, line: int | None = None, day: np.datetime64 | None = None) -> str:
		"""Why nothing is ordered of a supplier, or of a line, and what waiting until a day costs."""
		_, money = self._words.translate, self._words.money
		words = self._lacks(at)
		if line is None or day is None:
			return words
		cost = money(float(self._found.line_waiting_cost[line]))
		later = _("Left for later: waiting until {0} is expected to cost {1} in missed sales.")
		return f"{words} {later.format(self._words.date(day), cost)}"

	def below(self, line: int, at: int, day: np.datetime64) -> str:
		"""Why a line is ordered though its supplier's minimum is not reached."""
		_, cost = self._words.translate, self._words.money(float(self._found.line_waiting_cost[line]))
		words = _("Ordered below it: waiting until {0} is expected to cost {1} in missed sales.")
		return f"{self._lacks(at)} {words.format(self._words.date(day), cost)}"

	def ordered_below(self, at: int, lines: int) -> str:
		"""That a supplier is to be asked for less than its minimum."""
		_ = self._words.translate
		words = _("Lines ordered below it, since they cannot wait: {0}; ask {1} to accept them.")
		return f"{self._lacks(at)} {words.format(lines, self._terms.suppliers.names[at])}"

	def _lacks(self, at: int) -> str:
		"""Which minimum of a supplier cannot be reached, and why."""
		_, found = self._words.translate, self._found
		measure = self.measure(found.short, at)
		if measure is None:
			measure = self.measure(found.missing, at)
			assert measure is not None, "something is lacking"
			missing = self.amount(measure, float(found.missing[measure, at]))
			words = _("{0} is missing {1}, for which the budget is not enough.")
			return words.format(self.minimum(measure, at), missing)
		return _("{0} is out of reach: with all that may be ordered, {1} is still missing.").format(
			self.minimum(measure, at), self.amount(measure, float(found.short[measure, at]))
		)

	def closed(self, at: int, day: np.datetime64) -> str:
		"""When orders are taken again."""
		_ = self._words.translate
		return _("{0} takes orders on {1} next.").format(
			self._terms.suppliers.names[at], self._words.date(day)
		)

	def goes_out(self, at: int, day: np.datetime64) -> str:
		"""When the order is to be sent, where that is not today."""
		_, minute = self._words.translate, int(self._terms.suppliers.closing_minute[at])
		if minute >= END_OF_DAY:
			return _("To be ordered on {0}.").format(self._words.date(day))
		time = f"{minute // 60:02d}:{minute % 60:02d}"
		return _("To be ordered on {0} before {1}.").format(self._words.date(day), time)

	def freight(self, at: int) -> str:
		"""What delivery costs."""
		_, money = self._words.translate, self._words.money
		return _("{0}'s freight of {1} is to be paid.").format(
			self._terms.suppliers.names[at], money(float(self._found.freight[at]))
		)
