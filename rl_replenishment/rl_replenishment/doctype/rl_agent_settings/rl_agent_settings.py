"""What an agent buys for, at what cost, within what limits, and how it learns."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from rl_replenishment.bridge import ownership

#: days from one look at the stock to the next
REVIEW_DAYS = {"Daily": 1, "Weekly": 7, "Monthly": 30}
#: with fewer days nothing can be learned: see `core.training.from_history.check_history`
LEAST_HISTORY_DAYS = 28
LONGEST_LEAD_TIME_DAYS = 365


class RLAgentSettings(Document):
	def validate(self) -> None:
		self.validate_numbers()
		self.validate_history()
		self.validate_warehouses()
		self.validate_rows_once()
		if self.enabled:
			ownership.refuse_shared_items(self)
			ownership.warn_of_auto_reorder(self)

	def on_trash(self) -> None:
		# the policies belong to the agent; where anything was proposed or learned, its links keep the agent
		self.db_set("active_policy", None)
		frappe.db.set_value("RL Policy", {"agent": self.name}, "status", "Archived")
		for name in frappe.get_all("RL Policy", {"agent": self.name}, pluck="name"):
			frappe.delete_doc("RL Policy", name, force=True, ignore_permissions=True)

	@property
	def review_days(self) -> int:
		"""Days between two chances to order."""
		return REVIEW_DAYS[self.review_frequency]

	@property
	def holding_rate(self) -> float:
		"""Holding cost per year as a share of the price."""
		return self.holding_cost_rate / 100

	@property
	def stockout_rate(self) -> float:
		"""Cost of a missing unit as a share of the price."""
		return self.stockout_cost_rate / 100

	def validate_numbers(self) -> None:
		bounds = {
			"holding_cost_rate": (0, 1000),
			"stockout_cost_rate": (0, 10_000),
			"default_lead_time_days": (0, LONGEST_LEAD_TIME_DAYS),
			"feedback_weight": (0, 1),
			"training_minutes": (0, 24 * 60),
		}
		for field, (least, most) in bounds.items():
			if not least <= (self.get(field) or 0) <= most:
				frappe.throw(
					_("{0} is {1}, but must be from {2} to {3}.").format(
						frappe.bold(_(self.meta.get_label(field))), self.get(field), least, most
					)
				)

	def validate_history(self) -> None:
		left = (self.history_days or 0) - (self.holdout_days or 0)
		if left < LEAST_HISTORY_DAYS:
			frappe.throw(
				_(
					"Of {0} days of history, {1} are held out for the test, which leaves {2} to learn from; "
					"at least {3} are needed."
				).format(self.history_days, self.holdout_days, left, LEAST_HISTORY_DAYS)
			)

	def validate_warehouses(self) -> None:
		named = [row.warehouse for row in self.warehouses]
		if not named:
			return
		companies = dict(
			frappe.get_all("Warehouse", {"name": ("in", named)}, ["name", "company"], as_list=True)
		)
		for row in self.warehouses:
			if companies.get(row.warehouse) != self.company:
				frappe.throw(
					_("Row {0}: warehouse {1} belongs to company {2}, not to {3}.").format(
						row.idx, frappe.bold(row.warehouse), companies.get(row.warehouse), self.company
					)
				)

	def validate_rows_once(self) -> None:
		for table, field in (("warehouses", "warehouse"), ("items", "item_code")):
			seen: dict[str, int] = {}
			for row in self.get(table):
				value = row.get(field)
				if value in seen:
					frappe.throw(
						_("Row {0}: {1} is already in row {2}; remove one of them.").format(
							row.idx, frappe.bold(value), seen[value]
						)
					)
				seen[value] = row.idx
