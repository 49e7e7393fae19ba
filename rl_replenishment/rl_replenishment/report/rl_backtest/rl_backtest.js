frappe.query_reports["RL Backtest"] = {
	filters: [
		{ fieldname: "agent", label: __("Agent"), fieldtype: "Link", options: "RL Agent Settings" },
		{
			fieldname: "policy",
			label: __("Policy"),
			fieldtype: "Link",
			options: "RL Policy",
			get_query: () => ({ filters: { agent: frappe.query_report.get_filter_value("agent") } }),
		},
	],
};
