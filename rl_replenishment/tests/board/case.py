"""A board to test on: an agent that has proposed from two suppliers."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import frappe

from rl_replenishment import api
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class BoardCase(RolledBackCase):
	#: further settings of the agent
	settings: ClassVar[dict[str, Any]] = {}

	def setUp(self) -> None:
		super().setUp()
		# the setup wizard lets what is paid first into the price list, and that is told
		frappe.db.set_single_value("Stock Settings", "auto_insert_price_list_rate_if_missing", 0)
		self.suppliers = [make.make_supplier(), make.make_supplier()]
		self.warehouse = make.make_warehouse()
		packed = {"packs": {"Box of 12": 12.0}}
		self.items = [
			make.make_item(self.suppliers[0]),
			make.make_item(self.suppliers[0], **packed),
			make.make_item(self.suppliers[1]),
		]
		for item, rate in zip(self.items, (2, 4, 3), strict=True):
			make.sell_every_day(item, self.warehouse, rate)
		make.make_stock(self.items[0], self.warehouse, 10)
		self.agent = make.make_agent([self.warehouse], self.items, **self.settings)
		self.requests = propose(self.agent.name, force=True)["material_requests"]

	def board(self) -> dict[str, Any]:
		return api.board(self.agent.name)

	def line(self, item: int) -> dict[str, Any]:
		return next(line for line in self.board()["lines"] if line["item_code"] == self.items[item])

	def approve(self, *, submit: bool = True, **changes: Any) -> list[dict[str, Any]]:
		"""All that is on the board; `changes` are quantities, or (quantity, reason), by "item0" and so on."""
		changed = {self.items[int(name[-1])]: value for name, value in changes.items()}
		groups: dict[tuple[str, str], dict[str, Any]] = {}
		for line in self.board()["lines"]:
			key = (line["company"], line["supplier"])
			group = groups.setdefault(
				key, {"supplier": line["supplier"], "company": line["company"], "lines": {}}
			)
			wish = changed.get(line["item_code"], line["qty"])
			qty, reason = wish if isinstance(wish, tuple) else (wish, "")
			group["lines"][line["proposal"]] = {"qty": qty, "reason": reason, "seen": line["modified"]}
		# a request sends texts
		return api.board_approve(json.dumps(list(groups.values())), submit=str(int(submit)))
