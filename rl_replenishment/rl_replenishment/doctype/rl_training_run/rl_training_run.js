frappe.ui.form.on("RL Training Run", {
	onload(frm) {
		frappe.realtime.on("rl_training_progress", (told) => {
			if (told.training_run !== frm.doc.name) return;
			if (["Queued", "In Progress"].includes(told.status)) {
				frm.dashboard.show_progress(__("Training"), told.progress, told.message);
			} else {
				frm.reload_doc();
			}
		});
	},

	refresh(frm) {
		frm.disable_save();
		const running = ["Queued", "In Progress"].includes(frm.doc.status);
		if (running) frm.dashboard.show_progress(__("Training"), frm.doc.progress, frm.doc.message);
		if (!frappe.perm.has_perm("RL Agent Settings", 0, "write")) return;
		if (running && !frm.doc.cancel_requested) {
			frm.add_custom_button(__("Cancel Training"), () => run(frm, "cancel_training"));
		} else if (["Failed", "Cancelled"].includes(frm.doc.status)) {
			frm.add_custom_button(__("Train Again"), () => run(frm, "retry_training"));
		}
	},
});

async function run(frm, method) {
	const { message } = await frappe.call({
		method: `rl_replenishment.api.${method}`,
		type: "POST",
		args: { training_run: frm.doc.name },
		freeze: true,
	});
	if (message) frappe.set_route("Form", "RL Training Run", message);
	else frm.reload_doc();
}
