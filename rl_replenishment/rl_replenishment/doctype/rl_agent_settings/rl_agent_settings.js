frappe.ui.form.on("RL Agent Settings", {
	setup(frm) {
		frm.set_query("warehouse", "warehouses", () => ({ filters: { company: frm.doc.company } }));
		frm.set_query("item_code", "items", () => ({
			filters: { is_stock_item: 1, is_purchase_item: 1, has_variants: 0, disabled: 0 },
		}));
	},

	refresh(frm) {
		if (frm.is_new() || !frappe.perm.has_perm("RL Agent Settings", 0, "write")) return;
		frm.add_custom_button(__("Propose Now"), () => propose_now(frm));
		frm.add_custom_button(__("Train"), () => train(frm));
		if (frm.doc.active_policy) {
			frm.add_custom_button(__("Roll Back"), () => roll_back(frm), __("Policy"));
		}
		frm.add_custom_button(
			__("Versions"),
			() => frappe.set_route("List", "RL Policy", { agent: frm.doc.name }),
			__("Policy")
		);
	},

	company(frm) {
		frm.clear_table("warehouses");
		frm.refresh_field("warehouses");
	},
});

function call(method, args) {
	return frappe.call({ method: `rl_replenishment.api.${method}`, type: "POST", args, freeze: true });
}

function propose_now(frm) {
	if (frm.is_dirty()) return frappe.msgprint(__("Save your changes first."));
	const what =
		frm.doc.mode === "Shadow"
			? __("Write down what {0} would order now?", [frm.doc.name.bold()])
			: frm.doc.mode === "Submit"
			? __("Let {0} submit Material Requests now?", [frm.doc.name.bold()])
			: __("Let {0} draft Material Requests now?", [frm.doc.name.bold()]);
	frappe.confirm(what, async () => {
		const { message } = await call("propose_now", { agent: frm.doc.name });
		frappe.set_route("Form", "RL Proposal Run", message);
	});
}

async function train(frm) {
	if (frm.is_dirty()) return frappe.msgprint(__("Save your changes first."));
	const { message } = await call("train", { agent: frm.doc.name });
	frappe.set_route("Form", "RL Training Run", message);
}

function roll_back(frm) {
	frappe.prompt(
		[{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") }],
		async ({ reason }) => {
			const { message } = await call("roll_back", { agent: frm.doc.name, reason: reason || "" });
			frappe.show_alert({ message: __("Policy {0} is in use.", [message]), indicator: "green" });
			frm.reload_doc();
		},
		__("Go Back to the Policy Before {0}", [frm.doc.active_policy]),
		__("Roll Back")
	);
}
