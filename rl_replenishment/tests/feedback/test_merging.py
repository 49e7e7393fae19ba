"""Rows are what the documents say, in whatever order these have changed."""

from __future__ import annotations

from random import Random
from typing import Any
from unittest.mock import patch

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order, update_status
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.feedback import outbox
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

WORLDS, CHANGES, REQUESTS, ORDERS = 12, 14, 4, 5
#: what a row says; who said it and when is no part of it
SAID = (
	*("proposal", "item_code", "warehouse", "material_request", "purchase_order", "proposed_qty"),
	*("ordered_qty", "reward", "settled"),
)


class World:
	"""An agent's requests for two items in two warehouses over weeks, and orders of them; bare rows.

	What changes is drawn: quantities, states, links, days. Each change is noted as its hook would.
	"""

	def __init__(
		self, random: Random, agent: str, supplier: str, items: list[str], places: list[str]
	) -> None:
		self.random, self.agent, self.supplier, self.items, self.places = (
			random,
			agent,
			supplier,
			items,
			places,
		)
		self.requests = [self._request() for _ in range(REQUESTS)]
		self.orders = [self._order() for _ in range(ORDERS)]

	def documents(self) -> list[tuple[str, str]]:
		requests = [("Material Request", name) for name in self.requests]
		return [*requests, *(("Purchase Order", name) for name in self.orders)]

	def change(self) -> tuple[str, str]:
		"""Something happens; returns the document that it happened to."""
		if self.random.random() < 0.5:
			name = self.random.choice(self.requests)
			states = ((0, "Draft"), (1, "Pending"), (1, "Pending"), (1, "Stopped"), (2, "Cancelled"))
			docstatus, status = self.random.choice(states)
			frappe.db.set_value("Material Request", name, {"docstatus": docstatus, "status": status})
			return "Material Request", name
		name = self.random.choice(self.orders)
		order = frappe.db.get_value("Purchase Order", name, ["docstatus", "transaction_date"])
		if self.random.random() < 0.5:
			frappe.db.set_value("Purchase Order", name, "docstatus", 1 if order[0] != 1 else 2)
		else:
			line = self.random.choice(frappe.get_all("Purchase Order Item", {"parent": name}, pluck="name"))
			frappe.db.set_value("Purchase Order Item", line, "stock_qty", self.random.choice((5, 10, 20, 40)))
		return "Purchase Order", name

	def _insert(self, doctype: str, **values: Any) -> str:
		document = frappe.get_doc({"doctype": doctype, "name": make.unique("D"), **values})
		document.db_insert()
		return document.name

	def _request(self) -> str:
		day = add_days(nowdate(), -self.random.choice((3, 10, 20, 45, 60)))
		name = self._insert(
			"Material Request",
			company=make.company(),
			rl_agent=self.agent,
			transaction_date=day,
			status="Pending",
			docstatus=1,
		)
		for item in self.random.sample(self.items, self.random.choice((1, 2))):
			place = self.random.choice(self.places)
			line = make.unique("L")
			proposal = self._insert(
				"RL Proposal",
				agent=self.agent,
				company=make.company(),
				item_code=item,
				warehouse=place,
				proposed_qty=10,
				proposal_date=day,
				material_request=name,
				material_request_item=line,
				status="Requested",
				state="{}",
			)
			self._insert(
				"Material Request Item",
				name=line,
				parent=name,
				parenttype="Material Request",
				item_code=item,
				warehouse=place,
				stock_qty=10,
				conversion_factor=1,
				rl_proposal=proposal,
			)
		return name

	def _order(self) -> str:
		day = add_days(nowdate(), -self.random.choice((0, 2, 9, 18, 40)))
		name = self._insert(
			"Purchase Order",
			company=make.company(),
			supplier=self.supplier,
			transaction_date=day,
			docstatus=self.random.choice((0, 1)),
		)
		lines = frappe.get_all(
			"Material Request Item",
			{"parent": ("in", self.requests)},
			["name", "parent", "item_code", "warehouse"],
		)
		for number, line in enumerate(self.random.sample(lines, 2)):
			is_linked = number == 0 or self.random.random() < 0.4
			self._insert(
				"Purchase Order Item",
				parent=name,
				parenttype="Purchase Order",
				parentfield="items",
				item_code=line.item_code,
				warehouse=line.warehouse,
				stock_qty=self.random.choice((10, 20, 30)),
				conversion_factor=1,
				material_request=line.parent if is_linked else None,
				material_request_item=line.name if is_linked else None,
			)
		return name


class TestMerging(IntegrationTestCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.commit = patch.object(frappe.db, "commit")
		cls.commit.start()
		cls.addClassCleanup(cls.commit.stop)
		cls.supplier = make.make_supplier()
		cls.items = [make.make_item(cls.supplier) for _ in range(2)]
		cls.places = [make.make_warehouse() for _ in range(2)]
		cls.agent = make.make_agent(cls.places, cls.items).name

	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))

	def said(self) -> list[tuple[Any, ...]]:
		rows = frappe.get_all("RL Feedback", {"agent": self.agent}, list(SAID), as_list=True)
		return sorted(rows, key=str)

	def statuses(self) -> list[tuple[Any, ...]]:
		of_agent = {"agent": self.agent}
		fields = ["name", "status", "material_request"]
		return sorted(frappe.get_all("RL Proposal", of_agent, fields, as_list=True))

	def test_any_order_of_changes_ends_in_the_same_rows(self) -> None:
		"""Drawn worlds of requests and orders; each change is told alone, and not always at once."""
		told = 0
		for seed in range(WORLDS):
			frappe.db.savepoint("before_world")
			random = Random(seed)
			world = World(random, self.agent, self.supplier, self.items, self.places)
			waiting = world.documents()
			for _ in range(CHANGES):
				waiting.append(world.change())
				random.shuffle(waiting)
				while waiting and random.random() < 0.6:
					outbox.refresh(*waiting.pop())
					told += 1
			for document in waiting:
				outbox.refresh(*document)
			rows, statuses = self.said(), self.statuses()
			for _ in range(2):
				frappe.db.delete("RL Feedback", {"agent": self.agent})
				documents = world.documents()
				random.shuffle(documents)
				for document in documents:
					outbox.refresh(*document)
				with self.subTest(seed=seed):
					self.assertEqual(rows, self.said())
					self.assertEqual(statuses, self.statuses())
			frappe.db.rollback(save_point="before_world")
		self.assertGreater(told, 2 * WORLDS)

	def test_an_order_saved_again_and_a_request_reopened(self) -> None:
		"""Three times a proposal is ordered, a later one for the same is stopped: it was merged."""
		item = make.make_item(self.supplier)
		make.sell_every_day(item, self.places[0], 4)
		agent = make.make_agent(self.places[:1], [item])
		from rl_replenishment.tasks import propose

		(first,) = propose(agent.name, force=True)["material_requests"]
		first_qty = frappe.get_doc("Material Request", first).items[0].qty
		make.make_sales_order(make.make_customer(), self.places[0], {item: 2 * first_qty})
		(second,) = propose(agent.name, force=True)["material_requests"]
		second_qty = frappe.get_doc("Material Request", second).items[0].qty
		request = frappe.get_doc("Material Request", first)
		request.items[0].qty += second_qty
		request.save()
		request.submit()
		frappe.get_doc("Material Request", second).submit()
		order = make_purchase_order(first)
		order.update({"supplier": self.supplier, "schedule_date": getdate(add_days(nowdate(), 7))})
		order.items[0].rate = 1
		order.insert()
		order.submit()
		update_status(second, "Stopped")

		def ordered() -> list[float]:
			return [
				frappe.db.get_value("RL Feedback", {"material_request": name}, "ordered_qty")
				for name in (first, second)
			]

		self.assertEqual(ordered(), [first_qty, second_qty])
		order.reload().save()
		self.assertEqual(ordered(), [first_qty, second_qty])
		update_status(second, "Submitted")
		self.assertEqual(ordered(), [first_qty + second_qty, 0])
		update_status(second, "Stopped")
		self.assertEqual(ordered(), [first_qty, second_qty])
