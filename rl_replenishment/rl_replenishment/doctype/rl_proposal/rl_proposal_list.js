frappe.listview_settings["RL Proposal"] = {
	add_fields: ["status", "uom"],
	hide_name_column: true,
	get_indicator(doc) {
		const colour = {
			Proposed: "blue",
			Requested: "orange",
			Ordered: "green",
			Rejected: "red",
			Superseded: "gray",
		}[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};
