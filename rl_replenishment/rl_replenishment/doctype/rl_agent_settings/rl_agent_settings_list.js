frappe.listview_settings["RL Agent Settings"] = {
	add_fields: ["enabled", "mode"],
	get_indicator(doc) {
		if (!doc.enabled) return [__("Disabled"), "gray", "enabled,=,0"];
		const colour = { Shadow: "blue", Draft: "orange", Submit: "green" }[doc.mode];
		return [__(doc.mode), colour, `mode,=,${doc.mode}`];
	},
};
