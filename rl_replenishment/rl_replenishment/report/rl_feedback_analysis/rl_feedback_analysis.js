// {% include "rl_replenishment/public/js/feedback_filters.js" %}

frappe.query_reports["RL Feedback Analysis"] = {
	filters: [
		...rl_feedback_filters("Item"),
		{
			fieldname: "chart",
			label: __("Chart by Week"),
			fieldtype: "Select",
			options: ["Kept, %", "Mean Reward"],
			default: "Kept, %",
		},
	],
};
