// Putting a policy to use and going back, from the form of an agent or of a policy; both ask why.

function rl_promote(policy, done) {
	rl_ask_why(__("Put {0} to Use", [policy]), __("Promote"), async (reason) => {
		await frappe.call({
			method: "rl_replenishment.api.promote",
			args: { policy, reason },
			freeze: true,
		});
		frappe.show_alert({ message: __("Policy {0} is in use.", [policy]), indicator: "green" });
		done();
	});
}

function rl_roll_back(agent, policy, done) {
	rl_ask_why(
		__("Go Back to the Policy in Use before {0}", [policy]),
		__("Roll Back"),
		async (reason) => {
			const args = { agent, reason };
			const { message } = await frappe.call({
				method: "rl_replenishment.api.roll_back",
				args,
				freeze: true,
			});
			frappe.show_alert({
				message: __("Policy {0} is in use again.", [message]),
				indicator: "green",
			});
			done(message);
		}
	);
}

function rl_ask_why(title, action, done) {
	const why = { fieldname: "reason", fieldtype: "Small Text", label: __("Why") };
	frappe.prompt(why, ({ reason }) => done(reason || ""), title, action);
}
