frappe.listview_settings["RL Lesson"] = {
	add_fields: ["enabled"],
	hide_name_column: true,
	get_indicator: (doc) =>
		doc.enabled
			? [__("Followed"), "green", "enabled,=,1"]
			: [__("Switched Off"), "gray", "enabled,=,0"],
	onload(listview) {
		// what was learned is a sentence
		listview.$frappe_list.addClass("rl-lessons-list");
		frappe.dom.set_style(
			".rl-lessons-list .list-row-col.list-subject { flex: 4 } .rl-lessons-list .list-row-col:nth-child(4) { flex: 5 }",
			"rl-lessons-list"
		);
	},
};
