frappe.listview_settings["RL Lesson"] = {
	add_fields: ["enabled", "followed"],
	hide_name_column: true,
	get_indicator(doc) {
		if (!doc.enabled) return [__("Switched Off"), "gray", "enabled,=,0"];
		// what costs, and what was forgotten
		if (!doc.followed) return [__("Not Followed"), "gray", "enabled,=,1|followed,=,0"];
		return [__("Followed"), "green", "enabled,=,1|followed,>,0"];
	},
	onload(listview) {
		// what was learned is a sentence
		listview.$frappe_list.addClass("rl-lessons-list");
		frappe.dom.set_style(
			`.rl-lessons-list .list-row-col.list-subject { flex: 4 }
			.rl-lessons-list .list-row-col:nth-child(3) { min-width: 120px }
			.rl-lessons-list .list-row-col:nth-child(4) { flex: 5 }`,
			"rl-lessons-list"
		);
	},
};
