// A cell of a report as text: Frappe's formatter takes it for HTML.
function rl_as_text(value, column) {
	const is_text = column.fieldtype === "Data" && typeof value === "string";
	return is_text ? frappe.utils.escape_html(value) : value;
}
