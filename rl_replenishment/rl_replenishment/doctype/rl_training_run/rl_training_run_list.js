frappe.listview_settings["RL Training Run"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colour = {
			Queued: "gray",
			"In Progress": "blue",
			Completed: "green",
			Failed: "red",
			Cancelled: "orange",
		}[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};
