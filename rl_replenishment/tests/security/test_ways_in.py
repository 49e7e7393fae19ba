"""Ways in that were found, and their kind: what the database holds is checked, never only what is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import frappe
from frappe.utils import add_days, nowdate

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.security.case import SecurityCase

RENAME = "frappe.model.rename_doc.update_document_title"


class TestFiles(SecurityCase):
	"""A policy's file is the one that it names, and nobody puts another in its place."""

	def tearDown(self) -> None:
		# whatever was tried, the agent orders with its policy
		policy_store.load(self.ours.policy)
		super().tearDown()

	def attachment(self, **values: Any) -> dict[str, Any]:
		return {
			"doctype": "File",
			"file_name": "policy.zip",
			"is_private": 1,
			"content": "not a policy",
			"attached_to_doctype": "RL Policy",
			"attached_to_name": self.ours.policy,
			"attached_to_field": "file",
			**values,
		}

	def test_nobody_attaches_to_a_policy(self) -> None:
		for kind, visitor in self.visitors.items():
			with self.subTest(kind):
				self.assert_refused(visitor.call("frappe.client.insert", doc=self.attachment()))
				name = {"doctype": "RL Policy", "docname": self.ours.policy}
				self.assert_refused(visitor.upload(b"x", **name, fieldname="file", is_private="1"))
				named = {"doctype": "RL Policy", "docname": self.ours.policy, "filename": "a.txt"}
				self.assert_refused(visitor.call("frappe.client.attach_file", filedata="x", **named))
		of_policy = {"attached_to_doctype": "RL Policy", "attached_to_name": self.ours.policy}
		self.assertEqual(frappe.db.count("File", of_policy), 1)

	def test_nobody_attaches_to_what_they_may_not_change(self) -> None:
		documents = {**self.ours.documents(), "RL Policy": []}
		for kind in list(self.visitors)[:-1]:
			for doctype, names in documents.items():
				with self.subTest(kind, doctype=doctype):
					values = {"attached_to_doctype": doctype, "attached_to_name": names[0] if names else "x"}
					file = self.attachment(**values, attached_to_field="")
					self.assert_refused(self.visitors[kind].call("frappe.client.insert", doc=file))

	def test_nobody_names_the_path_of_a_policys_file(self) -> None:
		"""Whoever deleted such a row would take the file off the disk."""
		name = self.ours.file.rpartition("/")[2]
		urls = [
			self.ours.file,
			f"/private/files/./{name}",
			f"/private/files//{name}",
			f"/private/files/%2e/{name}",
		]
		for kind in ("employee", "manager of another company", "manager"):
			for url in urls:
				with self.subTest(kind, url=url):
					file = {"doctype": "File", "file_url": url, "file_name": "mine.zip", "is_private": 1}
					answer = self.visitors[kind].call("frappe.client.insert", doc=file)
					self.assert_refused(answer, 403, 404, 417, 500)
		self.assertTrue(Path(frappe.get_site_path(self.ours.file.lstrip("/"))).exists())

	def test_a_file_of_ones_own_is_not_moved_to_a_policy(self) -> None:
		for kind in ("employee", "manager of another company", "manager"):
			visitor = self.visitors[kind]
			own = {
				"doctype": "File",
				"file_name": "own.txt",
				"is_private": 1,
				"content": frappe.generate_hash(),
			}
			mine = visitor.call("frappe.client.insert", doc=own).json["message"]["name"]
			for values in (
				{"attached_to_doctype": "RL Policy", "attached_to_name": self.ours.policy},
				{"file_url": self.ours.file},
			):
				with self.subTest(kind, values=list(values)):
					answer = visitor.call(
						"frappe.client.set_value", doctype="File", name=mine, fieldname=values
					)
					self.assert_refused(answer)

	def test_the_file_stays_as_it_is(self) -> None:
		row = {"attached_to_doctype": "RL Policy", "attached_to_name": self.ours.policy}
		name = frappe.db.get_value("File", row)
		for kind, visitor in self.visitors.items():
			for change in (
				{"is_private": 0},
				{"attached_to_name": self.theirs.policy},
				{"file_url": "/private/files/other.zip"},
				{"content_hash": "0"},
			):
				with self.subTest(kind, change=list(change)):
					values = {"doctype": "File", "name": name, "fieldname": change}
					self.assert_refused(visitor.call("frappe.client.set_value", **values))
			with self.subTest(kind):
				self.assert_refused(visitor.delete(f"/api/resource/File/{name}"), 403, 404, 417)
				unzipped = visitor.call("frappe.core.api.file.unzip_file", name=name)
				self.assert_refused(unzipped)
				removed = {"fid": name, "dt": "RL Policy", "dn": self.ours.policy}
				visitor.call("frappe.desk.form.utils.remove_attach", **removed)
				self.assertTrue(frappe.db.exists("File", name))

	def test_nobody_owns_the_file(self) -> None:
		"""Frappe lets the owner of a file read it, whatever has become of the permissions."""
		for kind, visitor in self.visitors.items():
			with self.subTest(kind):
				answer = visitor.get(self.ours.file)
				if kind == "manager":
					self.assertEqual(answer.status_code, 200)
				else:
					self.assert_refused(answer)
		row = {"attached_to_doctype": "RL Policy", "attached_to_name": self.ours.policy}
		self.assertEqual(frappe.db.get_value("File", row, "owner"), "Administrator")


class TestTakeover(SecurityCase):
	"""What was stored is asked, not what was sent; links and read-only fields prove nothing."""

	def tearDown(self) -> None:
		self.assertEqual(self.ours.as_it_is(), self.before)
		super().tearDown()

	def setUp(self) -> None:
		super().setUp()
		self.before = self.ours.as_it_is()

	def everywhere(self, doctype: str, name: str, values: dict[str, Any]) -> Any:
		"""A change by every road that Frappe has for one."""
		sent = {**frappe.get_doc(doctype, name).as_dict(convert_dates_to_str=True), **values}
		for visitor in (
			self.visitors["manager of another company"],
			self.visitors["user of another company"],
		):
			yield visitor.put(f"/api/resource/{doctype}/{name}", **values)
			yield visitor.call("frappe.client.set_value", doctype=doctype, name=name, fieldname=values)
			yield visitor.call("frappe.client.save", doc=sent)
			yield visitor.call("frappe.desk.form.save.savedocs", doc=json.dumps(sent), action="Save")
			bulk = [{**values, "doctype": doctype, "docname": name}]
			yield visitor.call("frappe.client.bulk_update", docs=json.dumps(bulk))
			yield visitor.call("frappe.client.insert", doc={**sent, "__islocal": 1})

	def test_another_companys_agent(self) -> None:
		values = {
			"company": self.theirs.company,
			"mode": "Submit",
			"warehouses": [{"warehouse": self.theirs.warehouses[0]}],
			"items": [],
		}
		for answer in self.everywhere("RL Agent Settings", self.ours.agent, values):
			if answer.status_code == 200 and "failed_docs" in answer.text:
				self.assertIn(self.ours.agent, str(answer.json["message"]["failed_docs"]))
			else:
				self.assert_refused(answer, 403, 404, 409, 417)

	def test_documents_of_another_companys_agent(self) -> None:
		for doctype, names in self.ours.documents().items():
			if doctype == "RL Agent Settings":
				continue
			values = {"agent": self.theirs.agent}
			for field in ("item_code", "warehouse", "company"):
				if frappe.get_meta(doctype).has_field(field):
					values[field] = {
						"item_code": self.theirs.items[0],
						"warehouse": self.theirs.warehouses[0],
						"company": self.theirs.company,
					}[field]
			for answer in self.everywhere(doctype, names[0], values):
				with self.subTest(doctype):
					if answer.status_code != 200:
						self.assert_refused(answer, 403, 404, 409, 417)

	def test_the_company_is_set_once(self) -> None:
		"""By whoever may see both, too: all that an agent has learned is of its company."""
		values = {"company": self.theirs.company, "warehouses": [{"warehouse": self.theirs.warehouses[0]}]}
		agent = frappe.get_doc("RL Agent Settings", self.ours.agent)
		agent.update(values)
		self.assertRaises(frappe.CannotChangeConstantError, agent.save)

	def test_nobody_renames(self) -> None:
		"""Frappe asks nobody's permission where a request tells it not to validate."""
		for kind in ("employee", "user of one warehouse", "manager of another company", "manager"):
			visitor = self.visitors[kind]
			for doctype, names in self.ours.documents().items():
				with self.subTest(kind, doctype=doctype):
					args = {"name": "Mine", "force": 1, "validate_rename": 0}
					document = {"dt": doctype, "dn": names[0], "method": "rename", "args": json.dumps(args)}
					self.assert_refused(visitor.call("run_doc_method", **document))
					values = {"doctype": doctype, "old_name": names[0], "new_name": "Mine"}
					self.assert_refused(visitor.call("frappe.client.rename_doc", **values))
					values = {"doctype": doctype, "docname": names[0], "name": "Mine"}
					self.assert_refused(visitor.call(RENAME, **values))

	def test_a_row_of_another_agent_is_not_taken(self) -> None:
		"""Frappe writes child rows by their names."""
		row = frappe.db.get_value("RL Agent Warehouse", {"parent": self.ours.agent}, "name")
		manager = self.visitors["manager of another company"]
		rows = [{"name": row, "warehouse": self.theirs.warehouses[0], "doctype": "RL Agent Warehouse"}]
		self.assert_refused(
			manager.put(f"/api/resource/RL Agent Settings/{self.theirs.agent}", warehouses=rows)
		)
		line = frappe.db.get_value("Material Request Item", {"parent": self.ours.requests[0]}, "name")
		request = self.theirs.requests[0]
		values = {
			"items": [{"name": line, "item_code": self.theirs.items[0], "qty": 1, "schedule_date": nowdate()}]
		}
		self.assert_refused(manager.put(f"/api/resource/Material Request/{request}", **values))

	def test_what_only_the_app_writes_comes_from_the_database(self) -> None:
		manager = self.visitors["manager of another company"]
		agent = f"/api/resource/RL Agent Settings/{self.theirs.agent}"
		before = frappe.get_doc("RL Agent Settings", self.theirs.agent)
		sent = {
			"active_policy": self.ours.policy,
			"last_run_on": "0001-01-01 00:00:00",
			"last_trained_on": None,
		}
		answer = manager.put(agent, **sent, mode="Shadow")
		self.assertEqual(answer.status_code, 200, answer.text)
		after = frappe.get_doc("RL Agent Settings", self.theirs.agent)
		for field in sent:
			self.assertEqual(after.get(field), before.get(field), field)
		self.assertEqual(after.mode, "Shadow")
		new = {**before.as_dict(convert_dates_to_str=True), **sent, "agent_name": "Another", "enabled": 0}
		for field in ("name", "creation", "modified"):
			new.pop(field)
		for table in ("warehouses", "items"):
			new[table] = [
				{key: row[key] for key in ("warehouse", "item_code") if key in row} for row in new[table]
			]
		answer = manager.call("frappe.client.insert", doc=new)
		self.assertEqual(answer.status_code, 200, answer.text)
		for field in sent:
			self.assertIsNone(frappe.db.get_value("RL Agent Settings", "Another", field), field)

	def test_a_policy_serves_its_own_agent_alone(self) -> None:
		"""However another's came into the field."""
		frappe.db.set_value("RL Agent Settings", self.theirs.agent, "active_policy", self.ours.policy)
		self.assertIsNone(policy_store.active_policy(self.theirs.agent))
		manager = self.visitors["manager of another company"]
		for method in ("overview", "preview"):
			answer = manager.ask(f"rl_replenishment.api.{method}", agent=self.theirs.agent)
			self.assertEqual(answer.status_code, 200, answer.text)
			self.assertNotIn(self.ours.agent, answer.text)
		self.assert_refused(manager.call("rl_replenishment.api.promote", policy=self.ours.policy))

	def test_snoozes(self) -> None:
		manager = self.visitors["manager of another company"]
		snooze = f"/api/resource/RL Snooze/{self.ours.snooze}"
		self.assert_refused(manager.put(snooze, until=add_days(nowdate(), 99)))
		self.assert_refused(manager.delete(snooze))
		new = {"doctype": "RL Snooze", "agent": self.ours.agent, "item_code": self.ours.items[0]}
		new |= {"until": add_days(nowdate(), 9)}
		self.assert_refused(manager.call("frappe.client.insert", doc=new))
		own = f"/api/resource/RL Snooze/{self.theirs.snooze}"
		for values in ({"agent": self.ours.agent}, {"item_code": self.ours.items[0]}, {"warehouse": None}):
			self.assert_refused(manager.put(own, **values))


class TestForgedRequests(SecurityCase):
	"""Only the app says which request, line and proposal belong together."""

	FORGED = ("rl_agent", "rl_policy", "rl_run", "rl_proposal", "rl_proposed_qty", "rl_explanation")

	def forge(self) -> dict[str, Any]:
		"""A request of theirs that names our agent, and one of its proposals."""
		proposal = frappe.get_doc("RL Proposal", self.ours.proposals[0])
		line = {
			"item_code": self.theirs.items[0],
			"warehouse": self.theirs.warehouses[0],
			"qty": 777,
			"schedule_date": nowdate(),
			"rl_proposal": proposal.name,
			"rl_proposed_qty": 1,
			"rl_explanation": "forged",
		}
		return {
			"doctype": "Material Request",
			"company": self.theirs.company,
			"material_request_type": "Purchase",
			"transaction_date": nowdate(),
			"schedule_date": nowdate(),
			"rl_agent": self.ours.agent,
			"rl_policy": self.ours.policy,
			"rl_run": self.ours.run,
			"items": [line],
		}

	def assert_unforged(self, name: str) -> None:
		request = frappe.get_doc("Material Request", name)
		for row in (request, *request.items):
			for field in self.FORGED:
				self.assertFalse(row.get(field), (row.doctype, field, row.get(field)))

	def test_a_new_request_is_nobodys(self) -> None:
		for kind in ("buyer without the app's role", "user of another company", "manager of another company"):
			with self.subTest(kind):
				visitor = self.visitors[kind]
				answer = visitor.call("frappe.client.insert", doc=self.forge())
				self.assertEqual(answer.status_code, 200, answer.text)
				name = answer.json["message"]["name"]
				self.assert_unforged(name)
				shown = visitor.ask("rl_replenishment.api.proposals_of_request", material_request=name)
				self.assertEqual(shown.json["message"], {})
				picture = {"material_request": name, "proposal": self.ours.proposals[0]}
				self.assert_refused(visitor.ask("rl_replenishment.api.picture_of_proposal", **picture))

	def test_a_saved_request_stays_nobodys(self) -> None:
		manager = self.visitors["manager of another company"]
		plain = self.forge()
		for field in self.FORGED:
			plain.pop(field, None)
			plain["items"][0].pop(field, None)
		request = manager.call("frappe.client.insert", doc=plain).json["message"]
		line = {
			**request["items"][0],
			**{k: v for k, v in self.forge()["items"][0].items() if k in self.FORGED},
		}
		header = {k: v for k, v in self.forge().items() if k in self.FORGED}
		name = request["name"]
		self.assertEqual(
			manager.put(f"/api/resource/Material Request/{name}", **header, items=[line]).status_code, 200
		)
		self.assert_unforged(name)
		values = {"doctype": "Material Request Item", "name": line["name"], "fieldname": "rl_proposal"}
		manager.call("frappe.client.set_value", **values, value=self.ours.proposals[0])
		self.assert_unforged(name)
		manager.call(
			"frappe.client.submit", doc=manager.get(f"/api/resource/Material Request/{name}").json["data"]
		)
		self.assertEqual(frappe.db.get_value("Material Request", name, "docstatus"), 1)
		self.assert_unforged(name)

	def test_an_amendment_of_another_companys_request(self) -> None:
		source = frappe.get_doc("Material Request", self.ours.requests[0])
		source.submit()
		source.reload().cancel()
		forged = {**self.forge(), "amended_from": source.name}
		answer = self.visitors["manager of another company"].call("frappe.client.insert", doc=forged)
		if answer.status_code == 200:
			self.assert_unforged(answer.json["message"]["name"])

	def test_an_amendment_keeps_what_was_proposed_once(self) -> None:
		manager = self.visitors["manager"]
		source = frappe.get_doc("Material Request", self.ours.requests[0])
		source.submit()
		source.reload().cancel()
		sent = frappe.copy_doc(source).as_dict(convert_dates_to_str=True)
		sent |= {"amended_from": source.name, "docstatus": 0, "status": "Draft"}
		sent["items"][0]["rl_explanation"] = "forged"
		names = []
		for _attempt in range(2):
			answer = manager.call("frappe.client.insert", doc={**sent, "name": None})
			if answer.status_code == 200:
				names.append(answer.json["message"]["name"])
		first = frappe.get_doc("Material Request", names[0])
		self.assertEqual(first.rl_agent, self.ours.agent)
		for line, before in zip(first.items, source.items, strict=True):
			self.assertEqual(line.rl_proposal, before.rl_proposal)
			self.assertEqual(line.rl_explanation, before.rl_explanation)
		for name in names[1:]:
			self.assert_unforged(name)

	def test_a_line_that_was_forged_before_counts_for_nothing(self) -> None:
		"""Rows of earlier versions of the app may name any proposal; orders may name any request's line."""
		before = [frappe.get_doc("RL Proposal", name).as_dict() for name in self.ours.proposals]
		rows = frappe.db.count("RL Feedback", {"agent": self.ours.agent})
		forged = self.forge()
		request = frappe.get_doc(forged).insert(ignore_permissions=True)
		self.assertEqual(request.rl_agent, self.ours.agent)
		request.submit()
		self.order(request.items[0].name)
		self.assertEqual(
			before, [frappe.get_doc("RL Proposal", name).as_dict() for name in self.ours.proposals]
		)
		self.assertEqual(frappe.db.count("RL Feedback", {"agent": self.ours.agent}), rows)
		shown = self.visitors["manager of another company"].ask(
			"rl_replenishment.api.proposals_of_request", material_request=request.name
		)
		self.assertEqual(shown.json["message"], {})
		manager = self.visitors["manager of another company"]
		turned = manager.call(
			"rl_replenishment.api.turn_down", proposals=json.dumps([self.ours.proposals[0]])
		)
		if turned.status_code == 200:
			self.assertEqual(turned.json["message"], {"lines": 0, "kept": 1})
		self.assertEqual(
			before, [frappe.get_doc("RL Proposal", name).as_dict() for name in self.ours.proposals]
		)

	def test_an_order_of_another_company_is_no_answer(self) -> None:
		"""ERPNext lets an order name the line of any request."""
		request = frappe.get_doc("Material Request", self.ours.requests[0])
		request.submit()
		filters = {"material_request": request.name}
		before = frappe.get_all(
			"RL Feedback", filters, ["proposal", "ordered_qty", "reward"], order_by="name"
		)
		self.order(request.items[0].name)
		after = frappe.get_all("RL Feedback", filters, ["proposal", "ordered_qty", "reward"], order_by="name")
		self.assertEqual(after, before)

	def order(self, line: str) -> None:
		"""By the other company, in the name of its own request and the line of another."""
		item = frappe.db.get_value("Material Request Item", line, "item_code")
		own = {"item_code": item, "warehouse": self.theirs.warehouses[0]}
		named = make.make_material_request(own["item_code"], own["warehouse"], 1, company=self.theirs.company)
		named.submit()
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": self.theirs.company,
				"supplier": self.theirs.suppliers[0],
				"transaction_date": nowdate(),
				"schedule_date": nowdate(),
				"items": [
					{
						**own,
						"qty": 1,
						"rate": 0.01,
						"schedule_date": nowdate(),
						"material_request": named.name,
						"material_request_item": line,
					}
				],
			}
		)
		order.insert(ignore_permissions=True)
		order.submit()


class TestLessons(SecurityCase):
	"""What buyers taught is read and switched by whoever sees the agent; the app alone adds to it."""

	def setUp(self) -> None:
		super().setUp()
		self.lesson = frappe.db.get_value("RL Lesson", {"agent": self.ours.agent})
		self.answer = frappe.db.get_value("RL Feedback", {"agent": self.ours.agent})
		frappe.db.set_value("RL Agent Settings", self.ours.agent, "lessons", json.dumps({"day": "kept back"}))

	def test_others_switch_and_read_nothing(self) -> None:
		before = self.ours.as_it_is()
		lesson = {"doctype": "RL Lesson", "name": self.lesson}
		for kind in list(self.visitors)[:-1]:
			visitor = self.visitors[kind]
			with self.subTest(kind):
				for values in (
					{"enabled": 0},
					{"forget_until": nowdate()},
					{"agent": self.theirs.agent, "enabled": 0},
				):
					self.assert_refused(visitor.call("frappe.client.set_value", **lesson, fieldname=values))
					self.assert_refused(visitor.put(f"/api/resource/RL Lesson/{self.lesson}", **values))
				changes = [{"doctype": "RL Lesson", "docname": self.lesson, "enabled": 0}]
				visitor.call("frappe.client.bulk_update", docs=json.dumps(changes))
				visitor.call(
					"frappe.desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs",
					doctype="RL Lesson",
					docnames=json.dumps([self.lesson]),
					action="update",
					data=json.dumps({"enabled": 0}),
				)
				listed = visitor.ask("frappe.client.get_list", doctype="RL Lesson", limit_page_length=0)
				self.assertNotIn(self.lesson, listed.text)
				agent = {"doctype": "RL Agent Settings", "filters": {"name": self.ours.agent}}
				stored = visitor.ask("frappe.client.get_value", **agent, fieldname="lessons")
				self.assertNotIn("kept back", stored.text)
				self.assert_refused(visitor.ask("rl_replenishment.api.overview", agent=self.ours.agent))
		self.assertEqual(self.ours.as_it_is(), before)

	def test_nobody_forges_what_they_rest_on(self) -> None:
		"""Neither an answer nor what a lesson says, not even who may switch it."""
		before = self.answers()
		forged = frappe.get_doc("RL Feedback", self.answer).as_dict(convert_dates_to_str=True)
		forged |= {"name": None, "__islocal": 1, "ordered_qty": 999, "settled": 1}
		said = {
			"change_percent": 900,
			"followed": 100,
			"explanation": "as I say",
			"lesson_key": "agent\n\n\n0",
		}
		for kind, visitor in self.visitors.items():
			with self.subTest(kind):
				self.assert_refused(visitor.call("frappe.client.insert", doc=forged))
				answer = {"doctype": "RL Feedback", "name": self.answer}
				values = {"ordered_qty": 999, "policy_qty": 1, "edit_value": 1e6}
				self.assert_refused(visitor.call("frappe.client.set_value", **answer, fieldname=values))
				visitor.put(f"/api/resource/RL Lesson/{self.lesson}", **said, kind="All Items")
				visitor.put(
					f"/api/resource/RL Agent Settings/{self.ours.agent}", lessons="{}", lessons_on=nowdate()
				)
		after = frappe.get_doc("RL Lesson", self.lesson)
		for field in said:
			self.assertNotEqual(after.get(field), said[field], field)
		self.assertEqual(after.kind, "Supplier")
		kept = frappe.db.get_value("RL Agent Settings", self.ours.agent, ["lessons", "lessons_on"])
		self.assertEqual(kept, (json.dumps({"day": "kept back"}), None))
		self.assertEqual(self.answers(), before)

	def answers(self) -> list[Any]:
		columns = ["name", "ordered_qty", "policy_qty", "edit_value"]
		return frappe.get_all("RL Feedback", {"agent": self.ours.agent}, columns, order_by="name")
