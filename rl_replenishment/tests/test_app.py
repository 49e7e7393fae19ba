import frappe

from rl_replenishment.tests.case import IntegrationTestCase


class TestApp(IntegrationTestCase):
	def test_app_is_installed(self):
		"""The site lists the app, after ERPNext, on which it depends."""
		installed = frappe.get_installed_apps()
		self.assertIn("rl_replenishment", installed)
		self.assertLess(installed.index("erpnext"), installed.index("rl_replenishment"))

	def test_module_belongs_to_the_app(self):
		"""The module exists and is the app's own, so that its DocTypes are found."""
		self.assertEqual(
			frappe.db.get_value("Module Def", "RL Replenishment", "app_name"), "rl_replenishment"
		)
