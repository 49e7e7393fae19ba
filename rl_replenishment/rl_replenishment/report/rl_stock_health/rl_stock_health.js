// {% include "rl_replenishment/public/js/report_cells.js" %}
// {% include "rl_replenishment/public/js/item_picture.js" %}
function rl_health_colours() {
	return { "Out of Stock": "red", "Runs Out": "orange", Healthy: "green", "Too Much": "blue" };
}

function rl_show_item({ agent, item: item_code, warehouse }) {
	const title = __("{0} in {1}", [item_code, warehouse]);
	const dialog = new frappe.ui.Dialog({ title, size: "extra-large" });
	dialog.show();
	rl_draw_picture(
		$("<div>").appendTo(dialog.$body),
		"picture_of_item",
		{ agent, item_code, warehouse },
		title
	);
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
		const escape = frappe.utils.escape_html;
		return `<button class="btn btn-xs indicator-pill ${colour || "gray"} rl-look"
			data-agent="${escape(data.agent)}" data-item="${escape(data.item_code)}" data-warehouse="${escape(data.warehouse)}"
			title="${__("Show the picture of {0}", [escape(data.item_code)])}">${shown}</button>`;
	},

	after_datatable_render(table) {
		$(table.wrapper)
			.off("click.rl")
			.on("click.rl", ".rl-look", ({ currentTarget }) =>
				rl_show_item(currentTarget.dataset)
			);
	},
};
