// What goes on in the background, on the forms that show it: they ask how far it is, since not every site has socket.io.

const RL_LOOK_EVERY_MS = 2000;

function rl_is_under_way(job) {
	return ["Queued", "In Progress"].includes(job?.status);
}

// unless the form shows another document by then; a form has one look before it
function rl_look_again(frm, look, after_ms = RL_LOOK_EVERY_MS) {
	const name = frm.doc.name;
	clearTimeout(frm.rl_timer);
	// asks which form is shown, and does nothing with it
	// nosemgrep
	frm.rl_timer = setTimeout(() => cur_frm === frm && frm.doc.name === name && look(), after_ms);
}

// for the form of the job itself, which is loaded anew once its status is another
function rl_watch(frm, ask, show) {
	clearTimeout(frm.rl_timer);
	if (!rl_is_under_way(frm.doc)) return;
	rl_look_again(frm, async () => {
		const name = frm.doc.name;
		const now = await ask(name);
		if (frm.doc.name !== name) return;
		if (now.status !== frm.doc.status) return frm.reload_doc();
		show(now);
		rl_watch(frm, ask, show);
	});
}
