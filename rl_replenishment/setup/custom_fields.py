"""Fields that the app adds to ERPNext's documents."""

from __future__ import annotations

from typing import Any


def N_(label: str) -> str:
	"""gettext's usual mark of a text that is translated where it is shown."""
	return label


EDIT_REASONS = (
	*("Promotion", "Supplier Minimum", "Budget", "Project"),
	*("Too Much Stock", "Demand Looks Wrong", "Distrust", "Not This Time", "Other"),
)

_WRITTEN_BY_AGENT = {"read_only": 1, "no_copy": 1, "print_hide": 1}

#: by DocType, in the form that Frappe's `create_custom_fields` takes
CUSTOM_FIELDS: dict[str, list[dict[str, Any]]] = {
	"Stock Entry Type": [
		{
			"fieldname": "rl_demand",
			"label": N_("Demand for Replenishment"),
			"fieldtype": "Select",
			"options": "\nYes\nNo",
			"insert_after": "purpose",
			"description": N_(
				"Whether what leaves the stock by entries of this type was wanted. Empty: yes, but for types "
				"that are called after scrap, loss, writing off or correction."
			),
		},
	],
	"Material Request": [
		{
			"fieldname": "rl_agent",
			"label": N_("RL Agent"),
			"fieldtype": "Link",
			"options": "RL Agent Settings",
			"insert_after": "company",
			"in_standard_filter": 1,
			"depends_on": "rl_agent",
			"search_index": 1,
			**_WRITTEN_BY_AGENT,
		},
		{
			"fieldname": "rl_policy",
			"label": N_("RL Policy"),
			"fieldtype": "Link",
			"options": "RL Policy",
			"insert_after": "rl_agent",
			"depends_on": "rl_policy",
			**_WRITTEN_BY_AGENT,
		},
		{
			# Data: old runs are cleared, and a link to nowhere would stop the request from being saved
			"fieldname": "rl_run",
			"label": N_("RL Proposal Run"),
			"fieldtype": "Data",
			"search_index": 1,
			"insert_after": "rl_policy",
			"hidden": 1,
			**_WRITTEN_BY_AGENT,
		},
		{
			# made by a program that posts requests: posting again makes no second one
			"fieldname": "rl_request_key",
			"label": N_("Key of the Program"),
			"fieldtype": "Data",
			"search_index": 1,
			"insert_after": "rl_run",
			"hidden": 1,
			**_WRITTEN_BY_AGENT,
		},
		{
			# what it asked for, whatever the buyer makes of the lines
			"fieldname": "rl_asked_for",
			"label": N_("Asked For by the Program"),
			"fieldtype": "Long Text",
			"insert_after": "rl_request_key",
			"hidden": 1,
			**_WRITTEN_BY_AGENT,
		},
	],
	"Material Request Item": [
		{
			"fieldname": "rl_section",
			"label": N_("RL Replenishment"),
			"fieldtype": "Section Break",
			"insert_after": "projected_qty",
			"collapsible": 1,
			"depends_on": "eval:doc.rl_proposal || parent.rl_agent",
		},
		{
			"fieldname": "rl_proposed_qty",
			"label": N_("Proposed Quantity (Stock UOM)"),
			"fieldtype": "Float",
			"insert_after": "rl_section",
			**_WRITTEN_BY_AGENT,
		},
		{
			"fieldname": "rl_edit_reason",
			"label": N_("Reason for Another Quantity"),
			"fieldtype": "Select",
			"options": "\n".join(("", *EDIT_REASONS)),
			"insert_after": "rl_proposed_qty",
			"allow_on_submit": 1,
			"no_copy": 1,
			"print_hide": 1,
		},
		{
			"fieldname": "rl_column_break",
			"fieldtype": "Column Break",
			"insert_after": "rl_edit_reason",
		},
		{
			"fieldname": "rl_explanation",
			"label": N_("Why This Quantity"),
			"fieldtype": "Small Text",
			"insert_after": "rl_column_break",
			**_WRITTEN_BY_AGENT,
		},
		{
			# Data: as are old proposals
			"fieldname": "rl_proposal",
			"label": N_("RL Proposal"),
			"fieldtype": "Data",
			"insert_after": "rl_explanation",
			"search_index": 1,
			"hidden": 1,
			**_WRITTEN_BY_AGENT,
		},
	],
}

#: by DocType, what the first of the columns names, and the columns that mean nothing without it
LINK_COLUMNS = {
	"Material Request": ("RL Agent Settings", ("rl_agent", "rl_policy", "rl_run")),
	"Material Request Item": ("RL Proposal", ("rl_proposal",)),
}
