frappe.ui.form.on("RL Policy", {
	refresh(frm) {
		frm.disable_save();
		if (frm.doc.status === "Active" || !frappe.perm.has_perm("RL Agent Settings", 0, "write")) return;
		frm.add_custom_button(__("Promote"), () =>
			frappe.prompt(
				[{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") }],
				async ({ reason }) => {
					await frappe.call({
						method: "rl_replenishment.api.promote",
						type: "POST",
						args: { policy: frm.doc.name, reason: reason || "" },
						freeze: true,
					});
					frm.reload_doc();
				},
				__("Put {0} to Use", [frm.doc.name]),
				__("Promote")
			)
		);
	},
});
