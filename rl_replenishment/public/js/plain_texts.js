// What the app's documents say is shown as text: Frappe's formatters take it for HTML.
(() => {
	const TEXTS = ["Data", "Small Text", "Text", "Long Text"];
	const as_text = (value, df, options) => {
		// a form's control has escaped Data itself
		if (typeof value !== "string" || (df?.fieldtype === "Data" && options?.inline)) {
			return value ?? "";
		}
		return frappe.utils.escape_html(value).replaceAll("\n", "<br>");
	};
	for (const [doctype, fields] of Object.entries(frappe.meta.docfield_map)) {
		for (const field of Object.values(fields)) {
			const is_ours = doctype.startsWith("RL ") || field.fieldname?.startsWith("rl_");
			if (is_ours && TEXTS.includes(field.fieldtype)) field.formatter = as_text;
		}
	}
})();
