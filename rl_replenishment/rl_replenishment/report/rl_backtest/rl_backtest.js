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
	// the step of getting started is done once there was something to look at
	after_datatable_render(table) {
		if (table.datamanager.getRowCount()) {
			frappe.call({ method: "rl_replenishment.api.tick", args: { what: "backtest" } });
		}
	},
};
