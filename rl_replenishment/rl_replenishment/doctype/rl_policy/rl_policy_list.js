frappe.listview_settings["RL Policy"] = {
	get_indicator(doc) {
		const colour = { Candidate: "orange", Active: "green", Archived: "gray" }[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};
