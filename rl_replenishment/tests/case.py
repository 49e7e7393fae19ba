"""The base class of the app's Frappe tests, under the one name that version 16 gives it."""

try:
	from frappe.tests import IntegrationTestCase
except ImportError:  # version 15
	from frappe.tests.utils import FrappeTestCase as IntegrationTestCase

__all__ = ["IntegrationTestCase"]
