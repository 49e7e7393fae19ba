// What the desk page asks for: a board on one of its pages.

import { createApp } from "vue";
import "../snooze_dialog.js";
import BuyersBoard from "./BuyersBoard.vue";

frappe.provide("frappe.rl_replenishment");

frappe.rl_replenishment.Board = class {
	constructor(page) {
		this.agent = page.add_field({
			fieldname: "agent",
			fieldtype: "Link",
			options: "RL Agent Settings",
			label: __("Agent"),
			change: () => this.root.load(this.agent.get_value() || ""),
		});
		const place = document.createElement("div");
		page.main[0].append(place);
		const app = createApp(BuyersBoard);
		// texts are translated, and numbers written, by the desk
		app.config.globalProperties.__ = window.__;
		this.root = app.mount(place);
		page.set_secondary_action(__("Refresh"), () => this.root.reload());
		this.show();
	}

	// of the agent that whoever leads here names, else of the one that was chosen before
	show() {
		const asked = frappe.route_options?.agent;
		frappe.route_options = null;
		if (asked && asked !== this.agent.get_value()) this.agent.set_value(asked);
		else this.root.load(this.agent.get_value() || "");
	}
};
