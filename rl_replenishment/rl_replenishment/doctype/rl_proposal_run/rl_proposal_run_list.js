frappe.listview_settings["RL Proposal Run"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colour = { "In Progress": "blue", Completed: "green", Failed: "red", Cancelled: "orange" }[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};
