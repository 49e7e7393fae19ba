frappe.ui.form.on("RL Proposal", {
	refresh(frm) {
		frm.disable_save();
	},
});
