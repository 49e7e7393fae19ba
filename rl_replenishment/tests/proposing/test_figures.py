"""Numbers as people write them: in documents to the decimals of their unit, in words in the site's format."""

from __future__ import annotations

import json
from unittest.mock import patch

import frappe
import numpy as np
from frappe.utils import fmt_money

from rl_replenishment import api
from rl_replenishment.bridge import figures
from rl_replenishment.bridge.policies.promotion import Difference, _in_words
from rl_replenishment.rl_replenishment.report.rl_stock_health.rl_stock_health import execute
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestFigures(IntegrationTestCase):
	def setUp(self) -> None:
		# a run commits: what a test makes is taken away at its end
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.db.rollback)
		self.warehouse, self.supplier = make.make_warehouse(), make.make_supplier()

	def proposed(self, item: str, daily: float, on_hand: float = 0.0, **values):
		"""A run's proposal and the line of its request; and what else the run wrote of it."""
		make.sell_every_day(item, self.warehouse, daily)
		if on_hand:
			make.make_stock(item, self.warehouse, on_hand, rate=0.0037)
		agent = make.make_agent([self.warehouse], [item], holdout_days=0, **values)
		(self.previewed,) = api.preview(agent.name)["lines"]
		done = propose(agent.name, force=True)
		proposal = frappe.get_last_doc("RL Proposal", {"agent": agent.name})
		(line,) = frappe.get_doc("Material Request", done["material_requests"][0]).items
		return agent, done, proposal, line

	def test_single_precision_reaches_no_document(self) -> None:
		kilo = make.make_uom("RL Test Kilo", whole=False)
		item = make.make_item(self.supplier, stock_uom=kilo, valuation_rate=0.0037)
		agent, done, proposal, line = self.proposed(item, 33.371, 4.8)
		self.assertEqual(line.qty, round(line.qty, 3))
		self.assertEqual(line.rl_proposed_qty, line.qty)
		self.assertEqual(proposal.proposed_qty, line.qty)
		self.assertEqual(proposal.rate, 0.0037)
		self.assertEqual(json.loads(proposal.state)["on_hand"], 4.8)
		run = frappe.get_doc("RL Proposal Run", done["run"])
		self.assertEqual(run.order_value, round(proposal.proposed_qty * 0.0037, 2))
		(row,) = execute({"agent": agent.name})[1]
		self.assertEqual((row["on_hand"], row["on_order"], row["daily_demand"]), (4.8, line.qty, 33.371))

	def test_packs_to_the_last_digit(self) -> None:
		"""Drums of 33.33 kg: the factor as ERPNext has it, and whole drums of just that."""
		kilo, drum = make.make_uom("RL Test Kilo", whole=False), make.make_uom("RL Test Drum")
		item = make.make_item(self.supplier, stock_uom=kilo, packs={drum: 33.33})
		_agent, _done, proposal, line = self.proposed(item, 700)
		self.assertEqual(line.conversion_factor, 33.33)
		self.assertEqual(line.qty, round(line.qty))
		self.assertEqual(line.stock_qty, round(line.qty * 33.33, 3))
		self.assertEqual(proposal.proposed_qty, line.stock_qty)
		self.assertEqual(self.previewed["proposed_qty"], line.stock_qty)

	def test_whole_units(self) -> None:
		self.assertEqual(figures.quantity(np.float32(7.0000001), is_whole=True), 7)
		self.assertEqual(figures.quantity(np.float32(704.8)), 704.8)
		self.assertEqual(figures.quantity(np.float32(300 * 33.33), pack=33.33), 9999)
		self.assertEqual(figures.quantity(np.float32(1.23456)), 1.235)
		frappe.db.set_default("float_precision", 2)
		self.assertEqual(figures.quantity(np.float32(1.23456)), 1.23)

	def test_words(self) -> None:
		for number_format, shown in (
			("#,###.##", ("2,711,290", "704.8", "33.333", "-0.5", "0")),
			("#.###,##", ("2.711.290", "704,8", "33,333", "-0,5", "0")),
			("#,###", ("2,711,290", "705", "33", "-1", "0")),
		):
			frappe.db.set_default("number_format", number_format)
			values = (2711290.0, np.float32(704.8), 100 / 3, -0.5 if number_format != "#,###" else -0.6, 1e-7)
			self.assertEqual(tuple(map(figures.words, values)), shown)

	def test_a_cut_is_told_in_the_sites_format(self) -> None:
		frappe.db.set_default("number_format", "#.###,##")
		item = make.make_item(self.supplier, min_order_qty=0)
		_agent, _done, proposal, line = self.proposed(item, 100_000, max_cover_days=12)
		self.assertEqual(line.qty % 1, 0)
		self.assertNotRegex(proposal.explanation, r"\de\+\d")
		self.assertIn("Cut to 1.", proposal.explanation)

	def test_how_much_better_in_the_sites_format(self) -> None:
		frappe.db.set_default("number_format", "#.###,##")
		words = _in_words(Difference("rule", -0.1234, -0.2, 0.0312), "the rule")
		self.assertEqual(words, "12,3 % less than the rule (95 % interval -20,0 to +3,1 %)")

	def test_reasons_in_the_sites_format(self) -> None:
		frappe.db.set_default("number_format", "#.###,##")
		item = make.make_item(self.supplier)
		_agent, _done, proposal, _line = self.proposed(item, 1234.6)
		self.assertRegex(proposal.explanation, r"expected at 17\.\d{3} to 17\.\d{3}, .* order 1\d\.\d{3}\.")
		write = figures.writer()
		self.assertEqual([write(value) for value in (1.6, 12.4, 3, -1234.5)], ["1,6", "12", "3", "-1.234"])
		frappe.db.set_default("number_format", "#,##,###.##")
		self.assertEqual([figures.writer()(value) for value in (1.6, 1234567)], ["1.6", "12,34,567"])

	def test_every_format_that_there_is(self) -> None:
		"""As Frappe itself writes it."""
		field = frappe.get_meta("System Settings").get_field("number_format")
		for number_format in field.options.split("\n"):
			with patch.object(frappe.db, "get_default", return_value=number_format):
				write = figures.writer()
			for value, places in ((1234567.0, 0), (-1234.4, 0), (2.4, 1)):
				expected = fmt_money(value, precision=places, format=number_format)
				self.assertEqual(write(value), expected, number_format)
