// The buyer's board; what it is made of lies in public/js/board.

frappe.pages["rl-board"].on_page_load = (wrapper) => {
	const page = frappe.ui.make_app_page({
		parent: wrapper,
		title: __("Buyer's Board"),
		single_column: true,
	});
	frappe.require("rl_board.bundle.js", () => {
		wrapper.rl_board = new frappe.rl_replenishment.Board(page);
	});
};

// others may have ordered in the meantime
frappe.pages["rl-board"].on_page_show = (wrapper) => wrapper.rl_board?.show();
