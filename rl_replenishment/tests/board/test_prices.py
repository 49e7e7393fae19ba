"""What the board says that a line costs is what its order says: ERPNext's own prices, in every quantity."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment import api
from rl_replenishment.bridge.state.placed import with_placed
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.terms.terms import SupplierTerms, Terms
from rl_replenishment.setup.roles import USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.board.case import BoardCase

#: no site of a company in this currency is likely
OTHER, PER_OTHER = "ISK", 0.5

Case = tuple[str, Callable[[], Any]]


class TestOnePrice(BoardCase):
	"""Each case is arranged, shown, ordered, and compared; then it is undone."""

	def setUp(self) -> None:
		super().setUp()
		self.currency = frappe.get_cached_value("Company", make.company(), "default_currency")
		self.listed = frappe.db.get_single_value("Buying Settings", "buying_price_list")
		make.make_uom("Box of 12")
		rate = {"date": add_days(nowdate(), -5), "exchange_rate": PER_OTHER, "for_buying": 1}
		frappe.get_doc(
			{"doctype": "Currency Exchange", "from_currency": OTHER, "to_currency": self.currency, **rate}
		).insert()

	def price(self, item: int, rate: float, **values: Any) -> None:
		row = {"doctype": "Item Price", "price_list": self.listed, "item_code": self.items[item]}
		frappe.get_doc({**row, "price_list_rate": rate, "buying": 1, **values}).insert()

	def price_list(self, currency: str = "") -> str:
		values = {"price_list_name": make.unique("List"), "currency": currency or self.currency, "buying": 1}
		return frappe.get_doc({"doctype": "Price List", "enabled": 1, **values}).insert().name

	def rule(self, *items: int, **values: Any) -> None:
		base = {"doctype": "Pricing Rule", "title": make.unique("Rule"), "buying": 1, "apply_on": "Item Code"}
		what = {"price_or_product_discount": "Price", "rate_or_discount": "Discount Percentage"}
		whose = {"company": make.company(), "currency": self.currency}
		uom = values.pop("uom", "")
		on = {"items": [{"item_code": self.items[item], "uom": uom} for item in items]}
		frappe.get_doc({**base, **what, **whose, **on, **values}).insert()

	def of_supplier(self, at: int, **values: Any) -> None:
		frappe.get_doc("Supplier", self.suppliers[at]).update(values).save()

	def in_any_quantity(self) -> Iterator[Case]:
		price, box, piece = self.price, {"uom": "Box of 12"}, {"uom": "Nos"}
		own, elsewhere = {"supplier": self.suppliers[0]}, {"supplier": self.suppliers[1]}
		old, over, soon = (
			{"valid_from": "2020-01-01"},
			{"valid_from": "2021-01-01", "valid_upto": "2021-02-01"},
			{"valid_from": add_days(nowdate(), 3)},
		)
		yield "of all suppliers", lambda: price(0, 7)
		yield "its own", lambda: (price(0, 7), price(0, 6, **own))
		yield "of another supplier", lambda: (price(0, 7), price(0, 6, **elsewhere))
		yield "by the box and the piece", lambda: (price(1, 60, **box), price(1, 6))
		yield "by the piece", lambda: price(1, 6)
		yield "its own by the piece", lambda: (price(1, 6, **own), price(1, 60, **box))
		yield "its own by the piece alone", lambda: price(1, 6, **own)
		yield "no longer", lambda: (price(0, 7, **over), price(0, 9, **old))
		yield "not yet", lambda: (price(0, 7), price(0, 3, **soon))
		yield "the latest", lambda: (price(0, 5, valid_from="2024-01-01"), price(0, 7, **old))
		yield "on another list alone", lambda: price(0, 7, **self.on_list())
		yield "on another list too", lambda: (price(0, 7), price(0, 5, **self.on_list(), **own))
		yield "on the supplier's list", lambda: (price(0, 7), price(0, 5, **self.on_list(of=0)))
		yield "not on the supplier's list", lambda: (price(0, 7), price(2, 5, **self.on_list(of=0)))
		yield "in another currency", lambda: price(0, 7, **self.on_list(OTHER))
		yield "in the currency of the supplier's list", lambda: price(0, 8, **self.on_list(OTHER, of=0))
		yield "to a supplier in another currency", lambda: (price(0, 7), self.pays_in_another_currency())
		yield (
			"all in another currency",
			lambda: (
				price(0, 8, **self.on_list(OTHER, of=0)),
				self.pays_in_another_currency(),
			),
		)
		yield "paid last, in another currency", lambda: (self.bought(4), self.pays_in_another_currency())
		yield "paid last", lambda: self.bought(4)
		rule = self.rule
		yield "with a discount", lambda: (price(0, 8), rule(0, discount_percentage=10))
		yield "paid last with a discount", lambda: (self.bought(4), rule(0, discount_percentage=10))
		half = {"discount_percentage": 50}
		group = frappe.db.get_value("Supplier", self.suppliers[0], "supplier_group")
		above = frappe.db.get_value("Warehouse", self.warehouse, "parent_warehouse")
		for name, values in {
			"of a supplier": {"applicable_for": "Supplier", **own},
			"of a supplier group": {"applicable_for": "Supplier Group", "supplier_group": group},
			"of a warehouse": {"warehouse": self.warehouse},
			"of warehouses above": {"warehouse": above},
			"of another warehouse": {"warehouse": make.make_warehouse()},
			"of a list": {"for_price_list": self.listed},
			"of another list": {"for_price_list": self.price_list()},
			"by the piece": piece,
		}.items():
			yield (
				f"a rule {name}",
				lambda values=values: (
					price(0, 8),
					price(1, 60, **box),
					price(2, 8),
					rule(0, 1, 2, **half, **values),
				),
			)
		yield "a rule of all groups", lambda: (price(0, 8), self.rule_of_group("All Item Groups"))

	def by_quantity(self) -> Iterator[Case]:
		price, rule, box = self.price, self.rule, {"uom": "Box of 12"}
		rate, off = {"rate_or_discount": "Rate"}, {"rate_or_discount": "Discount Amount"}
		yield "percent", lambda: (price(0, 8), rule(0, discount_percentage=25, min_qty=15))
		yield "up to", lambda: (price(0, 8), rule(0, discount_percentage=25, min_qty=10, max_qty=15))
		yield "percent of boxes", lambda: (price(1, 60, **box), rule(1, min_qty=30, discount_percentage=20))
		yield "in boxes", lambda: (price(1, 60, **box), rule(1, **box, min_qty=3, **rate, rate=48))
		yield "of pieces", lambda: (price(1, 60, **box), rule(1, min_qty=30, **rate, rate=4))
		yield "money off a box", lambda: (price(1, 60, **box), rule(1, min_qty=30, **off, discount_amount=5))
		yield "money off pieces", lambda: (price(1, 6), rule(1, min_qty=30, **off, discount_amount=5))
		yield (
			"in another currency",
			lambda: (price(0, 8), rule(0, **rate, rate=2, currency=OTHER, min_qty=15)),
		)
		yield (
			"in the supplier's currency",
			lambda: (
				price(0, 8),
				self.pays_in_another_currency(),
				rule(0, **rate, rate=2, currency=OTHER, min_qty=15),
			),
		)
		yield "without a list", lambda: rule(0, **rate, rate=2, min_qty=15)
		yield (
			"by priority",
			lambda: (
				price(0, 8),
				rule(0, discount_percentage=50, min_qty=5, has_priority=1, priority="1"),
				rule(0, discount_percentage=10, min_qty=15, has_priority=1, priority="2"),
			),
		)
		yield (
			"the item's before its group's",
			lambda: (
				price(0, 8),
				rule(0, discount_percentage=10, min_qty=15),
				self.rule_of_group(frappe.db.get_value("Item", self.items[0], "item_group")),
			),
		)
		yield "by the amount", lambda: (price(0, 8), rule(0, discount_percentage=50, min_amt=120))
		yield (
			"by the amount of boxes",
			lambda: (price(1, 60, **box), rule(1, discount_percentage=50, min_amt=100, max_amt=200)),
		)
		yield (
			"by the amount in another currency",
			lambda: (
				price(0, 8),
				self.pays_in_another_currency(),
				rule(0, discount_percentage=50, min_amt=240),
			),
		)

	def rule_of_group(self, group: str) -> None:
		on = {"apply_on": "Item Group", "items": [], "item_groups": [{"item_group": group}]}
		self.rule(**on, discount_percentage=50)

	def on_list(self, currency: str = "", *, of: int | None = None) -> dict[str, str]:
		"""A new price list, of a supplier or of nobody."""
		name = self.price_list(currency)
		if of is not None:
			self.of_supplier(of, default_price_list=name)
		return {"price_list": name, "currency": currency or self.currency}

	def pays_in_another_currency(self) -> None:
		self.of_supplier(0, default_currency=OTHER)

	def bought(self, rate: float) -> None:
		order = make.make_purchase_order(self.suppliers[0], self.items[0], self.warehouse, 1, nowdate())
		order.items[0].db_set({"base_net_rate": rate})

	def test_in_any_quantity(self) -> None:
		self.assertEqual([*self.wrong(self.in_any_quantity(), {})], [])

	def test_by_quantity(self) -> None:
		self.assertEqual([*self.wrong(self.by_quantity(), {})], [])

	def test_by_another_quantity_than_was_requested(self) -> None:
		for request in self.requests:
			frappe.get_doc("Material Request", request).submit()
		self.assertEqual([*self.wrong(self.by_quantity(), {0: 12, 1: 2})], [])

	def wrong(self, cases: Iterator[Case], quantities: dict[int, float]) -> Iterator[str]:
		for name, arrange in cases:
			frappe.db.savepoint("one_price")
			arrange()
			yield from (f"{name}: {each}" for each in self.differing(quantities))
			frappe.db.rollback(save_point="one_price")
			for supplier in self.suppliers:
				frappe.clear_document_cache("Supplier", supplier)

	def differing(self, quantities: dict[int, float]) -> Iterator[str]:
		wanted = {self.items[item]: qty for item, qty in quantities.items()}
		lines = {line["item_code"]: line for line in self.board()["lines"]}
		shown = {code: self.shown(line, wanted.get(code, line["qty"])) for code, line in lines.items()}
		for result in self.approve(submit=False, **{f"item{item}": qty for item, qty in quantities.items()}):
			if result["status"] != "Draft" or result["message"]:
				yield f"{result['status']}: {result['message']}"
				continue
			for row in frappe.get_doc("Purchase Order", result["order"]).items:
				if abs(row.base_net_rate - shown[row.item_code]) > 0.006:
					yield f"{row.qty} {row.uom}: shown {shown[row.item_code]}, ordered {row.base_net_rate}"
				# and not because the board has overruled it
				own = row.price_list_rate - row.discount_amount
				if row.price_list_rate and abs(own - row.rate) > 0.006:
					yield f"{row.qty} {row.uom}: {row.rate} instead of ERPNext's {own}"

	@staticmethod
	def shown(line: dict[str, Any], qty: float) -> float:
		"""As the board's own JavaScript has it."""
		reached = [price for least, price in line["breaks"] if qty >= least - 1e-6]
		return reached[-1] if reached else line["price"]

	def test_of_two_suppliers_each_has_its_own(self) -> None:
		"""Two requests of one item: on the board, in orders, and in what a supplier's minimum counts."""
		first, second = self.suppliers
		self.price(0, 6, supplier=first)
		self.price(0, 9, supplier=second)
		self.rule(0, discount_percentage=50, min_qty=30, applicable_for="Supplier", supplier=second)
		frappe.get_doc({"doctype": "RL Supplier Terms", "supplier": second, "minimum_value": 1}).insert()
		source = frappe.get_doc("RL Proposal", self.line(0)["proposal"])
		again = frappe.copy_doc(source).update({"supplier": second, "status": "Requested"}).insert()
		request = make.make_material_request(self.items[0], self.warehouse, 40, rl_agent=self.agent.name)
		request.items[0].db_set({"rl_proposal": again.name})
		again.db_set({"material_request": request.name, "material_request_item": request.items[0].name})
		board = self.board()
		found = {line["supplier"]: line for line in board["lines"] if line["item_code"] == self.items[0]}
		self.assertEqual(self.shown(found[first], found[first]["qty"]), 6)
		self.assertEqual([self.shown(found[second], qty) for qty in (29, 40)], [9, 4.5])
		# of other lines than those of the board, in their quantities
		terms = Terms.create(
			SupplierTerms.create([first, second], minimum_value=1),
			ItemTable.create([ItemKey(self.items[0], self.warehouse)], [first]),
		)
		hidden = {line["proposal"] for line in board["lines"] if line["item_code"] != self.items[0]}
		lines = frappe.get_all("Material Request Item", {"rl_proposal": ("in", hidden)}, pluck="name")
		placed = with_placed(terms, make.company(), getdate(), 0, shown=lines).placed[0]
		self.assertEqual(placed.tolist(), [6 * found[first]["qty"], 4.5 * 40])
		values = {result["supplier"]: result for result in self.approve(item2=0)}
		orders = {
			supplier: frappe.get_doc("Purchase Order", result["order"]) for supplier, result in values.items()
		}
		rates = {
			supplier: [row.rate for row in order.items if row.item_code == self.items[0]]
			for supplier, order in orders.items()
		}
		self.assertEqual(rates, {first: [6], second: [4.5]})

	def test_of_a_supplier_that_the_buyer_chose(self) -> None:
		"""Lines without one cost what that one's order says; its name is not to be known from elsewhere."""
		line = self.line(0)
		frappe.db.set_value("RL Proposal", line["proposal"], "supplier", None)
		self.price(0, 8)
		self.price(0, 6, supplier=self.suppliers[1])
		frappe.get_doc(
			{"doctype": "RL Supplier Terms", "supplier": self.suppliers[1], "minimum_value": 500}
		).insert()
		self.assertEqual((self.line(0)["supplier"], self.line(0)["price"]), ("", 8))
		sent = json.dumps([line["proposal"]])
		found = api.board_from_supplier(self.suppliers[1], sent)
		self.assertEqual(found["lines"][line["proposal"]]["price"], 6)
		self.assertEqual(found["terms"][make.company()][self.suppliers[1]]["minimum"], {"value": 500})
		wish = {line["proposal"]: {"qty": line["qty"], "seen": self.line(0)["modified"]}}
		group = {"supplier": self.suppliers[1], "company": make.company(), "lines": wish}
		(result,) = api.board_approve(json.dumps([group]), submit=1)
		self.assertEqual((result["value"], result["message"]), (6 * line["qty"], ""))
		user = make.make_user(USER, "Purchase User")
		only = {"doctype": "User Permission", "user": user, "allow": "Supplier"}
		frappe.get_doc({**only, "for_value": self.suppliers[0]}).insert(ignore_permissions=True)
		frappe.set_user(user)
		with self.assertRaises(frappe.PermissionError):
			api.board_from_supplier(self.suppliers[1], sent)

	def test_what_is_given_away_is_no_line_that_was_asked_for(self) -> None:
		"""One free of each ten: it is on the order, as many as go with it, and in nobody's way."""
		self.price(0, 8)
		free = {"price_or_product_discount": "Product", "same_item": 1, "free_qty": 1, "free_item_uom": "Nos"}
		self.rule(0, **free, min_qty=10, is_recursive=1, recurse_for=10, round_free_qty=1)
		line = self.line(0)
		results = self.approve(item0=line["qty"] + 20)
		(result,) = (each for each in results if each["supplier"] == self.suppliers[0])
		self.assertEqual((result["status"], result["message"]), ("Submitted", ""))
		rows = {
			(row.is_free_item, row.qty, row.rate)
			for row in frappe.get_doc("Purchase Order", result["order"]).items
			if row.item_code == self.items[0]
		}
		self.assertIn((0, line["qty"] + 20, 8), rows)
		self.assertTrue(
			any(is_free and qty == (line["qty"] + 20) // 10 for is_free, qty, _rate in rows), rows
		)

	def test_what_the_board_does_not_know_is_said(self) -> None:
		"""A rule with a condition is ERPNext's alone."""
		self.price(0, 8)
		self.rule(0, discount_percentage=50, condition="supplier")
		self.assertEqual(self.line(0)["price"], 8)
		(result,) = (each for each in self.approve() if each["supplier"] == self.suppliers[0])
		self.assertIn(f"another price than the board for {self.items[0]}", result["message"])
