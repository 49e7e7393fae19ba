// The filters of the reports about answers to proposals.
function rl_feedback_filters(group_by) {
	return [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
		},
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default: frappe.datetime.add_days(frappe.datetime.get_today(), -90),
		},
		{
			fieldname: "to_date",
			label: __("To Date"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
		},
		{
			fieldname: "group_by",
			label: __("Group By"),
			fieldtype: "Select",
			options: ["Item", "Item Group", "Supplier", "Buyer", "Reason", "Agent"],
			default: group_by,
		},
		{
			fieldname: "agent",
			label: __("Agent"),
			fieldtype: "Link",
			options: "RL Agent Settings",
		},
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
		{
			fieldname: "item_group",
			label: __("Item Group"),
			fieldtype: "Link",
			options: "Item Group",
		},
		{ fieldname: "supplier", label: __("Supplier"), fieldtype: "Link", options: "Supplier" },
		{ fieldname: "buyer", label: __("Buyer"), fieldtype: "Link", options: "User" },
		{
			fieldname: "edit_reason",
			label: __("Reason"),
			fieldtype: "Select",
			options: [
				"",
				"Promotion",
				"Supplier Minimum",
				"Budget",
				"Project",
				"Too Much Stock",
				"Demand Looks Wrong",
				"Distrust",
				"Not This Time",
				"Other",
			],
		},
	];
}
