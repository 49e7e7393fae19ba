"""Two warehouses, one full and one empty: a transfer, not a purchase, and nothing twice."""

from __future__ import annotations

import frappe
from erpnext.stock.doctype.material_request.material_request import make_stock_entry, update_status
from frappe.utils import add_days, flt, getdate, nowdate

from rl_replenishment.bridge.desk.reporting import awaiting_approval
from rl_replenishment.bridge.feedback import lessons, settled_answers
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.bridge.state.situation import read_situation
from rl_replenishment.bridge.training import asking
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestTransfers(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.full, self.empty = make.make_warehouse(), make.make_warehouse()
		self.item = make.make_item(make.make_supplier())
		for warehouse in (self.full, self.empty):
			make.sell_every_day(self.item, warehouse, 4)
		make.make_stock(self.item, self.full, 900)
		make.make_stock(self.item, self.empty, 1)
		self.agent = make.make_agent([self.full, self.empty], [self.item], transfer_before_buying=1)

	def requests(self, result) -> list:
		return [frappe.get_doc("Material Request", name) for name in result["material_requests"]]

	def moved(self, qty: float | None = None):
		"""A first run's request, submitted, with another quantity where one is given, and moved."""
		(request,) = self.requests(propose(self.agent.name, force=True))
		if qty is not None:
			request.items[0].qty = qty
			request.save()
		request.submit()
		entry = make_stock_entry(request.name)
		entry.insert()
		entry.submit()
		return request, entry

	def feedback(self, request):
		return frappe.get_all("RL Feedback", {"material_request": request.name}, ["*"])

	def projected(self) -> dict[str, float]:
		situation = read_situation(self.agent, getdate())
		return dict(
			zip(
				(key.warehouse for key in situation.scope.keys),
				situation.stock.projected.tolist(),
				strict=True,
			)
		)

	def test_a_transfer_and_no_purchase(self) -> None:
		before = self.projected()
		result = propose(self.agent.name, force=True)
		self.assertEqual(result["proposals"], 1)
		(request,) = self.requests(result)
		self.assertEqual((request.material_request_type, request.docstatus), ("Material Transfer", 0))
		(line,) = request.items
		self.assertEqual((line.from_warehouse, line.warehouse), (self.full, self.empty))
		self.assertEqual(getdate(line.schedule_date), getdate(add_days(nowdate(), 1)))
		self.assertIn(f"can come from {self.full}", line.rl_explanation)
		proposal = frappe.get_doc("RL Proposal", line.rl_proposal)
		self.assertEqual((proposal.from_warehouse, proposal.status), (self.full, "Requested"))
		self.assertEqual(frappe.db.get_value("RL Proposal Run", result["run"], "order_value"), 0)
		# on its way there, and as good as gone here: as a draft, submitted, and moved
		for _step in ("draft", "submitted", "moved"):
			now = self.projected()
			self.assertAlmostEqual(now[self.empty] - before[self.empty], line.stock_qty)
			self.assertAlmostEqual(before[self.full] - now[self.full], line.stock_qty)
			again = propose(self.agent.name, force=True)
			self.assertEqual((again["proposals"], again["material_requests"]), (0, []))
			request.reload()
			if _step == "draft":
				request.submit()
			elif _step == "submitted":
				entry = make_stock_entry(request.name)
				entry.insert()
				entry.submit()

	def test_kept_cut_and_stopped(self) -> None:
		"""As of purchases: 1 where it was kept, below 0 by how much it was cut or not done at all."""
		request, entry = self.moved()
		(row,) = self.feedback(request)
		self.assertEqual((row.reward, row.settled, row.stock_entry), (1, 1, entry.name))
		self.assertEqual((row.from_warehouse, row.warehouse), (self.full, self.empty))
		self.assertEqual(row.ordered_qty, row.proposed_qty)
		proposal = request.items[0].rl_proposal
		self.assertEqual(frappe.db.get_value("RL Proposal", proposal, "status"), "Ordered")
		# nobody learns from it what to buy: no policy, no lesson, and no training waits for it
		self.assertEqual(len(settled_answers(self.agent.name).names), 0)
		self.assertFalse(lessons._answers(self.agent.name))
		self.agent.feedback_weight = 1
		self.assertEqual(asking._answers(self.agent), 0)
		entry.cancel()
		(row,) = self.feedback(request)
		self.assertEqual((row.ordered_qty, row.settled), (0, 0))
		self.assertIsNone(row.stock_entry)
		update_status(request.name, "Stopped")
		(row,) = self.feedback(request)
		self.assertEqual(row.settled, 1)
		self.assertLess(row.reward, 0)
		self.assertEqual(frappe.db.get_value("RL Proposal", proposal, "status"), "Turned Down")

	def test_a_cut(self) -> None:
		request, _entry = self.moved(qty=5)
		(row,) = self.feedback(request)
		self.assertEqual(row.ordered_qty, 5)
		self.assertGreater(row.proposed_qty, 5)
		self.assertLess(row.reward, 0)

	def test_what_a_buyer_adds_to_a_transfer_is_moved_too(self) -> None:
		"""It is told as a transfer, and nobody learns from it what to buy; a transfer is worth no money."""
		added = make.make_item(make.make_supplier())
		make.make_stock(added, self.full, 10)
		(request,) = self.requests(propose(self.agent.name, force=True))
		drafted, proposal, worth = awaiting_approval()
		waiting = drafted.select(worth).where(proposal.agent == self.agent.name).run()[0][0]
		self.assertEqual(flt(waiting), 0)
		places = {"warehouse": self.empty, "from_warehouse": self.full}
		request.append("items", {"item_code": added, "qty": 3, "schedule_date": getdate(), **places})
		request.save()
		request.submit()
		entry = make_stock_entry(request.name)
		entry.insert()
		entry.submit()
		(row,) = (row for row in self.feedback(request) if row.item_code == added)
		self.assertEqual((row.ordered_qty, row.proposed_qty, row.from_warehouse), (3, 0, self.full))
		self.assertEqual(len(settled_answers(self.agent.name).names), 0)

	def test_bought_where_moving_is_dear_or_not_wanted(self) -> None:
		for values in ({"transfer_cost": 10**6}, {"transfer_before_buying": 0}):
			self.agent.db_set(values)
			lines = proposal_round.preview(self.agent.name)["lines"]
			self.assertEqual(
				[(line["warehouse"], line["from_warehouse"]) for line in lines], [(self.empty, "")]
			)
