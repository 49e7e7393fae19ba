"""What buyers ordered for demand to come, as the next proposals must leave it alone."""

from __future__ import annotations

from datetime import date

import numpy as np
from frappe.model.document import Document
from frappe.query_builder import Case
from frappe.query_builder.functions import Coalesce, Max, Sum
from frappe.utils import add_days
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.origin import request_lines
from rl_replenishment.bridge.queries import Keys
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.statistics import YEAR
from rl_replenishment.core.edits.announced import ANNOUNCING, set_aside
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable


def read_set_aside(
	settings: Document, items: ItemTable, history: DemandHistory, today: date
) -> FloatArray | None:
	"""Units of each item-warehouse that wait for announced demand, shape (N,), in one query, or None."""
	at = Keys(items.keys)
	rows = [row for row in _raised(settings.name, today).run() if at.position(row[0], row[1]) >= 0]
	if not rows:
		return None
	answers = FeedbackRows(
		keys=tuple(at.keys[at.position(row[0], row[1])] for row in rows),
		proposed_qty=np.array([row[2] or 0 for row in rows], np.float64),
		ordered_qty=np.array([row[3] for row in rows], np.float64),
		date=np.array([row[4] for row in rows], dtype="datetime64[D]"),
		on_hand=np.full(len(rows), np.nan),
		on_order=np.full(len(rows), np.nan),
		reason=tuple(row[5] for row in rows),
		buyer=tuple(row[6] or "" for row in rows),
	)
	index = np.array([at.position(row[0], row[1]) for row in rows], dtype=np.intp)
	return set_aside(items, history, answers, index)


def _raised(agent: str, today: date) -> QueryBuilder:
	"""The agent's request lines of the last year with a reason that announces demand, one row per decision.

	Of a request that was stopped, what had been ordered counts.
	"""
	lines, line, request, proposal = request_lines()
	day = Coalesce(proposal.proposal_date, request.transaction_date)
	quantity = Case().when(request.status == "Stopped", line.ordered_qty).else_(line.stock_qty)
	return (
		lines.select(
			*(line.item_code, line.warehouse, Max(proposal.proposed_qty), Sum(quantity)),
			*(Max(day), Max(line.rl_edit_reason), Max(request.modified_by)),
		)
		.where((request.rl_agent == agent) & (request.docstatus < 2))
		.where(line.rl_edit_reason.isin([reason.title() for reason in ANNOUNCING]))
		.where((day < today) & (day >= add_days(today, -YEAR)))
		.groupby(line.parent, line.item_code, line.warehouse)
	)
