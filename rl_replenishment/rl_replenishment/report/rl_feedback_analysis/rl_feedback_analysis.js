// {% include "rl_replenishment/public/js/feedback_filters.js" %}
// {% include "rl_replenishment/public/js/report_cells.js" %}

frappe.query_reports["RL Feedback Analysis"] = {
	filters: [
		...rl_feedback_filters("Item"),
		{
			fieldname: "chart",
			label: __("Chart by Week"),
			fieldtype: "Select",
			options: ["Kept, %", "Mean Agreement"],
			default: "Kept, %",
		},
	],
	formatter: (value, row, column, data, default_formatter) =>
		default_formatter(rl_as_text(value, column), row, column, data),
};
