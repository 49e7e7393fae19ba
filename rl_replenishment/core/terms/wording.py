"""What is said of lines and suppliers under their terms, in the words of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, NamedTuple

import numpy as np

from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.terms.calendar import Timing
from rl_replenishment.core.terms.ordering import Decided
from rl_replenishment.core.terms.terms import END_OF_DAY, Terms, Values
from rl_replenishment.core.written import quantity_words


def _plain_money(value: float) -> str:
	return f"{value:,.2f}"


class Wording(NamedTuple):
	"""How a reader is spoken to."""

	translate: Translate = str
	number: Number = quantity_words
	money: Callable[[float], str] = _plain_money
	date: Callable[[np.datetime64], str] = str


def once_per_supplier(method: Callable[..., str]) -> Callable[..., str]:
	"""Say once what is the same of all lines of a supplier, whose days are the same, too."""
	name = method.__name__

	@wraps(method)
	def said(self: Teller, at: int, *arguments: Any) -> str:
		known = self.said.setdefault(name, {})
		if at not in known:
			known[at] = method(self, at, *arguments)
		return known[at]

	return said


class Teller:
	"""Says what becomes of lines and suppliers."""

	def __init__(self, terms: Terms, found: Decided, words: Wording) -> None:
		self._terms, self._found, self._words = terms, found, words
		self.said: dict[str, dict[int, str]] = {}
		# of many lines: each number and each text is looked up once
		_ = words.translate
		self._raised_words, self._lasts = _("+{0}, to {1}: {2}; {3}."), _("these last {0} days")
		self._unit_costs = _("a unit costs {0} then")
		self._sentences: dict[tuple[int, bool, bool], str] = {}
		rows = np.flatnonzero(found.extra > 0)
		amounts = (found.extra, found.for_break, found.for_minimum, found.for_freight)
		columns = np.stack([amount[rows] for amount in amounts], axis=1).tolist()
		self._raised = dict(zip(rows.tolist(), columns, strict=True))
		# quantities repeat
		self._number = cache(words.number)

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

	def stopped(self, i: int, at: int, days: Timing, goes_out: np.datetime64, next_out: np.datetime64) -> str:
		"""Why nothing of a line is ordered now."""
		if not days.is_open[i]:
			return self.closed(at, goes_out)
		if self._found.is_out_of_reach[at] or self._found.short[:, at].any():
			return self.out_of_reach(at, i, next_out)
		return self.waits(at, next_out)

	def raised(self, i: int, at: int, quantity: float, days: float, price: float) -> str:
		"""What a line was raised for; its `price` is that of the whole quantity."""
		number = self._number
		extra, for_break, for_minimum, for_freight = self._raised[i]
		key = (at, for_minimum > 0, for_freight > 0)
		if for_break > 0:
			sentence = self._raising(*key, self._unit_costs.format(self._words.money(price)))
		elif (sentence := self._sentences.get(key, "")) == "":
			sentence = self._sentences[key] = self._raising(*key)
		return sentence.format(number(extra), number(quantity), number(days))

	def _raising(self, at: int, for_minimum: bool, for_freight: bool, *also: str) -> str:
		"""Of a supplier's raised lines, with places for what is added, the quantity and its days."""
		why = [
			*also,
			self.was_missing(at) if for_minimum else "",
			self.delivers_free(at) if for_freight else "",
		]
		# what is put in first may have braces of its own
		told = ", ".join(part for part in why if part).replace("{", "{{").replace("}", "}}")
		return self._raised_words.format("{0}", "{1}", told, self._lasts.format("{2}"))

	@once_per_supplier
	def was_missing(self, at: int) -> str:
		"""What of a supplier's minimum was missing, "" where nothing was."""
		_, found = self._words.translate, self._found
		measure = self.measure(found.missing, at)
		if measure is None:
			return ""
		missing = self.amount(measure, float(found.missing[measure, at]))
		return _("{0} was missing {1}").format(self.minimum(measure, at), missing) + self.placed(measure, at)

	@once_per_supplier
	def delivers_free(self, at: int) -> str:
		"""From which value a supplier charges no freight."""
		_, suppliers = self._words.translate, self._terms.suppliers
		threshold = self._words.money(float(suppliers.free_freight_value[at]))
		return _("{0} delivers free from {1}").format(suppliers.names[at], threshold)

	@once_per_supplier
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

	@once_per_supplier
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

	@once_per_supplier
	def closed(self, at: int, day: np.datetime64) -> str:
		"""When orders are taken again."""
		_ = self._words.translate
		return _("{0} takes orders on {1} next.").format(
			self._terms.suppliers.names[at], self._words.date(day)
		)

	@once_per_supplier
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
