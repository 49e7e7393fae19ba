"""What a run has to say of what it read: demand that it leaves out, and prices that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import formatdate

from rl_replenishment.bridge.figures import words
from rl_replenishment.bridge.policies.service_targets import is_found, name_of
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.demand.unusual import Booking
from rl_replenishment.core.items import ItemKey

#: of many, how many a message names
_NAMED = 5


def notes(situation: Situation) -> list[str]:
	"""A message for each kind of thing that somebody should know of."""
	keys = situation.items.keys
	unpriced = [keys[i] for i in np.flatnonzero(situation.purchasing.rates <= 0)]
	found = []
	if situation.unusual:
		found.append(
			_(
				"Far outside the item's own history, and counted as one usual booking: {0}. "
				"What was real and may come again belongs into RL Real Demand."
			).format(_some([_booked(booking) for booking in situation.unusual]))
		)
	if unpriced:
		priceless = _("No price is known of these, so they are reckoned as worth 1 each: {0}. Enter one.")
		found.append(priceless.format(_some([_named(key) for key in unpriced])))
	if given_up := np.flatnonzero(situation.stock.long_overdue > 0).tolist():
		overdue = _(
			"Overdue for so long that nothing counts on it any more: {0}. "
			"Chase these orders, date them anew, or close them."
		)
		found.append(overdue.format(_some([_given_up(situation, i) for i in given_up])))
	return found


def targets_to_come(settings: Document) -> list[str]:
	"""A message where it is not known yet what service targets take."""
	waiting = [row for row in settings.service_targets if not is_found(row)]
	if not waiting:
		return []
	return [
		_("What these service targets take is still to be found, and they do not count yet: {0}.").format(
			_some([name_of(row) or _(row.scope) for row in waiting])
		)
	]


def _given_up(situation: Situation, i: int) -> str:
	stock = situation.stock
	return _("{0} of {1}, by {2} days").format(
		words(float(stock.long_overdue[i])), _named(situation.items.keys[i]), int(stock.long_overdue_days[i])
	)


def _booked(booking: Booking) -> str:
	day = formatdate(booking.day.astype(object))
	return _("{0} of {1} on {2}").format(words(booking.quantity), _named(booking.key), day)


def _named(key: ItemKey) -> str:
	return _("{0} in {1}").format(key.item_code, key.warehouse)


def _some(texts: Sequence[str]) -> str:
	named = "; ".join(texts[:_NAMED])
	return _("{0} and {1} more").format(named, len(texts) - _NAMED) if len(texts) > _NAMED else named
