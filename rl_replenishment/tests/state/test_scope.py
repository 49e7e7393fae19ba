"""Which item-warehouses an agent orders for on a real site, and what it says of the others."""

from __future__ import annotations

import frappe
from frappe.utils import add_days, nowdate

from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestScope(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.warehouse = make.make_warehouse()

	def scope(self, warehouses=None, items=(), **filters):
		# several agents own nothing together unless they are disabled
		agent = make.make_agent(warehouses or [self.warehouse], items, enabled=0, **filters)
		return resolve_scope(agent)

	def stocked(self, warehouse: str | None = None, **values) -> str:
		item = make.make_item(**values)
		make.make_stock(item, warehouse or self.warehouse, 1)
		return item

	def reason(self, scope, item: str) -> str:
		(reason,) = [left.reason for left in scope.left_out if left.item_code == item]
		return reason

	def test_a_group_stands_for_its_leaves(self):
		group = make.make_warehouse(is_group=1)
		inner = make.make_warehouse(group, is_group=1)
		near, far = make.make_warehouse(group), make.make_warehouse(inner)
		item = self.stocked(near)
		make.make_stock(item, far, 1)
		make.make_stock(item, self.warehouse, 1)
		self.assertEqual(set(self.scope([group]).keys), {(item, near), (item, far)})

	def test_warehouses_that_are_not_ordered_for(self):
		group = make.make_warehouse(is_group=1)
		disabled = make.make_warehouse(group)
		transit = make.make_warehouse(group, warehouse_type="Transit")
		for warehouse in (disabled, transit):
			self.stocked(warehouse)
		frappe.db.set_value("Warehouse", disabled, "disabled", 1)
		scope = self.scope([group])
		self.assertEqual(scope.keys, ())
		self.assertEqual(
			{left.warehouse: left.reason for left in scope.left_out},
			{disabled: "the warehouse is disabled", transit: "goods only pass through it"},
		)

	def test_places_that_are_not_bought_for(self):
		"""By type, mark, settings and documents; a level to purchase at asks for it where goods are used."""
		group = make.make_warehouse(is_group=1)
		plain = make.make_warehouse(group)
		by_type = {
			kind: make.make_warehouse(group, warehouse_type=make.make_warehouse_type(kind))
			for kind in ("WIP", "Goods In", "Scrap")
		}
		rejected = make.make_warehouse(group, is_rejected_warehouse=1)
		in_progress, made, scrap, samples, subcontractor = (make.make_warehouse(group) for _ in range(5))
		own = frappe.get_doc("Manufacturing Settings")
		own.update({"default_fg_warehouse": made, "default_scrap_warehouse": scrap})
		own.save()
		frappe.get_doc("Stock Settings").update({"sample_retention_warehouse": samples}).save()
		self.insert_document("Work Order", wip_warehouse=in_progress)
		self.insert_document("Purchase Order", supplier_warehouse=subcontractor)
		item = self.stocked(plain)
		for warehouse in (*by_type.values(), rejected, in_progress, made, scrap, samples, subcontractor):
			make.make_stock(item, warehouse, 1)
		scope = self.scope([group])
		self.assertEqual(scope.keys, ((item, plain),))
		reasons = {left.warehouse: left.reason for left in scope.left_out}
		used = "what is used there is bought for the warehouse that it is transferred from"
		self.assertEqual(
			reasons,
			{
				by_type["WIP"]: used,
				by_type["Goods In"]: "goods only pass through it",
				by_type["Scrap"]: "scrap lies there",
				rejected: "rejected goods lie there",
				in_progress: used,
				made: "what is made comes there; name the warehouse itself to buy for it",
				scrap: "scrap lies there",
				samples: "retained samples lie there",
				subcontractor: "what a subcontractor uses is bought for the warehouse that it is sent from",
			},
		)
		self.assertIn((item, made), self.scope([plain, made]).keys)
		self.insert_level(item, in_progress, "Purchase")
		self.assertIn((item, in_progress), self.scope([group]).keys)

	def test_a_place_that_documents_name_and_that_goods_are_bought_for(self):
		"""A Work Order that uses up what lies in the stores makes them no place of work in progress."""
		self.insert_document("Work Order", wip_warehouse=self.warehouse)
		item = make.make_item(
			item_defaults=[{"company": make.company(), "default_warehouse": self.warehouse}]
		)
		self.assertEqual(self.scope().keys, ((item, self.warehouse),))

	def test_what_erpnext_calls_work_in_progress(self):
		"""The warehouse that every new company gets, without a type."""
		own = {"warehouse_name": "Work In Progress", "company": make.company()}
		name = frappe.db.get_value("Warehouse", own) or make.make_warehouse(**own)
		item = self.stocked()
		make.make_stock(item, name, 1)
		scope = self.scope([self.warehouse, name])
		self.assertEqual((scope.keys, scope.left_out[0].warehouse), (((item, self.warehouse),), name))

	def test_a_level_that_is_filled_by_transfer(self):
		"""The item is bought for where it comes from; one that is also bought there, there too."""
		branch = make.make_warehouse()
		item, both = self.stocked(branch), self.stocked(branch)
		for code, kind in ((item, "Transfer"), (both, "Transfer"), (both, "Purchase")):
			self.insert_level(code, branch, kind)
		scope = self.scope([self.warehouse, branch])
		self.assertEqual(scope.keys, ((both, branch),))
		(left,) = scope.left_out
		self.assertEqual((left.item_code, left.warehouse), (item, branch))
		self.assertIn("filled by transfer", left.reason)

	@staticmethod
	def insert_document(doctype: str, **values) -> None:
		"""Its row alone, submitted."""
		document = frappe.get_doc({"doctype": doctype, "company": make.company(), **values})
		document.name, document.docstatus = make.unique(doctype), 1
		document.db_insert()

	@staticmethod
	def insert_level(item: str, warehouse: str, kind: str) -> None:
		frappe.get_doc(
			{
				"doctype": "Item Reorder",
				"parent": item,
				"parenttype": "Item",
				"parentfield": "reorder_levels",
				"name": make.unique("level"),
				"warehouse": warehouse,
				"warehouse_reorder_level": 5,
				"warehouse_reorder_qty": 10,
				"material_request_type": kind,
			}
		).db_insert()

	def test_items_that_cannot_be_ordered_are_named(self):
		names = ("fine", "disabled", "unpurchased", "ended", "ends", "made")
		codes = {name: self.stocked() for name in names}
		unstocked = make.make_item(is_stock_item=0)
		changes = {
			"disabled": {"disabled": 1},
			"unpurchased": {"is_purchase_item": 0},
			"ended": {"end_of_life": nowdate()},
			"ends": {"end_of_life": add_days(nowdate(), 1)},
			"made": {"default_material_request_type": "Manufacture"},
		}
		for name, values in changes.items():
			frappe.db.set_value("Item", codes[name], values)
		scope = self.scope()
		self.assertEqual({key.item_code for key in scope.keys}, {codes["fine"], codes["ends"]})
		self.assertEqual(self.reason(scope, codes["disabled"]), "the item is disabled")
		self.assertEqual(self.reason(scope, codes["unpurchased"]), "it is not purchased")
		self.assertIn(nowdate(), self.reason(scope, codes["ended"]))
		self.assertIn("Manufacture", self.reason(scope, codes["made"]))
		listed = self.scope(items=[codes["made"], unstocked])
		self.assertEqual(listed.keys, ((codes["made"], self.warehouse),))
		self.assertEqual(self.reason(listed, unstocked), "it is not kept in stock")

	def test_variants_are_ordered_and_take_the_level_of_their_template(self):
		attribute = frappe.get_doc(
			{
				"doctype": "Item Attribute",
				"attribute_name": make.unique("Colour"),
				"item_attribute_values": [{"attribute_value": "Red", "abbr": "R"}],
			}
		).insert()
		template = make.make_item(has_variants=1, attributes=[{"attribute": attribute.name}])
		variant = make.make_item(
			variant_of=template, attributes=[{"attribute": attribute.name, "attribute_value": "Red"}]
		)
		frappe.get_doc("Item", template).append(
			"reorder_levels",
			{
				"warehouse": self.warehouse,
				"warehouse_reorder_level": 5,
				"warehouse_reorder_qty": 10,
				"material_request_type": "Purchase",
			},
		).db_insert()
		scope = self.scope(items=[template, variant])
		self.assertEqual(scope.keys, ((variant, self.warehouse),))
		self.assertEqual(self.reason(scope, template), "it is a template; its variants are ordered instead")
		self.assertEqual(self.scope().keys, ((variant, self.warehouse),))

	def test_a_place_by_default_warehouse(self):
		item = make.make_item(
			item_defaults=[{"company": make.company(), "default_warehouse": self.warehouse}]
		)
		self.assertEqual(self.scope().keys, ((item, self.warehouse),))

	def test_a_listed_item_without_a_place(self):
		other = make.make_warehouse()
		item = make.make_item()
		self.assertEqual(self.scope(items=[item]).keys, ((item, self.warehouse),))
		scope = self.scope([self.warehouse, other], [item])
		self.assertEqual(scope.keys, ())
		self.assertIn("no stock record", self.reason(scope, item))

	def test_filters_hold_together(self):
		"""Item group with subgroups, supplier by default, by item group and by the item's table."""
		top = make.make_item_group(is_group=1)
		supplier = make.make_supplier()
		below = make.make_item_group(top)
		supplied = make.make_item_group(
			top, item_group_defaults=[{"company": make.company(), "default_supplier": supplier}]
		)
		plain = self.stocked(item_group=below)
		by_default = self.stocked(item_group=below, supplier=supplier)
		by_table = self.stocked(item_group=below, supplier_items=[{"supplier": supplier}])
		by_group = self.stocked(item_group=supplied)
		elsewhere = self.stocked(supplier=supplier, item_group=make.make_item_group())

		def items(**filters):
			return {key.item_code for key in self.scope(**filters).keys}

		self.assertEqual(items(item_group=top), {plain, by_default, by_table, by_group})
		self.assertEqual(items(supplier=supplier), {by_default, by_table, by_group, elsewhere})
		self.assertEqual(items(item_group=top, supplier=supplier), {by_default, by_table, by_group})
		self.assertEqual(items(item_group=supplied), {by_group})
