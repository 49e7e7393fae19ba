"""When suppliers take orders, for a run: it is known before the policy is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime

from rl_replenishment.bridge.review_days import next_review_day
from rl_replenishment.bridge.state.placed import with_placed
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.bridge.state.supplier_terms import read_terms
from rl_replenishment.core.terms.calendar import Timing, timed, timing
from rl_replenishment.core.terms.terms import Terms


@dataclass(frozen=True, eq=False)
class UnderTerms:
	"""What suppliers ask for, and when their orders go out."""

	terms: Terms
	days: Timing


def read_under_terms(settings: Document, situation: Situation, today: date) -> UnderTerms | None:
	"""The terms of the suppliers of a situation; None where nobody has any."""
	terms = read_terms(settings.company, situation.items, today, with_prices=True)
	if terms is None:
		return None
	now = now_datetime()
	minute = 60 * now.hour + now.minute if today == getdate() else 0
	terms = with_placed(terms, settings.company, today, minute)
	days = timing(
		terms,
		situation.items.whole_lead_time_days,
		np.datetime64(today, "D"),
		settings.review_days,
		next_review_days=(next_review_day(settings.review_frequency, today) - today).days,
		minute=minute,
	)
	return UnderTerms(terms, days)


def with_order_days(situation: Situation, under: UnderTerms | None) -> Situation:
	"""The situation as orders meet it that go out, and arrive, on their suppliers' days."""
	if under is None:
		return situation
	state = timed(situation.state, under.days)
	return replace(situation, items=state.items, state=state)
