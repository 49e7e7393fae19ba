frappe.ui.form.on("RL Agent Settings", {
	setup(frm) {
		frm.set_query("warehouse", "warehouses", (doc) => ({ filters: { company: doc.company } }));
		frm.set_query("item_code", "items", () => ({
			filters: { is_stock_item: 1, is_purchase_item: 1, has_variants: 0, disabled: 0 },
		}));
		frm.set_query("supplier", () => ({ filters: { disabled: 0 } }));
	},

	refresh(frm) {
		if (frm.is_new()) return;
		if (!frm.doc.enabled) {
			frm.set_intro(__("This agent is disabled: it proposes nothing and does not train by itself."), "orange");
		} else if (frm.doc.mode === "Shadow") {
			frm.set_intro(__("This agent works in the shadow: it writes down proposals and requests nothing."), "blue");
		}
		if (!frm.perm[0].write) return;
		if (frm.doc.enabled) {
			frm.add_custom_button(__("Propose Now"), () => once_saved(frm, propose_now));
		}
		frm.add_custom_button(__("Train"), () => once_saved(frm, train));
		if (frm.doc.active_policy) {
			frm.add_custom_button(__("Roll Back"), () => roll_back(frm));
		}
	},

	company(frm) {
		frm.clear_table("warehouses");
		frm.refresh_field("warehouses");
	},
});

function once_saved(frm, action) {
	if (frm.is_dirty()) return frappe.msgprint(__("Save your changes first."));
	action(frm);
}

function propose_now(frm) {
	const consequence = {
		Shadow: __("Nothing is requested: the agent works in the shadow."),
		Draft: __("Material Requests are left as drafts."),
		Submit: __("Material Requests are submitted at once."),
	}[frm.doc.mode];
	frappe.confirm(__("Look at stock and propose what to order now?") + " " + consequence, () =>
		frm.call({
			method: "rl_replenishment.api.propose_now",
			args: { agent: frm.doc.name },
			freeze: true,
			callback: (r) => frappe.set_route("Form", "RL Proposal Run", r.message),
		})
	);
}

function train(frm) {
	frappe.confirm(
		__("Train for {0} minutes in the background?", [frm.doc.training_minutes]) +
			" " +
			(frm.doc.auto_promote
				? __("A policy that proves better is put to use.")
				: __("The policy in use stays until you promote another.")),
		() =>
			frm.call({
				method: "rl_replenishment.api.train",
				args: { agent: frm.doc.name },
				freeze: true,
				callback: (r) => frappe.set_route("Form", "RL Training Run", r.message),
			})
	);
}

function roll_back(frm) {
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") },
		({ reason }) =>
			frm.call({
				method: "rl_replenishment.api.roll_back",
				args: { agent: frm.doc.name, reason: reason || "" },
				freeze: true,
				callback: (r) => {
					frappe.show_alert({ message: __("Policy {0} is in use again.", [r.message]), indicator: "green" });
					frm.reload_doc();
				},
			}),
		__("Go Back to the Policy in Use before {0}", [frm.doc.active_policy]),
		__("Roll Back")
	);
}
