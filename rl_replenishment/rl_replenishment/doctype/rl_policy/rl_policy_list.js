frappe.listview_settings["RL Policy"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colour = { Candidate: "blue", Active: "green", Archived: "gray" }[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};
