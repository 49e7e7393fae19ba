"""Installing, migrating and uninstalling: twice changes nothing, and what leaves leaves nothing."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import frappe

from rl_replenishment import hooks, install, uninstall
from rl_replenishment.setup.custom_fields import CUSTOM_FIELDS, EDIT_REASONS
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

DOCTYPES = {
	"RL Agent Settings",
	"RL Agent Warehouse",
	"RL Agent Item",
	"RL Service Target",
	"RL Proposal",
	"RL Proposal Run",
	"RL Feedback",
	"RL Training Run",
	"RL Policy",
	"RL Policy Promotion",
}


ORDERS = ("Material Request", "Material Request Item", "Purchase Order", "Purchase Order Item")


def fields_of(doctype: str) -> set[str]:
	return {field["fieldname"] for field in CUSTOM_FIELDS[doctype]}


def traces() -> dict[str, list]:
	"""What the app has made on this site outside its own DocTypes, with when it was last changed."""
	names = [name for doctype in CUSTOM_FIELDS for name in fields_of(doctype)]
	kinds = {
		"Custom Field": {"fieldname": ("in", names)},
		"Property Setter": {"field_name": ("in", names)},
		"Role": {"name": ("in", (MANAGER, USER))},
		"Has Role": {"role": ("in", (MANAGER, USER))},
		"Logs To Clear": {"ref_doctype": ("in", list(hooks.default_log_clearing_doctypes))},
		"Scheduled Job Type": {"method": ("like", "rl_replenishment.%")},
		"File": {"attached_to_doctype": ("in", list(DOCTYPES))},
		"Custom DocPerm": {"role": ("in", (MANAGER, USER))},
	}
	return {
		doctype: frappe.get_all(doctype, filters, ["name", "modified"], order_by="name")
		for doctype, filters in kinds.items()
	}


class InstallCase(IntegrationTestCase):
	def setUp(self) -> None:
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.db.rollback)


class TestInstall(InstallCase):
	def test_all_doctypes_are_there(self):
		found = frappe.get_all("DocType", {"module": "RL Replenishment"}, pluck="name")
		self.assertLessEqual(DOCTYPES, set(found))

	def test_installing_again_changes_nothing(self):
		install.after_install()
		before = traces()
		install.before_install()
		install.after_install()
		install.after_migrate()
		self.assertEqual(traces(), before)

	def test_custom_fields(self):
		"""The buyer sees what was proposed and why, changes neither, and copies neither."""
		for doctype in CUSTOM_FIELDS:
			meta = frappe.get_meta(doctype)
			for name in fields_of(doctype):
				self.assertTrue(meta.has_field(name), (doctype, name))
		request, line = frappe.get_meta("Material Request"), frappe.get_meta("Material Request Item")
		for meta, name in (
			(request, "rl_agent"),
			(request, "rl_policy"),
			(line, "rl_proposed_qty"),
			(line, "rl_explanation"),
			(line, "rl_proposal"),
		):
			field = meta.get_field(name)
			self.assertEqual((field.read_only, field.no_copy), (1, 1), name)
		reason = line.get_field("rl_edit_reason")
		self.assertEqual((reason.allow_on_submit, reason.no_copy, reason.read_only), (1, 1, 0))
		self.assertEqual(reason.options.split("\n"), ["", *EDIT_REASONS])

	def test_roles_open_the_desk(self):
		for role in (MANAGER, USER):
			self.assertEqual(frappe.db.get_value("Role", role, "desk_access"), 1)

	def test_old_rows_are_cleared(self):
		install.add_log_settings()
		days = dict(frappe.get_all("Logs To Clear", fields=["ref_doctype", "days"], as_list=True))
		for doctype, kept in hooks.default_log_clearing_doctypes.items():
			self.assertEqual(days[doctype], kept)

	def test_what_the_site_set_for_old_rows_stays(self):
		install.add_log_settings()
		settings = frappe.get_doc("Log Settings")
		settings.register_doctype("RL Proposal", 7)
		settings.save()
		install.add_log_settings()
		self.assertEqual(frappe.db.get_value("Logs To Clear", {"ref_doctype": "RL Proposal"}, "days"), 7)

	def test_scheduled_functions_exist(self):
		for methods in hooks.scheduler_events["cron"].values():
			for method in methods:
				self.assertTrue(callable(frappe.get_attr(method)), method)

	def test_patches_can_be_run(self):
		"""Every line of patches.txt, again on a site that has them already."""
		before = traces()
		for line in Path(frappe.get_app_path("rl_replenishment", "patches.txt")).read_text().splitlines():
			line = line.partition("#")[0].strip()
			if line.startswith("execute:"):
				module, _, name = line.removeprefix("execute:from ").partition(";")[0].partition(" import ")
				frappe.get_attr(f"{module}.{name}")()
			elif line and not line.startswith("["):
				frappe.get_attr(f"{line}.execute")()
		self.assertEqual(traces(), before)

	def test_leftovers_of_a_former_installation(self):
		"""A Material Request that names an agent of long ago can be saved again."""
		item, warehouse = make.make_item(), make.make_warehouse()
		agent = make.make_agent([warehouse], [item])
		kept = make.make_material_request(item, warehouse, 1, rl_agent=agent.name)
		left = make.make_material_request(item, warehouse, 1)
		left.db_set({"rl_agent": "Agent of Long Ago", "rl_policy": "Agent of Long Ago-v7"})
		left.items[0].db_set("rl_proposal", "gone")
		with self.assertRaises(frappe.LinkValidationError):
			frappe.get_doc("Material Request", left.name).save()
		modified = frappe.db.get_value("Material Request", left.name, "modified")
		install.forget_former_installation()
		left = frappe.get_doc("Material Request", left.name)
		self.assertEqual(left.modified, modified)
		self.assertEqual((left.rl_agent, left.rl_policy, left.items[0].rl_proposal), (None, None, None))
		left.save()
		self.assertEqual(frappe.db.get_value("Material Request", kept.name, "rl_agent"), agent.name)


class TestRefusal(InstallCase):
	def test_without_erpnext(self):
		with (
			patch.object(frappe, "get_installed_apps", return_value=["frappe"]),
			self.assertRaisesRegex(frappe.ValidationError, "ERPNext, which is not installed on this site"),
		):
			install.before_install()

	def test_another_version(self):
		for version in ("14.70.0", "17.0.0-dev", "develop"):
			with (
				self.subTest(version=version),
				patch("erpnext.__version__", version),
				self.assertRaisesRegex(
					frappe.ValidationError, f"works with ERPNext 15 and 16; this bench has {version}"
				),
			):
				install.before_install()

	def test_supported_versions(self):
		for version in ("15.0.0", "15.99.1", "16.3.0"):
			with patch("erpnext.__version__", version):
				install.check_erpnext()


class TestUninstall(InstallCase):
	def test_nothing_stays_but_the_buyers_documents(self):
		install.after_install()
		make.make_user(MANAGER, "Purchase User")
		item, warehouse = make.make_item(), make.make_warehouse()
		agent = make.make_agent([warehouse], [item])
		make.make_material_request(item, warehouse, 7, rl_agent=agent.name).submit()
		frappe.get_doc(
			{
				"doctype": "Property Setter",
				"doctype_or_field": "DocField",
				"doc_type": "Material Request Item",
				"field_name": "rl_edit_reason",
				"property": "in_list_view",
				"property_type": "Check",
				"value": "1",
			}
		).insert()
		orders = {doctype: self.rows(doctype) for doctype in ORDERS}
		self.assertTrue(orders["Material Request"])
		uninstall.before_uninstall()
		self.assertEqual({doctype: rows for doctype, rows in traces().items() if rows}, {})
		self.assertEqual({doctype: self.rows(doctype) for doctype in ORDERS}, orders)
		for doctype in CUSTOM_FIELDS:
			self.assertFalse(
				fields_of(doctype) & set(frappe.get_meta(doctype, cached=False).get_valid_columns())
			)

	def test_files_stay_until_it_is_certain(self):
		"""A dry run of uninstalling commits nothing, and must not delete policies from the disk."""
		agent = make.make_agent([make.make_warehouse()], [make.make_item()])
		policy = frappe.get_doc({"doctype": "RL Policy", "agent": agent.name, "version": 1}).insert()
		file = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{make.unique('policy')}.zip",
				"attached_to_doctype": "RL Policy",
				"attached_to_name": policy.name,
				"is_private": 1,
				"content": frappe.generate_hash().encode(),
			}
		).insert()
		path = Path(file.get_full_path())
		self.addCleanup(path.unlink, missing_ok=True)
		uninstall.remove_files()
		self.assertFalse(frappe.db.exists("File", file.name))
		self.assertTrue(path.exists())
		# other policies on this site stay: of what is to be done on commit, only this file's part is
		deleting = (todo for todo in frappe.db.after_commit._functions if hasattr(todo, "func"))
		later = [todo for todo in deleting if getattr(todo.func, "__self__", None) == path]
		self.assertEqual(len(later), 1)
		later[0]()
		self.assertFalse(path.exists())

	def test_a_file_that_others_use_stays(self):
		"""Frappe keeps one file for all attachments of the same content."""
		agent = make.make_agent([make.make_warehouse()])
		same = {"doctype": "File", "is_private": 1, "content": frappe.generate_hash().encode()}
		first, second = (
			frappe.get_doc(
				{
					**same,
					"file_name": f"{make.unique('shared')}.txt",
					"attached_to_doctype": doctype,
					"attached_to_name": name,
				}
			).insert()
			for doctype, name in (("RL Agent Settings", agent.name), ("User", "Administrator"))
		)
		self.assertEqual(first.file_url, second.file_url)
		path = Path(first.get_full_path())
		self.addCleanup(path.unlink, missing_ok=True)
		uninstall.remove_files()
		self.assertFalse(frappe.db.exists("File", first.name))
		deleting = (todo for todo in frappe.db.after_commit._functions if hasattr(todo, "func"))
		self.assertNotIn(path, [getattr(todo.func, "__self__", None) for todo in deleting])

	def rows(self, doctype: str) -> list:
		return frappe.db.sql(frappe.qb.from_(doctype).select("*").orderby("name").get_sql())
