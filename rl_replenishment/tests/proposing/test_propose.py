"""Proposing on a real site: what is ordered, what is not, and that nothing is ordered twice."""

from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import patch

import frappe
import numpy as np
from frappe.utils import add_days, formatdate, getdate, nowdate

from rl_replenishment.bridge.notifying import PROPOSALS_FAILED, PROPOSALS_WAITING
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import grouping, joining, material_requests
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tasks import last_review_day, propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestPropose(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.supplier = make.make_supplier()
		self.warehouse = make.make_warehouse()
		self.items = [make.make_item(self.supplier) for _ in range(3)]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 4)

	def agent(self, **values):
		return make.make_agent([self.warehouse], self.items, **values)

	def run_of(self, result):
		return frappe.get_doc("RL Proposal Run", result["run"])

	def lines_of(self, result):
		return frappe.get_all(
			"Material Request Item", {"parent": ("in", result["material_requests"])}, ["*"], order_by="idx"
		)

	def test_a_draft_with_a_reason_for_each_line(self):
		"""One request per supplier, left as a draft; each line traces to a proposal with its state."""
		agent = self.agent()
		result = propose(agent.name, force=True)
		self.assertEqual(result["proposals"], 3)
		self.assertEqual(len(result["material_requests"]), 1)
		request = frappe.get_doc("Material Request", result["material_requests"][0])
		self.assertEqual((request.docstatus, request.material_request_type), (0, "Purchase"))
		self.assertEqual((request.rl_agent, request.rl_policy), (agent.name, self.run_of(result).policy))
		for line in request.items:
			proposal = frappe.get_doc("RL Proposal", line.rl_proposal)
			self.assertEqual(proposal.status, "Requested")
			self.assertEqual(
				(proposal.material_request, proposal.material_request_item), (request.name, line.name)
			)
			self.assertEqual(line.rl_proposed_qty, proposal.proposed_qty)
			self.assertEqual(line.stock_qty, proposal.proposed_qty)
			self.assertIn("order", line.rl_explanation)
			self.assertGreater(proposal.baseline_qty, 0)
			state = json.loads(proposal.state)
			self.assertEqual((state["on_hand"], state["review_days"], state["lead_time_days"]), (0, 7, 7))
			self.assertAlmostEqual(state["mean_daily_demand"], 4, places=3)
			# a delivery every day: required when an order of today arrives
			self.assertEqual(getdate(line.schedule_date), getdate(add_days(nowdate(), 7)))
		run = self.run_of(result)
		self.assertEqual((run.status, run.items_considered, run.items_ordered), ("Completed", 3, 3))
		self.assertAlmostEqual(run.order_value, sum(line.stock_qty * 10 for line in request.items))
		self.assertIn("classical rule", run.messages)

	def test_running_twice_orders_once(self):
		agent = self.agent()
		propose(agent.name, force=True)
		again = propose(agent.name, force=True)
		self.assertEqual((again["proposals"], again["material_requests"]), (0, []))
		kept = json.loads(self.run_of(again).not_ordered)
		self.assertEqual(kept["item_code"], sorted(self.items))
		self.assertTrue(all(quantity > 0 for quantity in kept["on_order"]))

	def test_a_rule_with_a_cap_orders_once_a_period(self):
		"""It would take a second portion when asked again on the same day; a week later it may."""
		agent = self.agent()
		name, stored = policy_store.policy_in_use(agent)
		rule = stored.policy.classical.rule
		parameters = replace(rule.parameters, values={**rule.parameters.values, "cap": np.float32([1.2] * 3)})
		capped = replace(stored.policy.classical, rule=replace(rule, parameters=parameters))
		stored = replace(stored, policy=replace(stored.policy, classical=capped))
		with patch.object(policy_store, "policy_in_use", return_value=(name, stored)):
			first = propose(agent.name, force=True)
			self.assertEqual(first["proposals"], 3)
			self.assertEqual(propose(agent.name, force=True)["proposals"], 0)
			later = getdate(add_days(nowdate(), 7))
			self.assertEqual(proposal_run.propose_for(agent.name, today=later)["proposals"], 3)

	def test_what_the_buyer_cut_stays_cut_until_the_next_review(self):
		"""Cut, or deleted altogether; only demand that came since is ordered."""
		agent = self.agent()
		first = propose(agent.name, force=True)
		request = frappe.get_doc("Material Request", first["material_requests"][0])
		request.items[0].qty -= 5
		request.items = request.items[:2]
		request.save()
		again = propose(agent.name, force=True)
		self.assertEqual(again["proposals"], 0)
		request.reload().delete()
		self.assertEqual(propose(agent.name, force=True)["proposals"], 0)
		make.make_stock(self.items[0], self.warehouse, 10)
		make.make_issue(self.items[0], self.warehouse, 10)
		self.assertLessEqual(propose(agent.name, force=True)["proposals"], 1)

	def test_what_is_ordered_for_a_promotion_is_left_alone(self):
		"""Raised for demand to come, the next rounds order as if it were not there; else they order less."""
		agent = self.agent()
		first = propose(agent.name, force=True)
		request = frappe.get_doc("Material Request", first["material_requests"][0])
		promoted, hoarded, untouched = request.items
		for line, reason in ((promoted, "Promotion"), (hoarded, "Other")):
			line.qty += 200
			line.rl_edit_reason = reason
		request.save()
		request.submit()
		self.assertEqual(propose(agent.name, force=True)["proposals"], 0)
		later = getdate(add_days(nowdate(), 7))
		make.make_sales_order(make.make_customer(), self.warehouse, dict.fromkeys(self.items, 40))
		again = proposal_run.propose_for(agent.name, today=later)
		found = {line.item_code: line for line in self.lines_of(again)}
		self.assertNotIn(hoarded.item_code, found)
		self.assertAlmostEqual(
			found[promoted.item_code].stock_qty, found[untouched.item_code].stock_qty, delta=1
		)
		self.assertIn("200 of it kept for announced demand", found[promoted.item_code].rl_explanation)
		# stopped before anything was ordered, nothing waits any more
		frappe.get_doc("Material Request", request.name).update_status("Stopped")
		after = proposal_run.propose_for(agent.name, today=getdate(add_days(nowdate(), 14)))
		self.assertFalse([line for line in self.lines_of(after) if "announced" in line.rl_explanation])

	def test_what_is_snoozed_and_not_wanted_says_so(self):
		"""What is held back is not raised, so that no supplier's minimum is filled up with it."""
		agent = self.agent()
		item = self.items[0]
		make.make_stock(item, self.warehouse, 10_000)
		values = {"agent": agent.name, "item_code": item, "until": add_days(nowdate(), 7)}
		frappe.get_doc({"doctype": "RL Snooze", **values}).insert()
		run = self.run_of(propose(agent.name, force=True))
		kept = json.loads(run.not_ordered)
		said = dict(zip(kept["item_code"], kept["held_back"], strict=True))
		self.assertEqual(said[item], f"Snoozed until {formatdate(add_days(nowdate(), 7))}.")
		self.assertNotIn("Snoozed lines", run.messages or "")

	def test_what_is_snoozed_is_not_proposed(self):
		"""Of one item in one warehouse, or everywhere; from its day on it is proposed again."""
		agent = self.agent()
		for item, warehouse in ((self.items[0], self.warehouse), (self.items[1], None)):
			frappe.get_doc(
				{
					"doctype": "RL Snooze",
					"agent": agent.name,
					"item_code": item,
					"warehouse": warehouse,
					"until": add_days(nowdate(), 7),
				}
			).insert()
		result = propose(agent.name, force=True)
		self.assertEqual([line.item_code for line in self.lines_of(result)], [self.items[2]])
		self.assertIn("Snoozed lines: 2", self.run_of(result).messages)
		held_back = json.loads(self.run_of(result).not_ordered)["held_back"]
		self.assertEqual(held_back, [f"Snoozed until {formatdate(add_days(nowdate(), 7))}."] * 2)
		later = proposal_run.propose_for(agent.name, today=getdate(add_days(nowdate(), 7)))
		self.assertLessEqual(set(self.items[:2]), {line.item_code for line in self.lines_of(later)})
		with self.assertRaisesRegex(frappe.ValidationError, "a day after today"):
			frappe.get_doc(
				{
					"doctype": "RL Snooze",
					"agent": agent.name,
					"item_code": self.items[0],
					"until": nowdate(),
				}
			).insert()

	def test_shadow_only_writes_down(self):
		agent = self.agent(mode="Shadow")
		first = propose(agent.name, force=True)
		self.assertEqual((first["proposals"], first["material_requests"]), (3, []))
		propose(agent.name, force=True)
		statuses = frappe.get_all("RL Proposal", {"agent": agent.name}, pluck="status")
		self.assertEqual(sorted(statuses), ["Proposed"] * 3 + ["Superseded"] * 3)

	def test_submit_submits(self):
		result = propose(self.agent(mode="Submit").name, force=True)
		self.assertEqual(
			frappe.db.get_value("Material Request", result["material_requests"][0], "docstatus"), 1
		)
		indented = frappe.db.get_value(
			"Bin", {"item_code": self.items[0], "warehouse": self.warehouse}, "indented_qty"
		)
		self.assertEqual(indented, self.lines_of(result)[0].stock_qty)

	def test_suppliers_and_long_requests(self):
		"""Grouped by supplier, and at most so many lines in one."""
		other = make.make_item(make.make_supplier())
		make.sell_every_day(other, self.warehouse, 4)
		self.items.append(other)
		agent = self.agent()
		with patch.object(grouping, "MOST_LINES", 2):
			result = propose(agent.name, force=True)
		sizes = sorted(
			frappe.db.count("Material Request Item", {"parent": name}) for name in result["material_requests"]
		)
		self.assertEqual(sizes, [1, 1, 2])
		agent.db_set("group_by_supplier", 0)
		frappe.db.delete("Material Request Item", {"parent": ("in", result["material_requests"])})
		frappe.db.delete("RL Proposal", {"agent": agent.name})
		self.assertEqual(len(propose(agent.name, force=True)["material_requests"]), 1)

	def test_purchase_units_are_whole(self):
		"""Bought in boxes of 12: the request counts boxes, the proposal pieces."""
		item = make.make_item(self.supplier, packs={"RL Test Box": 12})
		make.sell_every_day(item, self.warehouse, 5)
		self.items = [item]
		result = propose(self.agent().name, force=True)
		(line,) = self.lines_of(result)
		self.assertEqual((line.uom, line.conversion_factor), ("RL Test Box", 12))
		self.assertEqual(line.qty, round(line.qty))
		self.assertEqual(line.rl_proposed_qty, line.stock_qty)
		self.assertEqual(line.stock_qty, 12 * line.qty)

	def test_one_bad_item_loses_nobody_elses_order(self):
		"""A line that ERPNext refuses is named in the run, which says so; the others are requested."""
		original = material_requests._place
		bad = self.items[1]

		def refuse(settings, request, name):
			if any(line.item_code == bad for line in request.items):
				# half-way: what was written before must be taken back
				frappe.db.set_value("Item", bad, "description", "half-written")
				frappe.throw("No such warehouse")
			return original(settings, request, name)

		with (
			patch.object(material_requests, "_place", refuse),
			patch.object(joining, "announce") as announce,
		):
			result = propose(self.agent().name, force=True)
		self.assertEqual({line.item_code for line in self.lines_of(result)}, {self.items[0], self.items[2]})
		run = self.run_of(result)
		self.assertIn(f"Not requested: {bad} in {self.warehouse}: No such warehouse", run.messages)
		self.assertEqual((run.status, run.items_ordered), ("Partly", 2))
		self.assertNotEqual(frappe.db.get_value("Item", bad, "description"), "half-written")
		told = [call.args[2] for call in announce.call_args_list]
		self.assertEqual(told, [PROPOSALS_FAILED, PROPOSALS_WAITING])

	def test_a_site_that_wants_more_in_a_request(self):
		"""The run has failed, says what to mend and names no request that is not there; somebody is told."""
		agent = self.agent()
		for doctype, label in (("Material Request", "Reason Code"), ("Material Request Item", "Budget Line")):
			meta = frappe.get_meta(doctype)
			field = frappe.get_doc(
				{
					"doctype": "DocField",
					"parent": doctype,
					"fieldname": frappe.scrub(label),
					"fieldtype": "Data",
					"label": label,
					"reqd": 1,
				}
			)
			with (
				self.subTest(label),
				patch.object(meta, "fields", [*meta.fields, field]),
				patch.object(joining, "announce") as announce,
			):
				result = propose(agent.name, force=True)
				self.assertEqual((result["proposals"], result["material_requests"]), (3, []))
				run = self.run_of(result)
				self.assertEqual((run.status, run.items_ordered), ("Failed", 0))
				self.assertIn(f"this site wants {label} in a Material Request", run.messages)
				self.assertNotIn("MAT-MR", run.messages)
				announce.assert_called_once_with("RL Proposal Run", run.name, PROPOSALS_FAILED)
				# it is still its turn
				self.assertFalse(agent.reload().last_run_on)

	def test_a_run_across_midnight(self):
		"""The run's day is that on which it began, for requests, proposals and the calendar."""
		for item in self.items:
			frappe.db.set_value("Item", item, "lead_time_days", 0)
		agent = self.agent(review_frequency="Daily", default_lead_time_days=0)
		yesterday = getdate(add_days(nowdate(), -1))
		result = proposal_run.propose_for(agent.name, today=yesterday)
		self.assertEqual(self.run_of(result).status, "Completed")
		request = frappe.get_doc("Material Request", result["material_requests"][0])
		self.assertEqual((request.transaction_date, request.schedule_date), (yesterday, yesterday))
		self.assertEqual(self.run_of(result).day, yesterday)
		self.assertEqual(getdate(agent.reload().last_run_on), yesterday)

	def test_requests_by_warehouse(self):
		"""Where the agent is asked to, or where somebody may see one warehouse only."""
		other = make.make_warehouse()
		make.sell_every_day(self.items[0], other, 4)
		frappe.get_doc({"doctype": "Bin", "item_code": self.items[0], "warehouse": other}).insert()
		agent = make.make_agent([self.warehouse, other], self.items, mode="Draft", group_by_warehouse=0)
		for item in self.items:
			make.make_stock(item, self.warehouse, 1)

		def warehouses() -> list[set[str]]:
			frappe.db.savepoint("before_proposing")
			result = propose(agent.name, force=True)
			found = [
				set(frappe.get_all("Material Request Item", {"parent": name}, pluck="warehouse"))
				for name in result["material_requests"]
			]
			self.seen = [
				[
					bool(frappe.get_list("Material Request", {"name": name}, user=user))
					and frappe.has_permission("Material Request", doc=name, user=user)
					for name in result["material_requests"]
				]
				for user in users
			]
			frappe.db.rollback(save_point="before_proposing")
			return sorted(found, key=sorted)

		users: list[str] = []
		apart = sorted([{self.warehouse}, {other}], key=sorted)
		self.assertEqual(warehouses(), [{self.warehouse, other}])
		agent.db_set("group_by_warehouse", 1)
		self.assertEqual(warehouses(), apart)
		agent.db_set("group_by_warehouse", 0)
		clerk, buyer = make.make_user("Stock User"), make.make_user("Purchase User", "Stock User")
		permission = {"doctype": "User Permission", "allow": "Warehouse", "apply_to_all_doctypes": 1}
		for name in (self.warehouse, other):
			frappe.get_doc({**permission, "user": clerk, "for_value": name}).insert()
		# who may see both is no reason
		self.assertEqual(warehouses(), [{self.warehouse, other}])
		frappe.get_doc({**permission, "user": buyer, "for_value": other}).insert()
		users = [buyer, clerk]
		self.assertEqual(warehouses(), apart)
		self.assertEqual((sorted(self.seen[0]), self.seen[1]), ([False, True], [True, True]))

	def test_most_days_of_cover(self):
		"""Stock and orders stay within so many days of demand; the sentence says that it was cut."""
		free = propose(self.agent(mode="Shadow").name, force=True)
		frappe.db.set_value("RL Agent Settings", {"name": ("!=", "")}, "enabled", 0)
		result = propose(self.agent(mode="Shadow", max_cover_days=9).name, force=True)
		unlimited, capped = (
			frappe.get_all("RL Proposal", {"run": each["run"]}, ["proposed_qty", "explanation", "state"])
			for each in (free, result)
		)
		self.assertLess(capped[0].proposed_qty, unlimited[0].proposed_qty)
		self.assertLessEqual(capped[0].proposed_qty, 9 * 4)
		self.assertIn("9 days of cover", capped[0].explanation)
		self.assertAlmostEqual(json.loads(capped[0].state)["most_stock"], 9 * 4, delta=1)
		self.assertNotIn("most_stock", json.loads(unlimited[0].state))
		self.assertIn("days of cover: 3.", self.run_of(result).messages)

	def test_cancelling(self):
		"""Of a run that is at work all is taken back, one that waits is not begun, one that ended stays."""
		agent = self.agent()
		waiting, at_work = (proposal_run._begin(agent, "Manual") for _ in range(2))
		proposal_run.cancel(waiting)
		emit = proposal_round.emit

		def emitting(*given):
			proposal_run.cancel(at_work)
			return emit(*given)

		for run in (waiting, at_work):
			with (
				patch.object(proposal_round, "emit", emitting),
				patch.object(frappe.db, "rollback") as rollback,
			):
				self.assertEqual(proposal_run.execute(run)["material_requests"], [])
			rollback.assert_called_once_with()
			self.assertEqual(frappe.db.get_value("RL Proposal Run", run, "status"), "Cancelled")
		ended = propose(agent.name, force=True)["run"]
		with self.assertRaisesRegex(frappe.ValidationError, "has ended already"):
			proposal_run.cancel(ended)

	def test_the_latest_snooze_counts(self):
		agent = self.agent()
		of = {"doctype": "RL Snooze", "agent": agent.name, "item_code": self.items[0]}
		for days in (30, 7):
			for warehouse in (None, self.warehouse):
				until = add_days(nowdate(), days)
				frappe.get_doc({**of, "warehouse": warehouse, "until": until}).insert()
		left = frappe.get_all("RL Snooze", {"agent": agent.name}, pluck="until")
		self.assertEqual(left, [getdate(add_days(nowdate(), 7))] * 2)

	def test_a_failure_is_on_record(self):
		"""The run is Failed with the reason and a log; nothing is half-written; the error is raised."""
		agent = self.agent()
		failing = patch.object(proposal_round, "emit", side_effect=RuntimeError("the disk is full"))
		with failing, self.assertRaisesRegex(RuntimeError, "the disk is full"):
			proposal_round.carry_out(
				proposal_run._begin(agent, "Manual"), agent, getdate(), lambda *told: None
			)
		run = proposal_run._begin(agent, "Manual")
		with patch.object(frappe.db, "rollback"):
			proposal_run._mark_failed(run, RuntimeError("the disk is full"))
		values = frappe.db.get_value("RL Proposal Run", run, ["status", "messages", "error"])
		self.assertEqual(values[:2], ("Failed", "the disk is full"))
		self.assertTrue(frappe.db.exists("Error Log", values[2]))
		self.assertFalse(agent.reload().last_run_on)

	def test_an_empty_scope_says_so(self):
		agent = make.make_agent([make.make_warehouse()])
		result = propose(agent.name, force=True)
		self.assertEqual(result["proposals"], 0)
		self.assertIn("No item-warehouse is in the agent's scope", self.run_of(result).messages)

	def test_only_when_it_is_time(self):
		"""Not again before the next review day, unless forced; disabled agents never by themselves."""
		agent = self.agent(review_frequency="Daily", mode="Shadow")
		self.assertEqual(propose(agent.name)["proposals"], 3)
		self.assertEqual(propose(agent.name), {"agent": agent.name, "proposals": 0, "material_requests": []})
		for frequency, day, expected in (
			("Daily", "2026-11-25", "2026-11-25"),
			("Weekly", "2026-11-25", "2026-11-23"),
			("Weekly", "2026-11-23", "2026-11-23"),
			("Monthly", "2026-11-25", "2026-11-01"),
		):
			self.assertEqual(last_review_day(frequency, getdate(day)), getdate(expected))
