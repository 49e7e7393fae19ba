"""What an agent buys for, at what cost, within what limits, and how it learns."""

from __future__ import annotations

from math import isfinite

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, flt

from rl_replenishment.bridge.figures import words
from rl_replenishment.bridge.guarding import Guarded
from rl_replenishment.bridge.policies.service_targets import SCOPES, is_found, name_of
from rl_replenishment.bridge.service import replaying
from rl_replenishment.bridge.state import ownership
from rl_replenishment.bridge.state.places import read_places

#: days from one look at the stock to the next
REVIEW_DAYS = {"Daily": 1, "Weekly": 7, "Monthly": 30}
#: with fewer days nothing can be learned: see `core.training.from_history.check_history`
LEAST_HISTORY_DAYS = 28
LONGEST_LEAD_TIME_DAYS = 365
#: in percent a year; nothing is kept that costs more than twice its price every year
MOST_HOLDING_RATE = 200
#: in percent: who enters 0.25 means 25, and few lose more than ten times the price of what is missing
LEAST_USUAL_RATE, MOST_USUAL_STOCKOUT_RATE = 1, 1000
#: of history and of everything that is told in days: more is a slip of the pen
MOST_DAYS = 3650
#: by field, what its value may be
BOUNDS: dict[str, tuple[float, float]] = {
	"holding_cost_rate": (0, 1000),
	"stockout_cost_rate": (0, 10_000),
	"order_cost": (0, 10**12),
	"max_cover_days": (0, MOST_DAYS),
	"max_run_value": (0, 10**15),
	"max_month_value": (0, 10**15),
	"transfer_cost": (0, 10**12),
	"transfer_lead_time_days": (0, LONGEST_LEAD_TIME_DAYS),
	"default_lead_time_days": (0, LONGEST_LEAD_TIME_DAYS),
	"history_days": (0, MOST_DAYS),
	"holdout_days": (0, MOST_DAYS),
	"training_minutes": (1, 24 * 60),
	"train_every_days": (0, MOST_DAYS),
	"train_after_feedback": (0, 10**6),
	"settle_after_days": (0, MOST_DAYS),
	"feedback_weight": (0, 1),
	"trust": (0, 100),
}


class RLAgentSettings(Guarded):
	def validate(self) -> None:
		self.validate_numbers()
		self.validate_costs()
		self.validate_history()
		self.validate_rows_once()
		self.validate_warehouses()
		self.validate_service_targets()
		self.warn_of_short_cover()
		if self.enabled:
			ownership.refuse_shared_items(self)
			if warning := ownership.auto_reorder_warning(self):
				frappe.msgprint(warning, title=_("Ordered Twice"), indicator="orange")

	def on_update(self) -> None:
		if any(not is_found(row) for row in self.service_targets) and not frappe.flags.in_install:
			replaying.enqueue(self.name, after_commit=True)

	def on_trash(self) -> None:
		self.refuse_where_used()
		self.delete_what_is_its_own()

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

	def check_enabled(self) -> None:
		"""A disabled agent orders nothing: what it owned may have gone to another."""
		if not self.enabled:
			frappe.throw(_("Agent {0} is disabled; enable it to let it propose.").format(self.name))

	def validate_numbers(self) -> None:
		for field, (least, most) in BOUNDS.items():
			value = self.get(field)
			label = frappe.bold(_(self.meta.get_label(field)))
			try:
				number = float(value or 0)
			except (TypeError, ValueError):
				number = float("nan")
			if not isfinite(number):
				frappe.throw(_("{0} is {1}, which is no number.").format(label, escape_html(str(value))))
			if number < least:
				frappe.throw(_("{0} is {1}, but cannot be below {2}.").format(label, value, least))
			if number > most:
				frappe.throw(_("{0} is {1}, but cannot be above {2}.").format(label, value, f"{most:.15g}"))

	def validate_costs(self) -> None:
		# a form sends texts
		if not flt(self.holding_cost_rate):
			frappe.throw(
				_("{0} is 0: where stock costs nothing, there is no limit to ordering.").format(
					frappe.bold(_(self.meta.get_label("holding_cost_rate")))
				)
			)
		if not flt(self.stockout_cost_rate):
			frappe.throw(
				_("{0} is 0: where a missing unit costs nothing, nothing is worth ordering.").format(
					frappe.bold(_(self.meta.get_label("stockout_cost_rate")))
				)
			)

		if flt(self.holding_cost_rate) > MOST_HOLDING_RATE:
			frappe.throw(
				_(
					"{0} is {1}: to keep a unit for a year would cost more than twice its price. "
					"For a quarter of the price, enter 25."
				).format(
					frappe.bold(_(self.meta.get_label("holding_cost_rate"))),
					words(flt(self.holding_cost_rate)),
				)
			)
		self.ask_about_costs()

	def ask_about_costs(self) -> None:
		"""What may be meant, but rarely is."""
		for field, is_high in (("holding_cost_rate", False), ("stockout_cost_rate", True)):
			rate = flt(self.get(field))
			if rate >= LEAST_USUAL_RATE and not (is_high and rate > MOST_USUAL_STOCKOUT_RATE):
				continue
			frappe.msgprint(
				_("{0} is {1}, in percent of the price. If that is meant, leave it as it is.").format(
					frappe.bold(_(self.meta.get_label(field))), words(rate)
				),
				title=_("Is This a Percentage?"),
				indicator="orange",
			)

	def validate_history(self) -> None:
		left = (self.history_days or 0) - (self.holdout_days or 0)
		if left < LEAST_HISTORY_DAYS:
			frappe.throw(
				_(
					"Of {0} days of history, {1} are held out for the test; at least {2} must be left to "
					"learn from: hold out fewer, or use more of the history."
				).format(self.history_days, self.holdout_days, LEAST_HISTORY_DAYS)
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

	def validate_service_targets(self) -> None:
		seen: dict[tuple[str, str], int] = {}
		for row in self.service_targets:
			if row.scope not in SCOPES:
				frappe.throw(
					_("Service target {0}: {1} is not known.").format(row.idx, escape_html(str(row.scope)))
				)
			for scope, field in SCOPES.values():
				# what another scope had named
				if field and scope != SCOPES[row.scope][0]:
					row.set(field, None)
			of = (row.scope, name_of(row))
			if row.scope != "All Items" and not of[1]:
				frappe.throw(_("Service target {0}: say of which {1}.").format(row.idx, _(row.scope)))
			if of in seen:
				frappe.throw(
					_("Service target {0} is of the same items as {1}; remove one of them.").format(
						row.idx, seen[of]
					)
				)
			seen[of] = row.idx
			if problem := self.problem_of_target(row):
				frappe.throw(_("Service target {0}: {1}").format(row.idx, problem))
			self.keep_what_was_found(row)

	def problem_of_target(self, row: Document) -> str:
		"""What is wrong with what a target wants, "" where nothing is."""
		rate, cost, most = flt(row.fill_rate), flt(row.stockout_cost_rate), BOUNDS["stockout_cost_rate"][1]
		if bool(rate) == bool(cost):
			return _("give either a fill rate or a cost of a missing unit.")
		if rate and not 0 < rate < 100:
			return _("a fill rate lies between 0 and 100 %; nothing reaches 100.")
		if cost and not 0 < cost <= most:
			return _("the cost of a missing unit is above 0 and at most {0} %.").format(words(most))
		return ""

	def keep_what_was_found(self, row: Document) -> None:
		"""What a target takes is found by a replay alone, whatever was sent for it."""
		if cost := flt(row.stockout_cost_rate):
			row.factor = cost / flt(self.stockout_cost_rate)
			return
		found = (self.flags.service_found or {}).get((row.scope, name_of(row)))
		if not found:
			before = self.get_doc_before_save()
			for old in before.service_targets if before else ():
				is_same = (old.scope, name_of(old)) == (row.scope, name_of(row))
				if is_same and flt(old.fill_rate, 6) == flt(row.fill_rate, 6):
					found = {name: old.get(name) for name in ("factor", "replayed_fill_rate", "policy")}
		row.update(found or {"factor": 0, "replayed_fill_rate": 0, "policy": None})

	def validate_warehouses(self) -> None:
		if not self.warehouses:
			frappe.throw(
				_("Name at least one warehouse; a group stands for all warehouses below it."),
				title=_("No Warehouse"),
			)
		named = [row.warehouse for row in self.warehouses]
		companies = dict(
			frappe.get_all("Warehouse", {"name": ("in", named)}, ["name", "company"], as_list=True)
		)
		for row in self.warehouses:
			if companies.get(row.warehouse) != self.company:
				frappe.throw(
					_(
						"Row {0}: warehouse {1} belongs to company {2}; choose one of {3}, or make another "
						"agent for {2}."
					).format(row.idx, frappe.bold(row.warehouse), companies.get(row.warehouse), self.company),
					title=_("Another Company's Warehouse"),
				)
		if not read_places(self).leaves:
			frappe.throw(
				_("There is no warehouse below {0} that could hold stock.").format(
					", ".join(frappe.bold(name) for name in named)
				),
				title=_("No Warehouse"),
			)

	def warn_of_short_cover(self) -> None:
		shortest = self.review_days + (self.default_lead_time_days or 0)
		if 0 < (self.max_cover_days or 0) < shortest:
			frappe.msgprint(
				_(
					"{0} days of cover are fewer than the {1} days until what is ordered at the next look at "
					"stock arrives: the agent will run out by design."
				).format(self.max_cover_days, shortest),
				title=_("Little Cover"),
				indicator="orange",
			)

	def refuse_where_used(self) -> None:
		for doctype, field in (
			("Material Request", "rl_agent"),
			("RL Feedback", "agent"),
			("RL Proposal", "agent"),
		):
			if frappe.db.exists(doctype, {field: self.name}):
				frappe.throw(
					_("Agent {0} has made proposals, which need it; disable it instead.").format(
						frappe.bold(self.name)
					),
					frappe.LinkExistsError,
				)

	def delete_what_is_its_own(self) -> None:
		self.db_set("active_policy", None)
		frappe.db.delete("RL Proposal Run", {"agent": self.name})
		frappe.db.delete("RL Training Run", {"agent": self.name})
		frappe.db.delete("RL Lesson", {"agent": self.name})
		frappe.db.set_value("RL Policy", {"agent": self.name}, "status", "Archived")
		for name in frappe.get_all("RL Policy", {"agent": self.name}, pluck="name"):
			# with its file
			frappe.delete_doc("RL Policy", name, force=True, ignore_permissions=True)
