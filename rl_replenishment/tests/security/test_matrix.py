"""Everybody who might look in, times everything that the app has: generated from its own metadata.

Whatever is added to the app, a DocType, a method, a report, a card, is among it by itself; a method with an
argument that nobody here knows fails the test until it is told what to send.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import frappe
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt
from frappe.utils import add_days, nowdate
from werkzeug.test import TestResponse

from rl_replenishment import api
from rl_replenishment.bridge.visibility import ROWS, doctypes
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.security.case import SecurityCase

MODULE = {"module": "RL Replenishment"}
#: whoever may read a request may see what an agent says of it
OF_REQUESTS = ("proposals_of_request", "picture_of_proposal", "outcome_of_request")
REFUSED = (400, 401, 403, 404, 409, 417)


class TestMatrix(SecurityCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.secrets = {
			*(cls.ours.agent, *cls.ours.items, *cls.ours.warehouses, *cls.ours.suppliers),
			*frappe.get_all("Item", {"name": ("in", cls.ours.items)}, pluck="item_name"),
		}
		#: what the user of the first warehouse may know
		cls.first = {
			*(cls.ours.items[0], cls.ours.warehouses[0], cls.ours.suppliers[0]),
			frappe.db.get_value("Item", cls.ours.items[0], "item_name"),
		}

	# who may what

	def hidden_from(self, kind: str) -> set[str]:
		"""Words that no answer to them may hold."""
		if kind == "manager":
			return set()
		# of its first warehouse the user sees the rows, and they name their agent
		return (
			self.secrets - self.first - {self.ours.agent} if kind == "user of one warehouse" else self.secrets
		)

	def role_allows(self, kind: str, doctype: str, what: str) -> bool:
		roles = frappe.get_roles(self.users[kind] or "Guest")
		return any(row.get(what) and row.role in roles for row in frappe.get_meta(doctype).permissions)

	def is_seen(self, kind: str, doctype: str, name: str) -> bool:
		if kind == "user of one warehouse":
			return (
				doctype in ROWS and frappe.db.get_value(doctype, name, "warehouse") == self.ours.warehouses[0]
			)
		return kind == "manager"

	def allows(self, kind: str, doctype: str, name: str, what: str) -> bool:
		return self.role_allows(kind, doctype, what) and self.is_seen(kind, doctype, name)

	# what came of it

	def assert_tells_nothing(self, kind: str, answer: TestResponse, *sent: Any) -> None:
		text, known = answer.get_data().decode(errors="replace"), json.dumps(sent, default=str)
		told = {word for word in self.hidden_from(kind) if word in text and word not in known}
		self.assertEqual(told, set(), (answer.status_code, answer.request.path))

	def assert_answers(self, kind: str, answer: TestResponse, allowed: bool, *sent: Any) -> None:
		self.assert_tells_nothing(kind, answer, *sent)
		where = (kind, answer.request.path, sent, answer.status_code)
		if allowed:
			self.assertEqual(answer.status_code, 200, (where, answer.text[-800:]))
		else:
			self.assertIn(answer.status_code, REFUSED, (where, answer.get_data()[:300]))

	# documents

	def cells(self) -> Iterator[tuple[str, str, list[str]]]:
		documents = self.ours.documents()
		# what suppliers ask is as open as Supplier itself
		self.assertEqual(sorted([*documents, "RL Supplier Terms"]), doctypes())
		for kind in self.visitors:
			for doctype, names in documents.items():
				self.assertTrue(names, doctype)
				yield kind, doctype, names

	def test_reading(self) -> None:
		for kind, doctype, names in self.cells():
			visitor = self.visitors[kind]
			for name in {names[0], names[-1]}:
				allowed = self.allows(kind, doctype, name, "read")
				document = {"doctype": doctype, "name": name}
				with self.subTest(kind, doctype=doctype, name=name):
					for answer in (
						visitor.get(f"/api/resource/{doctype}/{name}"),
						visitor.get(f"/api/v2/document/{doctype}/{name}"),
						visitor.ask("frappe.client.get", **document),
						visitor.ask("frappe.desk.form.load.getdoc", **document),
					):
						self.assert_answers(kind, answer, allowed, name)
					value = visitor.ask(
						"frappe.client.get_value", doctype=doctype, filters={"name": name}, fieldname='["*"]'
					)
					self.assert_tells_nothing(kind, value, name)
					if not allowed:
						self.assertFalse((value.json or {}).get("message"), value.text[:300])
					printed = visitor.get("/printview", doctype=doctype, name=name)
					self.assert_tells_nothing(kind, printed, name)
					self.assertEqual(printed.status_code == 200, self.allows(kind, doctype, name, "print"))

	def test_lists(self) -> None:
		for kind, doctype, names in self.cells():
			visitor = self.visitors[kind]
			seen = {name for name in names if self.allows(kind, doctype, name, "read")}
			filters = [["name", "in", names]]
			with self.subTest(kind, doctype=doctype):
				lists = [
					visitor.get(f"/api/resource/{doctype}", fields='["*"]', limit_page_length=0),
					visitor.ask(
						"frappe.client.get_list", doctype=doctype, fields='["*"]', limit_page_length=0
					),
					visitor.call(
						"frappe.desk.reportview.get", doctype=doctype, fields='["*"]', page_length=9999
					),
				]
				for answer in lists:
					self.assert_tells_nothing(kind, answer)
					text = answer.text
					self.assertEqual({name for name in names if f'"{name}"' in text}, seen)
				counted = {"doctype": doctype, "filters": filters}
				counts = [
					visitor.ask("frappe.client.get_count", **counted),
					visitor.ask(
						"frappe.desk.reportview.get_count", doctype=doctype, filters=filters, fields="[]"
					),
				]
				for answer in counts:
					found = answer.json.get("message") if answer.status_code == 200 else 0
					self.assertEqual(found or 0, len(seen), answer.text[:300])
				export = visitor.call(
					"frappe.desk.reportview.export_query",
					doctype=doctype,
					fields='["*"]',
					file_format_type="CSV",
					title=doctype,
				)
				self.assert_tells_nothing(kind, export)
				search = visitor.ask(
					"frappe.desk.search.search_link", doctype=doctype, txt="", page_length=999
				)
				self.assert_tells_nothing(kind, search)
				for name in set(names) - seen:
					self.assertNotIn(f'"{name}"', search.text)

	def test_child_tables_and_files(self) -> None:
		for kind, visitor in self.visitors.items():
			for doctype in doctypes():
				for table in frappe.get_meta(doctype).get_table_fields():
					with self.subTest(kind, table=table.options):
						rows = {"doctype": table.options, "parent": doctype, "fields": '["*"]'}
						answer = visitor.ask("frappe.client.get_list", **rows, limit_page_length=0)
						self.assert_tells_nothing(kind, answer)
						rows = {"doctype": table.options, "parent_doctype": doctype, "fields": '["*"]'}
						self.assert_tells_nothing(kind, visitor.call("frappe.desk.reportview.get", **rows))
			with self.subTest(kind):
				fields = '["name", "file_name", "file_url", "attached_to_name"]'
				for filters in ("[]", '[["attached_to_doctype", "like", "RL%"]]'):
					answer = visitor.get(
						"/api/resource/File", fields=fields, filters=filters, limit_page_length=0
					)
					self.assert_tells_nothing(kind, answer)
				text = {"text": "rl_policy"}
				self.assert_tells_nothing(
					kind, visitor.ask("frappe.core.api.file.get_files_by_search_text", **text)
				)
				self.assertEqual(visitor.get(self.ours.file).status_code == 200, kind == "manager")

	def test_changing(self) -> None:
		before = self.ours.as_it_is()
		for kind, doctype, names in self.cells():
			visitor, name = self.visitors[kind], names[0]
			may = {
				what: self.allows(kind, doctype, name, what) for what in ("write", "delete", "share", "read")
			}
			document = {"doctype": doctype, "name": name}
			copy = {**frappe.get_doc(doctype, name).as_dict(convert_dates_to_str=True), "name": None}
			copy |= {"agent_name": "New", "__islocal": 1}
			myself = self.users[kind] or "Guest"
			with self.subTest(kind, doctype=doctype):
				tries = []
				if not may["write"]:
					tries += [
						visitor.put(f"/api/resource/{doctype}/{name}", docstatus=0),
						visitor.call(
							"frappe.client.set_value", **document, fieldname={"idx": 7, "status": "x"}
						),
						visitor.call("frappe.client.submit", doc={**copy, "name": name}),
						visitor.call("frappe.client.cancel", **document),
						visitor.call(
							"frappe.client.save", doc={**copy, "name": name, "__islocal": 0, "docstatus": 0}
						),
					]
				if not (self.role_allows(kind, doctype, "create") and self.is_seen(kind, doctype, name)):
					tries += [
						visitor.post(f"/api/resource/{doctype}", **copy),
						visitor.call("frappe.client.insert_many", docs=[copy]),
					]
				if not may["delete"]:
					tries += [
						visitor.delete(f"/api/resource/{doctype}/{name}"),
						visitor.call("frappe.client.delete", **document),
					]
				if not may["share"]:
					tries.append(visitor.call("frappe.share.add", **document, user=myself, read=1, write=1))
				if not may["read"]:
					comment = {"reference_doctype": doctype, "reference_name": name, "content": "x"}
					comment |= {"comment_email": myself, "comment_by": myself}
					tries.append(visitor.call("frappe.desk.form.utils.add_comment", **comment))
					assigned = {**document, "assign_to": json.dumps([myself]), "description": "x"}
					tries.append(visitor.call("frappe.desk.form.assign_to.add", **assigned))
				for answer in tries:
					self.assert_answers(kind, answer, False, name, copy)
				items = json.dumps([name])
				visitor.call("frappe.desk.reportview.delete_items", doctype=doctype, items=items)
				if not may["delete"]:
					self.assertEqual(self.ours.as_it_is(), before)
			frappe.db.rollback(save_point="before_test")
			frappe.db.savepoint("before_test")

	# methods

	def arguments(self, function: Any) -> dict[str, Any]:
		known = {
			"agent": self.ours.agent,
			"run": self.ours.run,
			"policy": self.ours.policy,
			"training_run": self.ours.training,
			"material_request": self.request_of(1),
			"proposal": self.ours.proposals[1],
			"proposals": json.dumps(self.ours.proposals),
			"reason": "why not",
			"what": "backtest",
			"filters": "{}",
			# of the board
			"groups": "[]",
			"orders": "[]",
			"requests": json.dumps([self.request_of(1)]),
			"quantities": json.dumps({self.ours.proposals[1]: 3}),
			"qty": 3,
			"company": self.ours.company,
			"supplier": "Nobody",
			"lines": json.dumps({self.ours.proposals[1]: 3}),
			"until": add_days(nowdate(), 3),
			"from_drafts": 1,
			"item_code": self.ours.items[1],
			"warehouse": self.ours.warehouses[1],
			# of service
			"scope": "All Items",
			"of": "",
			"fill_rate": 98,
			"stockout_cost_rate": 0,
			**self.sent_by_trainers(),
		}
		names = inspect.signature(function).parameters
		self.assertLessEqual(set(names), set(known), f"what is to be sent to {function.__name__}?")
		return {name: known[name] for name in names}

	def sent_by_trainers(self) -> dict[str, Any]:
		"""To `remote_api`."""
		line = {"item_code": self.ours.items[0], "warehouse": self.ours.warehouses[0], "qty": 3}
		return {
			"training_id": "0123456789abcdef" * 2,
			"trainer": "a machine",
			"kind": "Initial",
			"seconds": 1,
			"timesteps": 1,
			"seed": 1,
			"percent": 1,
			"message": "at it",
			"start": 0,
			"data": "AAAA",
			"sha256": "0" * 64,
			"metrics": "{}",
			"limit": 10,
			"moment": "",
			"lines": json.dumps([line]),
			"key": "0123456789abcdef" * 2,
			"submit": False,
		}

	def request_of(self, number: int) -> str:
		return frappe.db.get_value("RL Proposal", self.ours.proposals[number], "material_request")

	def methods(self) -> list[Any]:
		found = [f for f in frappe.whitelisted if f.__module__.startswith("rl_replenishment.")]
		self.assertGreater(len(found), 15)
		return sorted(found, key=lambda function: function.__name__)

	def test_methods(self) -> None:
		before = self.ours.as_it_is()
		for kind, visitor in self.visitors.items():
			for function in self.methods():
				arguments = self.arguments(function)
				endpoint = f"{function.__module__}.{function.__name__}"
				verbs = frappe.allowed_http_methods_for_whitelisted_func[function]
				with self.subTest(kind, method=endpoint):
					send = visitor.ask if verbs == ["GET"] else visitor.call
					answer = send(endpoint, **arguments)
					names_ours = set(arguments) - {"filters", "what", "reason"}
					if function.__name__ in OF_REQUESTS:
						user = self.users[kind] or "Guest"
						request = frappe.get_doc("Material Request", arguments["material_request"])
						allowed = request.has_permission("read", user=user)
					elif names_ours:
						allowed = kind == "manager"
					else:
						allowed = self.role_allows(kind, "RL Proposal", "read")
					if kind == "manager":
						# whatever it makes of it, it is not for want of permission
						self.assertNotIn(answer.status_code, (401, 403, 500), answer.text[-500:])
					elif function.__module__ == api.__name__ and function.__name__.startswith("board"):
						# answers with what the visitor may see: nothing of ours in another company
						if "another company" in kind:
							self.assertNotIn(self.ours.items[0], answer.text)
							self.assertEqual(self.ours.as_it_is(), before)
						elif kind != "user of one warehouse" and not self.role_allows(
							kind, "RL Proposal", "read"
						):
							self.assertIn(answer.status_code, REFUSED, answer.text[-500:])
					elif not (allowed and kind == "buyer without the app's role"):
						self.assert_answers(kind, answer, allowed, arguments)
						if verbs == ["POST"]:
							self.assertEqual(self.ours.as_it_is(), before)
					if verbs == ["POST"]:
						self.assertIn(visitor.ask(endpoint, **arguments).status_code, (*REFUSED, 405))
				frappe.db.rollback(save_point="before_test")
				frappe.db.savepoint("before_test")

	def test_another_sites_page_cannot_post(self) -> None:
		"""Signed in or not: without the session's token nothing is done."""
		endpoint = "/api/method/rl_replenishment.api.propose_now"
		answer = self.visitors["manager"].without_token(endpoint, agent=self.ours.agent)
		self.assertEqual(answer.status_code, 400, answer.text[:300])
		self.assertIn("CSRFTokenError", answer.text)

	def test_what_is_no_name(self) -> None:
		"""Never comes to the database, whoever sends it."""
		strange = (
			[],
			{},
			["like", "%"],
			{"name": ["like", "%"]},
			5,
			None,
			"",
			"%",
			"x" * 2000,
			"a\u0000b",
			"'",
		)
		visitor = self.visitors["manager"]
		for function in self.methods():
			arguments = self.arguments(function)
			send = (
				visitor.call if "POST" in frappe.allowed_http_methods_for_whitelisted_func[function] else None
			)
			for name in arguments if send else ():
				for value in strange:
					with self.subTest(function.__name__, argument=name, value=str(value)[:20]):
						endpoint = f"{function.__module__}.{function.__name__}"
						answer = visitor.call(endpoint, **{**arguments, name: value})
						self.assertLess(answer.status_code, 500, answer.text[-500:])
					frappe.db.rollback(save_point="before_test")
					frappe.db.savepoint("before_test")

	# reports, charts, cards

	def reports(self) -> Iterator[tuple[str, dict[str, Any]]]:
		asked = ({}, {"agent": self.ours.agent}, {"company": self.ours.company}, {"policy": self.ours.policy})
		for report in frappe.get_all("Report", MODULE, pluck="name", order_by="name"):
			for filters in asked:
				yield report, filters
		yield "RL Backtest", {"agent": self.ours.agent, "by": "Item"}
		yield "RL Supplier Lead Times", {"company": self.ours.company, "by_item": 1}
		for group in ("Item", "Supplier", "Agent", "Buyer"):
			yield "RL Feedback Analysis", {"company": self.ours.company, "group_by": group}

	def test_reports(self) -> None:
		self.receive()
		for kind, visitor in self.visitors.items():
			has_role = self.role_allows(kind, "RL Proposal", "read")
			for report, filters in self.reports():
				if filters and not has_role:
					continue
				with self.subTest(kind, report=report, filters=filters):
					values = {"report_name": report, "filters": json.dumps(filters)}
					answer = visitor.ask("frappe.desk.query_report.run", **values)
					self.assert_tells_nothing(kind, answer, filters)
					if not has_role:
						self.assertIn(answer.status_code, REFUSED, answer.text[:300])
					elif kind == "manager":
						self.assertEqual(answer.status_code, 200, answer.text[-500:])
					export = visitor.call(
						"frappe.desk.query_report.export_query", **values, file_format_type="CSV"
					)
					self.assert_tells_nothing(kind, export, filters)

	def receive(self) -> None:
		"""Goods of both suppliers, so that there are lead times to tell."""
		for item, warehouse, supplier in zip(
			self.ours.items, self.ours.warehouses, self.ours.suppliers, strict=True
		):
			order = make.make_purchase_order(supplier, item, warehouse, 3, add_days(nowdate(), -20))
			receipt = make_purchase_receipt(order.name)
			receipt.insert()
			receipt.submit()

	def test_what_a_user_of_one_warehouse_adds_up(self) -> None:
		"""Rows are left out before they are added up: half of everything is the other warehouse's."""
		self.receive()
		limited, manager = self.visitors["user of one warehouse"], self.visitors["manager"]

		def rows(visitor: Any, report: str, **filters: Any) -> list[dict[str, Any]]:
			values = {"report_name": report, "filters": json.dumps({"company": self.ours.company, **filters})}
			answer = visitor.ask("frappe.desk.query_report.run", **values).json["message"]
			return [row for row in answer["result"] if isinstance(row, dict)]

		for report, filters, total in (
			("RL Feedback Analysis", {"group_by": "Agent"}, "line_count"),
			("RL Edit Value", {"group_by": "Agent"}, "net"),
		):
			with self.subTest(report):
				both, one = (
					[row for row in rows(each, report, **filters) if row["group_name"] == self.ours.agent]
					for each in (manager, limited)
				)
				self.assertEqual(both[0][total], 2 * one[0][total])
		health = rows(limited, "RL Stock Health", agent=self.ours.agent)
		self.assertEqual([row["warehouse"] for row in health], [self.ours.warehouses[0]])
		self.assertEqual(len(rows(manager, "RL Stock Health", agent=self.ours.agent)), 2)
		lead_times = [row["supplier"] for row in rows(limited, "RL Supplier Lead Times")]
		self.assertIn(self.ours.suppliers[0], lead_times)
		self.assertNotIn(self.ours.suppliers[1], lead_times)

	def test_cards_charts_and_pages(self) -> None:
		for kind, visitor in self.visitors.items():
			has_role = self.role_allows(kind, "RL Proposal", "read")
			for name in frappe.get_all("Number Card", MODULE, pluck="name"):
				card = frappe.get_doc("Number Card", name)
				with self.subTest(kind, card=name):
					if card.type == "Document Type":
						doc = card.as_dict(convert_dates_to_str=True)
						values = {"doc": json.dumps(doc), "filters": card.filters_json}
						answer = visitor.call(
							"frappe.desk.doctype.number_card.number_card.get_result", **values
						)
					else:
						answer = visitor.call(card.method, filters="[]")
					self.assert_tells_nothing(kind, answer)
					if not has_role:
						self.assertIn(answer.status_code, REFUSED, answer.text[:300])
			for name in frappe.get_all("Dashboard Chart", MODULE, pluck="name"):
				with self.subTest(kind, chart=name):
					answer = visitor.ask("frappe.client.get", doctype="Dashboard Chart", name=name)
					self.assert_tells_nothing(kind, answer)
					report = frappe.db.get_value("Dashboard Chart", name, "report_name")
					values = {"report_name": report, "filters": "{}"}
					answer = visitor.ask("frappe.desk.query_report.run", **values)
					self.assert_tells_nothing(kind, answer)
			with self.subTest(kind):
				page = json.dumps({"name": "RL Replenishment", "title": "RL Replenishment", "public": 1})
				answer = visitor.call("frappe.desk.desktop.get_desktop_page", page=page)
				self.assert_tells_nothing(kind, answer)

	def test_figures_of_cards_are_of_what_is_seen(self) -> None:
		api = "rl_replenishment.api"
		before = {
			kind: self.visitors[kind].call(f"{api}.value_of_changes").json["message"]
			for kind in ("user of another company", "user of one warehouse", "manager")
		}
		frappe.db.set_value("RL Feedback", {"agent": self.ours.agent}, "edit_value", 0)
		after = {kind: self.visitors[kind].call(f"{api}.value_of_changes").json["message"] for kind in before}
		lost = {kind: before[kind]["value"] - after[kind]["value"] for kind in before}
		self.assertEqual(lost, {"user of another company": 0, "user of one warehouse": 1234, "manager": 2468})
