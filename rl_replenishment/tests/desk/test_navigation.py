"""What leads into the app: version 15 has the workspace, version 16 an icon and a sidebar beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import frappe

from rl_replenishment import hooks
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tests.case import IntegrationTestCase

APP = Path(frappe.get_app_path("rl_replenishment"))


def shipped(folder: str) -> dict[str, Any]:
	"""The one document that the app ships in a folder that only version 16 reads."""
	(file,) = (APP / folder).iterdir()
	return json.loads(file.read_text(encoding="utf-8"))


class TestNavigation(IntegrationTestCase):
	def test_the_icon_is_for_the_apps_users(self) -> None:
		"""As the apps screen has it, by the app's title, under which version 16 makes its own otherwise."""
		icon, (screen,) = shipped("desktop_icon"), hooks.add_to_apps_screen
		self.assertEqual((icon["label"], icon["app"]), (hooks.app_title, hooks.app_name))
		self.assertEqual((icon["icon_type"], icon["standard"]), ("App", 1))
		self.assertEqual(icon["logo_url"], screen["logo"])
		self.assertEqual(icon["link"].rsplit("/", 1)[1], screen["route"].rsplit("/", 1)[1])
		self.assertEqual({row["role"] for row in icon["roles"]}, {MANAGER, USER, "System Manager"})

	def test_the_sidebar_leads_to_what_there_is(self) -> None:
		"""Every link to something that exists, every report and every list of the app, and each once."""
		sidebar = shipped("workspace_sidebar")
		self.assertEqual((sidebar["app"], sidebar["standard"]), (hooks.app_name, 1))
		links = [(item["link_type"], item["link_to"]) for item in sidebar["items"] if item["type"] == "Link"]
		self.assertEqual(len(links), len(set(links)))
		for kind, name in links:
			self.assertTrue(frappe.db.exists(kind, name), (kind, name))
		of_module = {"module": sidebar["module"]}
		reports = frappe.get_all("Report", of_module, pluck="name")
		lists = frappe.get_all("DocType", {**of_module, "istable": 0}, pluck="name")
		wanted = {("Report", name) for name in reports} | {("DocType", name) for name in lists}
		self.assertEqual(wanted - set(links), set())

	def test_version_15_ignores_them(self) -> None:
		"""It makes documents of what lies in a module, and these lie beside it."""
		if frappe.db.exists("DocType", "Workspace Sidebar"):
			self.skipTest("this version reads them")
		icons = frappe.get_all("Desktop Icon", {"module_name": ("like", "RL%"), "standard": 1})
		self.assertEqual(icons, [])
