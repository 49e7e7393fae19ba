frappe.ui.form.on("RL Feedback", {
	refresh(frm) {
		frm.disable_save();
	},
});
