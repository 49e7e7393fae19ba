frappe.listview_settings["RL Proposal"] = {
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
