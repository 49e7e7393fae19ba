// {% include "rl_replenishment/public/js/feedback_filters.js" %}
// {% include "rl_replenishment/public/js/report_cells.js" %}

frappe.query_reports["RL Edit Value"] = {
	filters: rl_feedback_filters("Buyer"),

	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(rl_as_text(value, column), row, column, data);
		if (column.fieldname !== "net" || !data) return shown;
		return `<span class="${data.net < 0 ? "text-danger" : "text-success"}">${shown}</span>`;
	},
};
