"""RL Agent Settings: what an agent may be told, and in which words it is refused."""

from __future__ import annotations

import frappe

from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestAgentSettings(IntegrationTestCase):
	def setUp(self) -> None:
		self.addCleanup(frappe.db.rollback)
		self.warehouse = make.make_warehouse()
		self.item = make.make_item()
		frappe.clear_messages()

	def agent(self, **values):
		return make.make_agent([self.warehouse], [self.item], **values)

	def assert_refused(self, sentence: str, **values) -> None:
		with self.assertRaises(frappe.ValidationError) as refused:
			self.agent(**values)
		self.assertIn(sentence, frappe.utils.strip_html(str(refused.exception)))

	def assert_warned(self, words: str | None) -> None:
		warnings = [
			frappe.utils.strip_html(message["message"])
			for message in frappe.get_message_log()
			if message.get("indicator") == "orange"
		]
		if words is None:
			self.assertEqual(warnings, [])
		else:
			self.assertTrue(any(words in warning for warning in warnings), warnings)

	def test_defaults_that_a_buyer_can_start_with(self):
		"""Whoever gives a name and a warehouse gets an agent that drafts weekly."""
		agent = frappe.get_doc(
			{
				"doctype": "RL Agent Settings",
				"agent_name": make.unique("Agent"),
				"company": make.company(),
				"warehouses": [{"warehouse": self.warehouse}],
				"items": [{"item_code": self.item}],
			}
		).insert()
		self.assertEqual((agent.mode, agent.algorithm, agent.enabled), ("Draft", "Pathwise", 1))
		self.assertEqual((agent.demand_source, agent.history_days), ("Stock Ledger Entry", 730))
		self.assertEqual((agent.review_days, agent.holding_rate, agent.stockout_rate), (7, 0.25, 0.5))
		self.assertEqual((agent.order_cost, agent.max_cover_days, agent.max_run_value), (0, 0, 0))
		self.assertEqual((agent.feedback_weight, agent.auto_promote, agent.group_by_supplier), (0.25, 1, 1))
		self.assertEqual((agent.unmet_demand, agent.default_lead_time_days), ("Lost", 7))
		self.assertEqual((agent.settle_after_days, agent.train_after_feedback), (30, 20))
		self.assertEqual((agent.train_every_days, agent.training_minutes, agent.holdout_days), (7, 10, 90))

	def test_review_days(self):
		for frequency, days in (("Daily", 1), ("Weekly", 7), ("Monthly", 30)):
			agent = frappe.get_doc({"doctype": "RL Agent Settings", "review_frequency": frequency})
			self.assertEqual(agent.review_days, days)

	def test_a_warehouse_is_needed(self):
		agent = self.agent()
		agent.warehouses = []
		with self.assertRaisesRegex(frappe.ValidationError, "Name at least one warehouse"):
			agent.save()

	def test_a_warehouse_of_another_company(self):
		other = make.make_company()
		warehouse = frappe.db.get_value("Warehouse", {"company": other, "is_group": 0})
		agent = self.agent()
		agent.append("warehouses", {"warehouse": warehouse})
		with self.assertRaises(frappe.ValidationError) as refused:
			agent.save()
		self.assertEqual(
			frappe.utils.strip_html(str(refused.exception)),
			f"Row 2: warehouse {warehouse} belongs to company {other}; choose one of {make.company()}, or "
			f"make another agent for {other}.",
		)

	def test_a_group_stands_for_its_leaves(self):
		group = make.make_warehouse(is_group=1)
		inner = make.make_warehouse(group, is_group=1)
		leaves = sorted([make.make_warehouse(group), make.make_warehouse(inner)])
		agent = make.make_agent([group], [self.item])
		self.assertEqual([leaf.name for leaf in read_places(agent).leaves], leaves)

	def test_a_group_without_leaves(self):
		group = make.make_warehouse(is_group=1)
		with self.assertRaisesRegex(frappe.ValidationError, "no warehouse below"):
			make.make_agent([group], [self.item])

	def test_rows_are_named_once(self):
		with self.assertRaisesRegex(frappe.ValidationError, "Row 2: .* is already in row 1"):
			make.make_agent([self.warehouse, self.warehouse], [self.item])
		with self.assertRaisesRegex(frappe.ValidationError, "Row 2: .* is already in row 1"):
			make.make_agent([self.warehouse], [self.item, self.item])

	def test_numbers_out_of_range(self):
		"""The message names the field as the form does, the value and the limit."""
		for field, value, sentence in (
			("holding_cost_rate", -1, "Holding Cost per Year (%) is -1, but cannot be below 0."),
			("holding_cost_rate", 1001, "Holding Cost per Year (%) is 1001, but cannot be above 1000."),
			("stockout_cost_rate", -5, "Cost of a Missing Unit (%) is -5, but cannot be below 0."),
			("stockout_cost_rate", 10001, "cannot be above 10000"),
			("order_cost", -1, "Cost per Order Line is -1, but cannot be below 0."),
			("max_cover_days", -1, "Most Days of Cover is -1, but cannot be below 0."),
			("max_run_value", -1, "Budget per Run is -1, but cannot be below 0."),
			("default_lead_time_days", -1, "Lead Time Where None Is Known (Days) is -1"),
			("default_lead_time_days", 366, "cannot be above 365"),
			("feedback_weight", 1.5, "Weight of Feedback (0 to 1) is 1.5, but cannot be above 1."),
			("training_minutes", 0, "Training Time (Minutes) is 0, but cannot be below 1."),
			("training_minutes", 1441, "Training Time (Minutes) is 1441, but cannot be above 1440."),
			("settle_after_days", -1, "cannot be below 0"),
		):
			with self.subTest(field=field, value=value):
				self.assert_refused(sentence, **{field: value})

	def test_costs_of_nothing(self):
		"""Without one of the two costs there is nothing to weigh."""
		self.assert_refused("no limit to ordering", holding_cost_rate=0)
		self.assert_refused("nothing is worth ordering", stockout_cost_rate=0)

	def test_a_rate_that_nobody_means(self):
		"""A year's stock for more than twice its price is refused; what is rarely meant is asked about."""
		self.assert_refused(
			"Holding Cost per Year (%) is 250: to keep a unit for a year would cost more than twice its "
			"price. For a quarter of the price, enter 25.",
			holding_cost_rate=250,
		)
		self.agent(holding_cost_rate=200)
		self.assert_warned(None)

	def test_a_share_in_place_of_a_percentage(self):
		self.agent(holding_cost_rate=0.25)
		self.assert_warned("Holding Cost per Year (%) is 0.25, in percent of the price.")

	def test_a_missing_unit_beyond_all_measure(self):
		self.agent(stockout_cost_rate=5000)
		self.assert_warned("Cost of a Missing Unit (%) is 5,000")

	def test_history_too_short_to_learn_from(self):
		self.assert_refused(
			"Of 60 days of history, 40 are held out for the test; at least 28 must be left to learn from: "
			"hold out fewer, or use more of the history.",
			history_days=60,
			holdout_days=40,
		)

	def test_a_cap_below_the_lead_time_is_warned_of(self):
		self.agent(max_cover_days=10, default_lead_time_days=7)
		self.assert_warned("10 days of cover are fewer than the 14 days")

	def test_no_warning_without_cause(self):
		self.agent(max_cover_days=14, default_lead_time_days=7)
		self.assert_warned(None)


class TestOwnership(IntegrationTestCase):
	"""Two agents may not own the same item in the same warehouse."""

	def setUp(self) -> None:
		self.addCleanup(frappe.db.rollback)
		self.group = make.make_warehouse(is_group=1)
		self.warehouse = make.make_warehouse(self.group)
		self.item = make.make_item()
		self.first = make.make_agent([self.warehouse], [self.item])

	def assert_shared(self, warehouse: str, item: str, make_second) -> None:
		with self.assertRaises(frappe.ValidationError) as refused:
			make_second()
		self.assertEqual(
			frappe.utils.strip_html(str(refused.exception)),
			f"Item {item} in warehouse {warehouse} already belongs to agent {self.first.name}; "
			"narrow the scope of one of them.",
		)

	def test_the_same_item_in_the_same_warehouse(self):
		self.assert_shared(
			self.warehouse,
			self.item,
			lambda: make.make_agent([self.warehouse], [make.make_item(), self.item]),
		)

	def test_a_group_that_holds_the_warehouse(self):
		make.make_warehouse(self.group)
		self.assert_shared(self.warehouse, self.item, lambda: make.make_agent([self.group], [self.item]))

	def test_an_item_group_above_that_of_the_item(self):
		above = make.make_item_group(is_group=1)
		below = make.make_item_group(above)
		frappe.db.set_value("Item", self.item, "item_group", below)
		self.assert_shared(
			self.warehouse, self.item, lambda: make.make_agent([self.warehouse], item_group=above)
		)
		# but not one beside it
		make.make_agent([self.warehouse], item_group=make.make_item_group(above))

	def test_a_supplier_of_the_item(self):
		supplier = make.make_supplier()
		item = make.make_item(supplier)
		self.first.append("items", {"item_code": item})
		self.first.save()
		self.assert_shared(self.warehouse, item, lambda: make.make_agent([self.warehouse], supplier=supplier))
		make.make_agent([self.warehouse], supplier=make.make_supplier())

	def test_other_items_or_other_warehouses_are_free(self):
		make.make_agent([self.warehouse], [make.make_item()])
		make.make_agent([make.make_warehouse(self.group)], [self.item])

	def test_disabled_agents_own_nothing(self):
		second = make.make_agent([self.warehouse], [self.item], enabled=0)
		second.enabled = 1
		with self.assertRaisesRegex(frappe.ValidationError, "already belongs to agent"):
			second.save()
		second.reload()
		second.enabled = 1
		self.first.enabled = 0
		self.first.save()
		second.save()

	def test_an_agent_is_no_rival_of_itself(self):
		self.first.reload()
		self.first.save()


class TestAutoReorder(IntegrationTestCase):
	"""ERPNext's own auto re-order for an item in scope is warned of, and nothing is blocked."""

	def setUp(self) -> None:
		self.addCleanup(frappe.db.rollback)
		self.warehouse = make.make_warehouse()
		frappe.db.set_single_value("Stock Settings", "auto_indent", 1)
		self.addCleanup(frappe.clear_document_cache, "Stock Settings", "Stock Settings")

	def reordered_item(self, request_type: str = "Purchase", warehouse: str | None = None) -> str:
		return make.make_item(
			reorder_levels=[
				{
					"warehouse": warehouse or self.warehouse,
					"warehouse_reorder_level": 5,
					"warehouse_reorder_qty": 10,
					"material_request_type": request_type,
				}
			]
		)

	def warnings_for(self, *items: str) -> list[str]:
		frappe.clear_messages()
		make.make_agent([self.warehouse], items)
		return [
			frappe.utils.strip_html(message["message"])
			for message in frappe.get_message_log()
			if "auto re-order" in message["message"]
		]

	def test_items_with_levels_are_named(self):
		item = self.reordered_item()
		(warning,) = self.warnings_for(item, make.make_item())
		self.assertIn(f"has re-order levels for {item}: both would order.", warning)

	def test_many_items_are_counted(self):
		(warning,) = self.warnings_for(*(self.reordered_item() for _ in range(7)))
		self.assertIn("and 2 more", warning)

	def test_nothing_to_warn_of(self):
		elsewhere = make.make_warehouse()
		self.assertEqual(self.warnings_for(make.make_item(), self.reordered_item(warehouse=elsewhere)), [])
		self.assertEqual(self.warnings_for(self.reordered_item("Transfer")), [])

	def test_switched_off(self):
		frappe.db.set_single_value("Stock Settings", "auto_indent", 0)
		self.assertEqual(self.warnings_for(self.reordered_item()), [])


class TestDeletion(IntegrationTestCase):
	def setUp(self) -> None:
		self.addCleanup(frappe.db.rollback)
		self.item, self.warehouse = make.make_item(), make.make_warehouse()
		self.agent = make.make_agent([self.warehouse], [self.item])

	def insert(self, doctype: str, **values):
		return frappe.get_doc({"doctype": doctype, "agent": self.agent.name, **values}).insert()

	def test_an_unused_agent_takes_its_own_with_it(self):
		policy = self.insert("RL Policy", version=1, status="Active")
		self.agent.db_set("active_policy", policy.name)
		run = self.insert("RL Training Run", status="Failed")
		self.agent.delete()
		self.assertFalse(frappe.db.exists("RL Policy", policy.name))
		self.assertFalse(frappe.db.exists("RL Training Run", run.name))

	def test_an_agent_that_has_proposed_stays(self):
		self.insert("RL Proposal", item_code=self.item, warehouse=self.warehouse)
		with self.assertRaisesRegex(frappe.LinkExistsError, "disable it instead"):
			self.agent.delete()

	def test_the_policy_in_use_stays(self):
		policy = self.insert("RL Policy", version=1, status="Active")
		with self.assertRaisesRegex(frappe.ValidationError, "is in use by agent"):
			policy.delete()
		policy.db_set("status", "Archived")
		policy.delete()

	def test_a_buyer_may_delete_a_draft_that_was_proposed(self):
		request = make.make_material_request(self.item, self.warehouse, 5, rl_agent=self.agent.name)
		proposal = self.insert(
			"RL Proposal", item_code=self.item, warehouse=self.warehouse, material_request=request.name
		)
		request.items[0].db_set("rl_proposal", proposal.name)
		request.reload().delete()
		self.assertFalse(frappe.db.exists("Material Request", request.name))

	def test_versions_are_counted_per_agent(self):
		self.assertEqual(self.insert("RL Policy", version=3).name, f"{self.agent.name}-v3")
		with self.assertRaises(frappe.DuplicateEntryError):
			self.insert("RL Policy", version=3)
