frappe.listview_settings["RL Agent Settings"] = {
	add_fields: ["enabled", "mode"],
	hide_name_column: true,
	get_indicator(doc) {
		if (!doc.enabled) return [__("Disabled"), "gray", "enabled,=,0"];
		const [label, colour] = {
			Shadow: [__("In Shadow"), "blue"],
			Draft: [__("Drafts"), "orange"],
			Submit: [__("Submits"), "green"],
		}[doc.mode];
		return [label, colour, `enabled,=,1|mode,=,${doc.mode}`];
	},
};
