frappe.ui.form.on("RL Lesson", {
	refresh(frm) {
		if (!frm.perm[0].write) return;
		frm.add_custom_button(frm.doc.enabled ? __("Do Not Follow") : __("Follow Again"), () =>
			frm.set_value("enabled", frm.doc.enabled ? 0 : 1).then(() => frm.save())
		);
		// the site's day, whatever the user's time zone
		const today = () => frappe.datetime.system_datetime().slice(0, 10);
		frm.add_custom_button(__("Forget What Was Changed"), () =>
			frappe.confirm(__("Forget what was changed until today, and learn anew?"), () =>
				frm.set_value("forget_until", today()).then(() => frm.save())
			)
		);
		if (!frm.doc.forget_until) return;
		frm.add_custom_button(__("Remember Again"), () =>
			frm.set_value("forget_until", null).then(() => frm.save())
		);
	},
});
