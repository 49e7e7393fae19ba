"""When an order goes out, when it arrives, and how long it must last: the days of suppliers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.terms.terms import SupplierTerms, Terms

Days = npt.NDArray[np.int32]
#: no order waits longer in the simulation: no shop is closed for so long
LONGEST_WAIT_DAYS = 60


@dataclass(frozen=True, eq=False)
class Timing:
	"""Of orders decided today on N item-warehouses, each of shape (N,), in whole days."""

	#: until the order goes out
	wait: Days
	#: until the order after it could go out
	next_wait: Days
	#: from today until it arrives
	lead: Days
	#: from its arrival until that of the next order that could follow
	interval: Days
	#: whether it goes out before the next review; where not, that review is early enough
	is_open: npt.NDArray[np.bool_]


def has_days(suppliers: SupplierTerms) -> npt.NDArray[np.bool_]:
	"""Which suppliers have days of their own, shape (S,)."""
	holidays = np.array([len(days) > 0 for days in suppliers.holidays], dtype=np.bool_)
	every = suppliers.order_days.all(axis=1) & suppliers.delivery_days.all(axis=1)
	return np.asarray(~every | holidays)


def timing(
	terms: Terms,
	lead_days: npt.NDArray[np.integer],
	today: np.datetime64,
	review_days: int,
	*,
	next_review_days: int | None = None,
	minute: int = 0,
) -> Timing:
	"""When orders of N item-warehouses go out and arrive; `lead_days`, shape (N,), is from one to the other.

	The next review is in `next_review_days`, by default `review_days`; it is `minute` minutes past midnight.
	Where a supplier takes no orders today, an order waits for the next day on which it does. Where that is
	no earlier than the next review, nothing need be decided today.
	"""
	suppliers, of_item = terms.suppliers, terms.of_item
	ahead = review_days if next_review_days is None else next_review_days
	lead = np.asarray(lead_days, np.int64)
	wait = np.zeros(len(lead), np.int64)
	next_wait = np.full(len(lead), ahead, np.int64)
	arrives, interval = lead.copy(), np.full(len(lead), review_days, np.int64)
	day = today.astype("datetime64[D]")
	late = suppliers.closing_minute <= minute
	for at in np.flatnonzero(has_days(suppliers) | late):
		rows = np.flatnonzero(of_item == at)
		if not len(rows):
			continue
		orders = np.busdaycalendar(suppliers.order_days[at].tolist(), suppliers.holidays[at])
		delivers = np.busdaycalendar(suppliers.delivery_days[at].tolist(), suppliers.holidays[at])
		first = _on_or_after(day + np.timedelta64(int(late[at]), "D"), orders)
		later = _on_or_after(max(day + np.timedelta64(ahead, "D"), first + np.timedelta64(1, "D")), orders)
		wait[rows] = (first - day).astype(np.int64)
		next_wait[rows] = (later - day).astype(np.int64)
		arrives[rows] = (_arrival(first, lead[rows], delivers) - day).astype(np.int64)
		then = (_arrival(later, lead[rows], delivers) - day).astype(np.int64)
		interval[rows] = np.maximum(then - arrives[rows], 1)
	return Timing(
		wait=wait.astype(np.int32),
		next_wait=next_wait.astype(np.int32),
		lead=arrives.astype(np.int32),
		interval=interval.astype(np.int32),
		is_open=wait < max(ahead, 1),
	)


def last_sent(suppliers: SupplierTerms, today: np.datetime64, minute: int) -> npt.NDArray[np.datetime64]:
	"""The moment up to which each supplier's orders have gone out, shape (S,), in minutes.

	That is when the last of its order days closed, `minute` minutes past midnight of today at most; what
	was ordered after it goes out with the next order.
	"""
	day = today.astype("datetime64[D]")
	found = np.empty(len(suppliers), "datetime64[m]")
	for at, closing in enumerate(suppliers.closing_minute.tolist()):
		orders = np.busdaycalendar(suppliers.order_days[at].tolist(), suppliers.holidays[at])
		latest = day - np.timedelta64(int(closing > minute), "D")
		last = np.busday_offset(latest, 0, roll="backward", busdaycal=orders)
		found[at] = last.astype("datetime64[m]") + np.timedelta64(closing, "m")
	return found


def timed(state: State, found: Timing) -> State:
	"""The state as an order meets it: its lead time is until it arrives, its interval until the next one."""
	items = state.items
	is_usual = (found.lead == items.whole_lead_time_days) & (found.interval == state.review_days)
	if is_usual.all():
		return state
	return replace(
		state, items=with_lead_days(items, found.lead), review_days=found.interval.astype(np.int32)
	)


def with_lead_days(items: ItemTable, lead: Days) -> ItemTable:
	"""The items with other lead times where these differ by whole days."""
	changed = lead != items.whole_lead_time_days
	return replace(items, lead_time_days=np.where(changed, lead, items.lead_time_days).astype(np.float32))


def _on_or_after(day: np.datetime64, calendar: np.busdaycalendar) -> np.datetime64:
	return np.busday_offset(day, 0, roll="forward", busdaycal=calendar)


def _arrival(
	day: np.datetime64, lead: npt.NDArray[np.int64], calendar: np.busdaycalendar
) -> npt.NDArray[np.datetime64]:
	return np.busday_offset(day + lead.astype("timedelta64[D]"), 0, roll="forward", busdaycal=calendar)
