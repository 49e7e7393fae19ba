"""The base classes of the app's Frappe tests."""

from unittest.mock import patch

import frappe

try:  # under the one name that version 16 gives it
	from frappe.tests import IntegrationTestCase
except ImportError:  # version 15
	from frappe.tests.utils import FrappeTestCase as IntegrationTestCase

__all__ = ["IntegrationTestCase", "RolledBackCase"]


class RolledBackCase(IntegrationTestCase):
	"""Tests of what commits, as a run does, so that others see it: what they make is taken away."""

	def setUp(self) -> None:
		super().setUp()
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		self.addCleanup(frappe.db.rollback)
		self.addCleanup(frappe.set_user, "Administrator")
