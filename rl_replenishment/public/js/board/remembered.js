// What was changed and not ordered yet outlives the page, and is the same in all tabs: each writes its own lines alone.

const key = () => `rl_board.edits.${frappe.session.user}`;

export function remembered() {
	try {
		return JSON.parse(localStorage.getItem(key())) || {};
	} catch {
		return {};
	}
}

export function remember(proposal, edit) {
	write({ ...remembered(), [proposal]: edit });
}

/** Of some lines. */
export function forget(proposals) {
	const all = remembered();
	for (const proposal of proposals) delete all[proposal];
	write(all);
}

/** Calls back when another tab has changed something; returns how to end it. */
export function on_change(done) {
	const listen = (event) => event.key === key() && done();
	window.addEventListener("storage", listen);
	return () => window.removeEventListener("storage", listen);
}

function write(all) {
	try {
		localStorage.setItem(key(), JSON.stringify(all));
	} catch {
		// a browser without room or leave for it: they live as long as the page
	}
}
