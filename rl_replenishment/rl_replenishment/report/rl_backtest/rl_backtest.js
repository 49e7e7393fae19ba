// {% include "rl_replenishment/public/js/policy_comparison.js" %}
// {% include "rl_replenishment/public/js/report_cells.js" %}

frappe.query_reports["RL Backtest"] = {
	filters: [
		{
			fieldname: "agent",
			label: __("Agent"),
			fieldtype: "Link",
			options: "RL Agent Settings",
		},
		{
			fieldname: "policy",
			label: __("Policy"),
			fieldtype: "Link",
			options: "RL Policy",
			get_query: () => ({
				filters: { agent: frappe.query_report.get_filter_value("agent") },
			}),
		},
		{
			fieldname: "by",
			label: __("By"),
			fieldtype: "Select",
			options: ["Policy", "Item"],
			default: "Policy",
		},
		...[
			["item_code", __("Item"), "Item"],
			["item_group", __("Item Group"), "Item Group"],
			["warehouse", __("Warehouse"), "Warehouse"],
		].map(([fieldname, label, options]) => ({
			fieldname,
			label,
			options,
			fieldtype: "Link",
			depends_on: "eval:doc.by === 'Item'",
		})),
	],
	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(rl_as_text(value, column), row, column, data);
		const does = column.fieldname === "compared" && rl_rule_hint(data?.rule);
		return does ? `<span title="${does}">${shown}</span>` : shown;
	},
	// the step of getting started is done once there was something to look at
	after_datatable_render(table) {
		if (table.datamanager.getRowCount()) {
			frappe.call({ method: "rl_replenishment.api.tick", args: { what: "backtest" } });
		}
	},
};
