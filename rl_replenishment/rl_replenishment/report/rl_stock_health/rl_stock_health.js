frappe.query_reports["RL Stock Health"] = {
	filters: [
		{ fieldname: "agent", label: __("Agent"), fieldtype: "Link", options: "RL Agent Settings" },
		{
			fieldname: "health",
			label: __("Health"),
			fieldtype: "Select",
			options: ["", "Out of Stock", "Runs Out", "Healthy", "Too Much"].map((value) => ({
				value,
				label: __(value),
			})),
		},
		{ fieldname: "warehouse", label: __("Warehouse"), fieldtype: "Link", options: "Warehouse" },
		{ fieldname: "supplier", label: __("Supplier"), fieldtype: "Link", options: "Supplier" },
		{ fieldname: "item_group", label: __("Item Group"), fieldtype: "Link", options: "Item Group" },
		{ fieldname: "overdue", label: __("Overdue Arrivals"), fieldtype: "Check" },
	],

	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(value, row, column, data);
		if (column.fieldname !== "health" || !data) return shown;
		const colour = {
			[__("Out of Stock")]: "red",
			[__("Runs Out")]: "orange",
			[__("Healthy")]: "green",
			[__("Too Much")]: "blue",
		}[data.health];
		return `<span class="indicator-pill ${colour}">${shown}</span>`;
	},
};
