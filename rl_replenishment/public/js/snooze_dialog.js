// Until when to leave items alone, asked in one way wherever their proposals are chosen.

frappe.provide("frappe.rl_replenishment");

const RL_SNOOZED_FOR_DAYS = 28;
const RL_SHOWN_S = 10;

/** Ask, snooze, say what became of it; `done` is called afterwards. `from_drafts` is what is offered first. */
frappe.rl_replenishment.snooze = (proposals, from_drafts, done) => {
	frappe.prompt(
		[
			{
				fieldname: "until",
				fieldtype: "Date",
				label: __("Propose Again On"),
				reqd: 1,
				default: frappe.datetime.add_days(
					frappe.datetime.get_today(),
					RL_SNOOZED_FOR_DAYS
				),
			},
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") },
			{
				fieldname: "from_drafts",
				fieldtype: "Check",
				label: __("Take their lines out of draft Material Requests"),
				default: from_drafts ? 1 : 0,
			},
		],
		async ({ until, reason, from_drafts }) => {
			const { message } = await frappe.call({
				method: "rl_replenishment.api.board_snooze",
				args: {
					proposals: JSON.stringify(proposals),
					until,
					reason: reason || "",
					from_drafts: from_drafts ? 1 : 0,
				},
				freeze: true,
			});
			const taken = message.lines
				? ` ${__("Taken out of draft Material Requests: {0}.", [message.lines])}`
				: "";
			const toast = frappe.show_alert(
				{
					message: `${__("Snoozed: {0}.", [message.snoozed.length])}${taken}
						<a href="${frappe.router.make_url(["rl-snooze"])}">${__("Undo by deleting them here")}</a>`,
					indicator: "green",
				},
				RL_SHOWN_S
			);
			// what it offers is of this page
			frappe.router.once("change", () => toast.remove());
			done();
		},
		__("Items to Snooze: {0}", [proposals.length]),
		__("Snooze")
	);
};
