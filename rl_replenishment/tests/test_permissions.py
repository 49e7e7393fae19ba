"""Who may do what: managers steer the agents, users look, everybody else sees nothing."""

from __future__ import annotations

from contextlib import contextmanager
from unittest.mock import patch

import frappe
from frappe.utils import add_days, nowdate

from rl_replenishment import api
from rl_replenishment.bridge.policies import promotion
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

READ_BY_USERS = (
	"RL Agent Settings",
	"RL Proposal",
	"RL Proposal Run",
	"RL Feedback",
	"RL Training Run",
	"RL Policy",
)


class TestPermissions(IntegrationTestCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.manager, cls.user = make.make_user(MANAGER), make.make_user(USER)
		cls.buyer = make.make_user("Purchase User")
		cls.agent = make.make_agent([make.make_warehouse()], [make.make_item()])
		cls.training = cls.insert("RL Training Run", status="Failed")
		cls.policy = cls.insert("RL Policy", version=1)
		cls.round = cls.insert("RL Proposal Run")

	@classmethod
	def insert(cls, doctype: str, **values):
		return frappe.get_doc({"doctype": doctype, "agent": cls.agent.name, **values}).insert()

	def setUp(self) -> None:
		self.addCleanup(frappe.set_user, "Administrator")

	@contextmanager
	def acting_as(self, user: str):
		frappe.set_user(user)
		try:
			yield
		finally:
			frappe.set_user("Administrator")

	def calls(self):
		"""Every whitelisted function, with what it hands over to the bridge."""
		agent, run, policy = self.agent.name, self.training.name, self.policy.name
		return (
			(api.propose_now, (agent,), (proposal_run, "enqueue"), (agent,)),
			(api.train, (agent,), (training_asking, "enqueue"), (agent,)),
			(api.cancel_run, (self.round.name,), (proposal_run, "cancel"), (self.round.name,)),
			(api.cancel_training, (run,), (training_asking, "cancel"), (run,)),
			(api.retry_training, (run,), (training_asking, "retry"), (run,)),
			(api.promote, (policy, "cheaper"), (promotion, "promote"), (policy, "cheaper")),
			(api.roll_back, (agent, "worse"), (promotion, "roll_back"), (agent, "worse")),
		)

	def test_managers_steer(self):
		for function, given, (module, name), handed_over in self.calls():
			with (
				self.subTest(function.__name__),
				patch.object(module, name, return_value="done") as bridge,
				self.acting_as(self.manager),
			):
				function(*given)
				bridge.assert_called_once_with(*handed_over)

	def test_nobody_else_does(self):
		for user in (self.user, self.buyer, "Guest"):
			for function, given, (module, name), _handed_over in self.calls():
				with (
					self.subTest(function.__name__, user=user),
					patch.object(module, name) as bridge,
					self.acting_as(user),
				):
					self.assertRaises(frappe.PermissionError, function, *given)
					bridge.assert_not_called()

	def test_all_whitelisted_functions_are_tested(self):
		whitelisted = {
			function.__name__ for function in frappe.whitelisted if function.__module__ == api.__name__
		}
		# what only looks is tested with what it shows
		read = {"proposals_of_request", "picture_of_proposal", "value_awaiting_approval", "kept_lately"}
		read |= {"preview", "overview", "progress_of_run", "stock_outs", "getting_started"}
		read |= {"value_of_changes", "usual_company", "picture_of_item", "policy_differences"}
		# what users may do too: test_getting_started and test_proposals_list
		of_users = {"tick", "turn_down"}
		# tests/board
		of_users |= {"board", "board_what_if", "board_picture", "board_approve", "board_snooze", "board_undo"}
		of_users |= {"board_move", "board_move_back", "board_round", "board_from_supplier"}
		# tests/service
		read |= {"service_curve", "set_service_target"}
		self.assertEqual(whitelisted, read | of_users | {call[0].__name__ for call in self.calls()})

	def test_files_of_policies_are_listed_for_who_sees_the_policy(self):
		attached = {"attached_to_doctype": "RL Policy", "attached_to_name": self.policy.name}
		file = frappe.get_doc(
			{"doctype": "File", "file_name": "policy.txt", "content": "weights", "is_private": 1, **attached}
		).insert()
		for company, sees in ((self.agent.company, True), (make.make_company(), False)):
			user = make.make_user(MANAGER)
			permission = {"doctype": "User Permission", "user": user, "allow": "Company"}
			frappe.get_doc({**permission, "for_value": company}).insert()
			with self.subTest(company=company), self.acting_as(user):
				self.assertEqual(frappe.get_list("File", attached, pluck="name") == [file.name], sees)

	def test_what_belongs_to_an_agent_is_seen_by_who_sees_the_agent(self):
		"""Policies, trainings and snoozes name no company; User Permissions on one reach them even so."""
		(item,), (warehouse,) = self.agent.items, self.agent.warehouses
		where = {"item_code": item.item_code, "warehouse": warehouse.warehouse}
		snooze = self.insert("RL Snooze", until=add_days(nowdate(), 9), **where)
		documents = (self.policy, self.training, snooze)
		for company, sees in ((self.agent.company, True), (make.make_company(), False)):
			user = make.make_user(MANAGER)
			permission = {"doctype": "User Permission", "user": user, "allow": "Company"}
			frappe.get_doc({**permission, "for_value": company}).insert()
			for document in documents:
				with self.subTest(document.doctype, company=company), self.acting_as(user):
					listed = frappe.get_list(document.doctype, {"agent": self.agent.name}, pluck="name")
					self.assertEqual(document.name in listed, sees)
					for what in ("read", "delete"):
						self.assertEqual(document.has_permission(what), sees)

	def test_guests_cannot_call(self):
		for function, *_rest in self.calls():
			self.assertNotIn(function, frappe.guest_methods)
			self.assertEqual(frappe.allowed_http_methods_for_whitelisted_func[function], ["POST"])

	def test_users_look_and_change_nothing(self):
		for doctype in READ_BY_USERS:
			with self.subTest(doctype), self.acting_as(self.user):
				for allowed in ("read", "report", "export"):
					self.assertTrue(frappe.has_permission(doctype, allowed), allowed)
				for denied in ("write", "create", "delete"):
					self.assertFalse(frappe.has_permission(doctype, denied), denied)

	def test_a_user_cannot_save_settings(self):
		with self.acting_as(self.user):
			agent = frappe.get_doc("RL Agent Settings", self.agent.name)
			agent.mode = "Submit"
			self.assertRaises(frappe.PermissionError, agent.save)

	def test_managers_set_up_and_clear_away(self):
		with self.acting_as(self.manager):
			for allowed in ("read", "write", "create", "delete"):
				self.assertTrue(frappe.has_permission("RL Agent Settings", allowed), allowed)
			agent = frappe.get_doc("RL Agent Settings", self.agent.name)
			agent.review_frequency = "Daily"
			agent.save()

	def test_records_are_written_by_the_app_alone(self):
		"""Not even a manager makes or changes by hand what the agent has proposed or learned."""
		with self.acting_as(self.manager):
			for doctype in READ_BY_USERS[1:]:
				for denied in ("write", "create"):
					self.assertFalse(frappe.has_permission(doctype, denied), (doctype, denied))

	def test_purchase_roles_keep_their_rights(self):
		"""A purchase user handles requests as ever, and sees what the agent wrote on them."""
		with self.acting_as(self.buyer):
			for doctype in READ_BY_USERS:
				self.assertFalse(frappe.has_permission(doctype, "read"), doctype)
			self.assertTrue(frappe.has_permission("Material Request", "write"))
		with self.acting_as(self.user):
			self.assertFalse(frappe.has_permission("Material Request", "write"))
			self.assertFalse(frappe.has_permission("Purchase Order", "read"))

	def test_a_disabled_agent_proposes_nothing(self):
		self.agent.db_set("enabled", 0)
		self.addCleanup(self.agent.db_set, "enabled", 1)
		with (
			patch.object(proposal_run, "enqueue") as enqueue,
			self.assertRaisesRegex(frappe.ValidationError, "is disabled"),
		):
			api.propose_now(self.agent.name)
		enqueue.assert_not_called()
