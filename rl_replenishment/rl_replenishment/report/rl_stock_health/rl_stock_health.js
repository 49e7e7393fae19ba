// {% include "rl_replenishment/public/js/report_cells.js" %}
function rl_health_colours() {
	return { "Out of Stock": "red", "Runs Out": "orange", Healthy: "green", "Too Much": "blue" };
}

frappe.query_reports["RL Stock Health"] = {
	filters: [
		{
			fieldname: "agent",
			label: __("Agent"),
			fieldtype: "Link",
			options: "RL Agent Settings",
		},
		{
			fieldname: "health",
			label: __("Health"),
			fieldtype: "Select",
			options: ["", ...Object.keys(rl_health_colours())],
		},
		{
			fieldname: "warehouse",
			label: __("Warehouse"),
			fieldtype: "Link",
			options: "Warehouse",
		},
		{ fieldname: "supplier", label: __("Supplier"), fieldtype: "Link", options: "Supplier" },
		{
			fieldname: "item_group",
			label: __("Item Group"),
			fieldtype: "Link",
			options: "Item Group",
		},
		{ fieldname: "overdue", label: __("Overdue Arrivals"), fieldtype: "Check" },
	],

	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(rl_as_text(value, column), row, column, data);
		if (column.fieldname !== "health" || !data) return shown;
		const colour = Object.entries(rl_health_colours()).find(
			([health]) => __(health) === data.health
		)?.[1];
		return `<span class="indicator-pill ${colour || "gray"}">${shown}</span>`;
	},
};
