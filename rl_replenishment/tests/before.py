"""Before the app's tests: a company where there is none yet, numbers as tests read them, no leftovers."""

import frappe
from frappe.desk.page.setup_wizard.setup_wizard import setup_complete
from frappe.utils import get_year_ending, get_year_start, nowdate


def make_a_company() -> None:
	"""Go through the wizard with answers of no importance; a site that has a company is left as it is.

	ERPNext does so for its own tests in version 15, and no more in version 16.

	Raises:
	    RuntimeError: there is none afterwards, since the wizard failed, or had ended before without one.
	"""
	if frappe.db.a_row_exists("Company"):
		return
	setup_complete(
		{
			"language": "English",
			# numbers and dates as ERPNext's own tests have them
			"country": "United States",
			"timezone": "America/New_York",
			"currency": "USD",
			"full_name": "Test Manager",
			"email": "manager@example.com",
			"password": frappe.generate_hash(),
			"company_name": "Replenishment Tests",
			"company_abbr": "RT",
			"chart_of_accounts": "Standard",
			"fy_start_date": str(get_year_start(nowdate())),
			"fy_end_date": str(get_year_ending(nowdate())),
		}
	)
	frappe.db.commit()
	# the wizard reports its errors and goes on, and does nothing where it is marked as done
	if not frappe.db.a_row_exists("Company"):
		raise RuntimeError(
			f"The tests need a company, and ERPNext's setup wizard made none on {frappe.local.site}: "
			"see the messages above and the Error Log, and test on a new site."
		)


def write_numbers_in_english() -> None:
	"""Let the site write 1,234.5, as the tests read it; an interrupted one may have left another format."""
	settings = frappe.get_doc("System Settings")
	if settings.number_format != "#,###.##":
		settings.number_format = "#,###.##"
		settings.save()
		frappe.db.commit()


def forget_actions_of_gone_documents() -> None:
	"""Remove Workflow Actions without their document, as an interrupted test leaves them.

	A later document gets the same name, and could not be deleted for them.
	"""
	actions = frappe.get_all("Workflow Action", fields=["name", "reference_doctype", "reference_name"])
	for action in actions:
		if not frappe.db.exists(action.reference_doctype, action.reference_name):
			frappe.delete_doc("Workflow Action", action.name, force=True)
	frappe.db.commit()
