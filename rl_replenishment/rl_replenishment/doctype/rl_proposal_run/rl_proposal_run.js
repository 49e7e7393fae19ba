frappe.ui.form.on("RL Proposal Run", {
	refresh(frm) {
		frm.disable_save();
		frm.add_custom_button(__("Proposals"), () =>
			frappe.set_route("List", "RL Proposal", { run: frm.doc.name })
		);
		if (frm.doc.status === "In Progress") {
			// a short run is over before the desk hears of it
			setTimeout(() => frm.doc.status === "In Progress" && frm.reload_doc(), 3000);
		}
	},
});
