frappe.listview_settings["RL Feedback"] = {
	add_fields: ["reward", "settled"],
	hide_name_column: true,
	get_indicator(doc) {
		if (!doc.settled) return [__("Open"), "gray", "settled,=,0"];
		if (doc.reward === 1) return [__("Kept"), "green", "settled,=,1|reward,=,1"];
		return [__("Changed"), "orange", "settled,=,1|reward,<,1"];
	},
};
