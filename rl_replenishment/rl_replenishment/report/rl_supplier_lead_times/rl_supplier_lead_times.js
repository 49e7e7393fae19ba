// {% include "rl_replenishment/public/js/report_cells.js" %}
frappe.query_reports["RL Supplier Lead Times"] = {
	filters: [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
			reqd: 1,
		},
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default: frappe.datetime.add_days(frappe.datetime.get_today(), -365),
		},
		{
			fieldname: "to_date",
			label: __("To Date"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
		},
		{ fieldname: "supplier", label: __("Supplier"), fieldtype: "Link", options: "Supplier" },
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
		{ fieldname: "by_item", label: __("By Item"), fieldtype: "Check" },
	],
	// whose own company buys without an agent would see nothing
	async onload(report) {
		const { message: company } = await frappe.call({
			method: "rl_replenishment.api.usual_company",
			type: "GET",
		});
		const filter = report.get_filter("company");
		if (company && company !== filter.get_value()) await filter.set_value(company);
	},
	formatter: (value, row, column, data, default_formatter) =>
		default_formatter(rl_as_text(value, column), row, column, data),
};
