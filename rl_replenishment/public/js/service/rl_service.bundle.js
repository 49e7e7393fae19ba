// What service costs, in a dialog on an agent's form, for who opens one; `rl_charts.bundle.js` is there by then.

import { createApp } from "vue";
import ServiceCurve from "./ServiceCurve.vue";

frappe.provide("frappe.rl_replenishment");

/** Open it for an agent; `changed` is called whenever a target was set or taken away. */
frappe.rl_replenishment.show_service = (agent, changed) => {
	const dialog = new frappe.ui.Dialog({
		title: __("What Would 99 % Cost?"),
		size: "extra-large",
	});
	const app = createApp(ServiceCurve, { agent, onChanged: changed });
	// texts are translated by the desk
	app.config.globalProperties.__ = window.__;
	dialog.on_hide = () => app.unmount();
	dialog.show();
	app.mount(dialog.body);
	return dialog;
};
