"""Two companies with an agent each, and everybody who might look in."""

from __future__ import annotations

import json
from typing import Any

import frappe
from frappe.utils import add_days, nowdate

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase
from rl_replenishment.tests.security.http import Visitor, served

ASK = {"kind": "Initial", "algorithm": "Pathwise", "seconds": 60, "timesteps": None, "seed": 0}
BUYING = ("Purchase Manager", "Purchase User", "Stock User")


class World:
	"""A company, what it buys, its agent, and what that has done."""

	def __init__(self, company: str, warehouses: list[str]) -> None:
		self.company, self.warehouses = company, warehouses
		self.suppliers = [make.make_supplier() for _ in warehouses]
		self.items = [make.make_item(supplier, item_name=make.unique("Thing")) for supplier in self.suppliers]
		for item, warehouse in zip(self.items, warehouses, strict=True):
			make.sell_every_day(item, warehouse, 4)
			defaults = {"company": company, "default_warehouse": warehouse}
			frappe.get_doc("Item", item).update({"item_defaults": [defaults]}).save()
		self.agent = make.make_agent(warehouses, self.items, company=company, holdout_days=7).name
		settings = frappe.get_doc("RL Agent Settings", self.agent)
		self.policy, _stored = policy_store.make_classical(settings)
		# a second, so that there is one to promote and one to go back to
		policy_store.make_classical(settings)
		self.file = frappe.db.get_value("RL Policy", self.policy, "file")
		self.requests = propose(self.agent, force=True)["material_requests"]
		self.proposals = frappe.get_all(
			"RL Proposal", {"agent": self.agent}, pluck="name", order_by="warehouse"
		)
		self.run = frappe.get_all("RL Proposal Run", {"agent": self.agent}, pluck="name")[0]
		training = {"status": "Failed", "settings": json.dumps(ASK), "message": make.unique("Message")}
		self.training = self._insert("RL Training Run", **training)
		self.snooze = self._insert(
			"RL Snooze", item_code=self.items[0], warehouse=warehouses[0], until=add_days(nowdate(), 9)
		)
		self._insert(
			"RL Real Demand", item_code=self.items[0], warehouse=warehouses[0], day=add_days(nowdate(), -9)
		)
		self._insert(
			"RL Lesson",
			company=company,
			kind="Supplier",
			supplier=self.suppliers[0],
			title=make.unique("Lesson"),
			lesson_key=make.unique("key"),
			change_percent=12,
		)
		for item, warehouse, supplier in zip(self.items, warehouses, self.suppliers, strict=True):
			self._insert(
				"RL Feedback",
				company=company,
				item_code=item,
				warehouse=warehouse,
				supplier=supplier,
				proposed_qty=10,
				ordered_qty=7,
				reward=-0.5,
				scale=10,
				settled=1,
				decision_date=nowdate(),
				edit_value=1234,
				edit_value_on=nowdate(),
			)
		self.feedback = frappe.get_all(
			"RL Feedback", {"agent": self.agent}, pluck="name", order_by="warehouse"
		)

	def _insert(self, doctype: str, **values: Any) -> str:
		return frappe.get_doc({"doctype": doctype, "agent": self.agent, **values}).insert().name

	def documents(self) -> dict[str, list[str]]:
		"""All of the app's, by DocType; what suppliers ask is no agent's."""
		return {
			doctype: frappe.get_all(doctype, {"agent": self.agent}, pluck="name", order_by="name")
			if doctype != "RL Agent Settings"
			else [self.agent]
			for doctype in frappe.get_all(
				"DocType", {"module": "RL Replenishment", "istable": 0}, pluck="name", order_by="name"
			)
			if doctype == "RL Agent Settings" or frappe.get_meta(doctype).has_field("agent")
		}

	def as_it_is(self) -> str:
		"""All that the database holds of it."""
		found: dict[str, Any] = {}
		for doctype, names in self.documents().items():
			found[doctype] = [frappe.get_doc(doctype, name).as_dict() for name in names]
			attached = {"attached_to_doctype": doctype, "attached_to_name": ("in", names or [""])}
			found[f"Files of {doctype}"] = frappe.get_all("File", attached, ["*"], order_by="name")
			shared = {"share_doctype": doctype, "share_name": ("in", names or [""])}
			found[f"Shares of {doctype}"] = frappe.get_all("DocShare", shared, ["*"], order_by="name")
		found["requests"] = [
			frappe.get_doc("Material Request", name).as_dict()
			for name in frappe.get_all(
				"Material Request", {"rl_agent": self.agent}, pluck="name", order_by="name"
			)
		]
		return frappe.as_json(found)


class SecurityCase(IntegrationTestCase):
	"""`self.ours` is attacked, `self.theirs` is another company's; `self.visitors` by kind."""

	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		serving = served()
		serving.__enter__()
		cls.addClassCleanup(serving.__exit__, None, None, None)
		cls.ours = World(make.company(), [make.make_warehouse() for _ in range(2)])
		other = make.make_company()
		below = frappe.db.get_value("Warehouse", {"company": other, "is_group": 1})
		cls.theirs = World(other, [make.make_warehouse(below, company=other) for _ in range(2)])
		cls.users = cls.make_users(other)
		cls.visitors = {kind: Visitor(user) for kind, user in cls.users.items()}

	@classmethod
	def make_users(cls, other: str) -> dict[str, str | None]:
		limited, manager = make.make_user(USER, *BUYING), make.make_user(MANAGER, *BUYING)
		foreign_user, foreign_manager = make.make_user(USER, *BUYING), make.make_user(MANAGER, *BUYING)
		website = make.make_user()
		frappe.db.set_value("User", website, "user_type", "Website User")
		for user, allow, value in (
			(limited, "Warehouse", cls.ours.warehouses[0]),
			(manager, "Company", cls.ours.company),
			(foreign_user, "Company", other),
			(foreign_manager, "Company", other),
		):
			permission = {"doctype": "User Permission", "user": user, "allow": allow, "for_value": value}
			frappe.get_doc(permission).insert()
		return {
			"guest": None,
			"website user": website,
			"employee": make.make_user("Employee"),
			"buyer without the app's role": make.make_user(*BUYING),
			"user of another company": foreign_user,
			"manager of another company": foreign_manager,
			"user of one warehouse": limited,
			"manager": manager,
		}

	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.addCleanup(frappe.set_user, "Administrator")

	def assert_refused(self, answer: Any, *statuses: int) -> None:
		if answer.status_code not in (statuses or (401, 403, 404, 417)):
			self.fail(f"{answer.status_code}: {answer.get_data()[:2000]!r}")
