"""The whole loop with real documents: Bin, Material Request, Purchase Order, reward, a new policy."""

from __future__ import annotations

from importlib.util import find_spec
from unittest.mock import patch

import frappe
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, nowdate

from rl_replenishment import train
from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.policies import promotion
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

DAYS = 60
BOX = 12


class TestWalkThrough(IntegrationTestCase):
	def setUp(self) -> None:
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.addCleanup(lambda: frappe.set_user("Administrator"))
		self.buyer = make.make_user("Purchase User", "Stock User")
		self.supplier = make.make_supplier()
		self.warehouse = make.make_warehouse()
		self.screw = make.make_item(self.supplier, lead_time_days=5)
		self.paint = make.make_item(self.supplier, packs={"RL Test Box": BOX}, lead_time_days=5)
		for item, qty in ((self.screw, 310), (self.paint, 370)):
			make.make_stock(item, self.warehouse, qty, date=add_days(nowdate(), -DAYS - 1))
		customer = make.make_customer()
		for day in range(DAYS, 0, -3):
			make.make_delivery(
				customer, self.warehouse, {self.screw: 15, self.paint: 18}, date=add_days(nowdate(), -day)
			)

	def row(self, item: str, **filters):
		(row,) = frappe.get_all("RL Feedback", {"item_code": item, **filters}, ["*"])
		return row

	def order(self, request: str, quantities: dict[str, float]):
		order = make_purchase_order(request)
		order.update({"supplier": self.supplier, "schedule_date": add_days(nowdate(), 5)})
		order.items = [line for line in order.items if line.item_code in quantities]
		for line in order.items:
			line.update({"qty": quantities[line.item_code], "rate": 10})
		order.insert()
		order.submit()
		return order

	def test_from_bin_to_policy(self) -> None:
		agent = make.make_agent(
			[self.warehouse], [self.screw, self.paint], holdout_days=20, history_days=DAYS
		)

		# the shelf is nearly empty: the agent proposes both, by the classical rule
		first = propose(agent.name, force=True)
		self.assertEqual(first["proposals"], 2)
		request = frappe.get_doc("Material Request", first["material_requests"][0])
		screw, paint = (
			next(line for line in request.items if line.item_code == item)
			for item in (self.screw, self.paint)
		)
		self.assertEqual((paint.uom, paint.stock_qty), ("RL Test Box", paint.rl_proposed_qty))
		boxes = paint.qty
		self.assertGreaterEqual(boxes, 2)

		# the buyer, who is a Purchase User and nothing more, orders fewer screws and says why
		frappe.set_user(self.buyer)
		ordered_screws = screw.rl_proposed_qty - 7
		screw.update({"qty": ordered_screws, "rl_edit_reason": "Budget"})
		request.save()
		request.submit()

		# two orders, one of which is cancelled and amended
		self.order(request.name, {self.screw: ordered_screws, self.paint: 1})
		# a review period of 7 days with 5 and 6 a day on average is more than a pack of either
		scales = {self.screw: 7 * 15 / 3, self.paint: 7 * 18 / 3}
		row = self.row(self.screw)
		self.assertAlmostEqual(row.scale, scales[self.screw], delta=0.1 * scales[self.screw])
		self.assertAlmostEqual(row.reward, -7 / row.scale, places=5)
		self.assertEqual((row.settled, row.edit_reason), (1, "Budget"))
		row = self.row(self.paint)
		self.assertAlmostEqual(row.reward, max(-BOX * (boxes - 1) / row.scale, -3), places=5)
		self.assertEqual((row.ordered_qty, row.settled), (BOX, 0))
		second = self.order(request.name, {self.paint: boxes - 1})
		self.assertEqual((self.row(self.paint).reward, self.row(self.paint).settled), (1, 1))
		second.cancel()
		self.assertEqual((self.row(self.paint).ordered_qty, self.row(self.paint).settled), (BOX, 0))
		amended = frappe.copy_doc(second)
		amended.update({"amended_from": second.name, "docstatus": 0, "status": "Draft"})
		amended.insert()
		amended.submit()
		self.assertEqual((self.row(self.paint).reward, self.row(self.paint).settled), (1, 1))

		# the goods arrive; what the buyer cut stays cut until the next review
		frappe.set_user("Administrator")
		receipt = make_purchase_receipt(amended.name)
		receipt.insert()
		receipt.submit()
		self.assertEqual(propose(agent.name, force=True)["proposals"], 0)

		# a training reads both rows, once
		self.assertEqual(len(feedback.settled_answers(agent.name).new_names), 2)
		if not (find_spec("torch") and find_spec("stable_baselines3")):
			self.skipTest("the rest of the way needs torch and stable-baselines3")
		trained = train.run(agent.name, timesteps=20_000, seed=1)
		self.assertEqual(set(trained), {"agent", "training_run", "policy", "promoted", "metrics"})
		self.assertEqual(
			frappe.db.get_value("RL Training Run", trained["training_run"], "status"), "Completed"
		)
		if not trained["promoted"]:
			promotion.promote(trained["policy"], "to see it order")

		# of the next training with the learned policy in use, feedback is a part
		again = train.run(agent.name, timesteps=20_000, seed=1, kind="Continual")
		runs = [trained["training_run"], again["training_run"]]
		read = frappe.get_all("RL Training Run", {"name": ("in", runs)}, pluck="feedback_rows")
		self.assertEqual(sorted(read), [0, 2])
		self.assertEqual(self.row(self.screw).consumed, 1)
		self.assertEqual(feedback.settled_answers(agent.name).new_names, [])

		# the next round is ordered by the policy in use, on what the shelf is now
		make.make_issue(
			self.paint, self.warehouse, frappe.db.get_value("Bin", {"item_code": self.paint}, "actual_qty")
		)
		last = propose(agent.name, force=True)
		policy = frappe.db.get_value("RL Proposal Run", last["run"], "policy")
		self.assertEqual(policy, frappe.db.get_value("RL Agent Settings", agent.name, "active_policy"))
		self.assertNotEqual(policy, frappe.db.get_value("RL Proposal Run", first["run"], "policy"))
