// What the board holds: its lines, what the buyer does with them, and what that would do. Its parts share it by `inject`.

import {
	computed,
	inject,
	nextTick,
	onBeforeUnmount,
	provide,
	reactive,
	ref,
	shallowRef,
} from "vue";
import * as model from "./model.js";
import { forget, on_change, remember, remembered } from "./remembered.js";
import * as server from "./server.js";

// between keystrokes nothing is asked
const WAIT_MS = 120;
// of more lines only those in sight are drawn
const DRAWN_AT_ONCE = 150;
const KEY = "rl_board";

/** For the board itself; returns what its parts get by `use_board`. */
export function provide_board() {
	const board = make_board();
	provide(KEY, board);
	return board;
}

/** For its parts. */
export const use_board = () => inject(KEY);

function make_board() {
	const loaded = ref(false);
	// replaced as a whole: nobody watches its thousand lines one by one
	const answer = shallowRef({
		lines: [],
		transfers: [],
		currencies: {},
		suppliers: {},
		may: {},
		agents: [],
		reasons: [],
		more: 0,
	});
	const edits = reactive({});
	const effects = reactive({});
	const marked = reactive({});
	const opened = reactive({});
	// by group: what was filled up to a minimum, as it was before
	const filled = reactive({});
	// that the buyer chose for groups without one
	const suppliers = reactive({});
	const results = ref([]);
	const submits = ref(true);
	// the line that a key leads to
	const wanted = ref("");
	let agent = "";
	let timer = null;
	const asked = {};

	const lines = computed(() => answer.value.lines);
	const transfers = computed(() => answer.value.transfers);
	const may = computed(() => answer.value.may);
	const groups = computed(() => model.grouped(lines.value));
	const has_companies = computed(
		() => new Set(groups.value.map((group) => group.company)).size > 1
	);
	const orderable = computed(() =>
		groups.value.filter((group) => group.supplier || suppliers[group.key])
	);
	const chosen = computed(() =>
		lines.value.filter((line) => marked[line.proposal]).map((line) => line.proposal)
	);
	const changed = computed(
		() => lines.value.filter((line) => model.is_changed(line, edits)).length
	);
	const is_partial = computed(() => lines.value.length > DRAWN_AT_ONCE);
	const sums = computed(() => model.sums(lines.value, answer.value.currencies, edits, effects));

	async function load(name) {
		const before = agent === name ? [...lines.value, ...transfers.value] : [];
		agent = name;
		const found = await server.read_board(agent);
		// another agent was chosen in the meantime
		if (agent !== name) return;
		// of the lines that were here, those that are not any more: others may wait for another agent
		forget(model.gone(before, [...found.lines, ...found.transfers]));
		answer.value = found;
		replace(marked, model.kept(marked, found.lines));
		loaded.value = true;
		take_over({ ...edits, ...remembered() });
		await Promise.all(groups.value.map(show_supplier));
	}

	const reload = () => load(agent);

	/** For a group without a supplier, "" for none again: it is shown at what that one's order will cost. */
	async function choose_supplier(group, supplier) {
		if ((suppliers[group.key] ?? "") === supplier) return;
		suppliers[group.key] = supplier;
		await show_supplier(group);
	}

	async function show_supplier(group) {
		const supplier = suppliers[group.key];
		if (group.supplier || !supplier) return;
		const names = group.lines.map((line) => line.proposal);
		const found = await server.from_supplier(supplier, names);
		// another one was chosen in the meantime
		if (suppliers[group.key] === supplier) {
			answer.value = model.from_supplier(answer.value, found);
		}
	}

	// what was changed here earlier, or in another tab
	function take_over(changed) {
		replace(effects, {});
		replace(edits, model.kept(changed, [...lines.value, ...transfers.value]));
		ask(lines.value.filter((line) => model.is_changed(line, edits)));
	}
	onBeforeUnmount(on_change(() => take_over(remembered())));

	function write(line, edit) {
		edits[line.proposal] = edit;
		remember(line.proposal, edit);
	}

	function change(line, edit) {
		write(line, edit);
		ask([line]);
	}

	/** The line as it was before an edit, null for as it came. */
	function put_back(line, before) {
		if (before) return change(line, before);
		forget([line.proposal]);
		delete edits[line.proposal];
		delete effects[line.proposal];
		delete asked[line.proposal];
		// a draft that was changed before
		if (model.is_changed(line, edits)) ask([line]);
	}

	const edit = (line, qty) => change(line, model.edited(line, edits, qty));
	// once more undoes it
	const take_back_lesson = (line) => change(line, model.taken_back(line, edits));

	// nothing is asked about what moves: it is not in the picture of the place that it leaves
	const move_quantity = (line, qty) => write(line, { ...edits[line.proposal], qty });

	function give_reason(line, reason) {
		write(line, { ...edits[line.proposal], reason });
	}

	function ask(which) {
		for (const line of which)
			asked[line.proposal] = model.quantity_of(line, edits) * line.conversion;
		clearTimeout(timer);
		if (Object.keys(asked).length) timer = setTimeout(look_ahead, WAIT_MS);
	}

	async function look_ahead() {
		const sent = { ...asked };
		for (const name of Object.keys(sent)) delete asked[name];
		const found = await server.what_if(sent);
		const still = model.still_asked(sent, lines.value, edits);
		for (const [name, effect] of Object.entries(found)) {
			// another quantity is wanted since
			if (still.has(name)) effects[name] = effect;
		}
	}

	const mark = (line, is_marked) => (marked[line.proposal] = is_marked);
	const unfold = (line) => (opened[line.proposal] = !opened[line.proposal]);

	async function go(line, step) {
		const next = model.next_line(groups.value, line.proposal, step);
		wanted.value = next;
		await nextTick();
		const input = document.querySelector(`.rl-board [data-quantity="${CSS.escape(next)}"]`);
		input?.focus();
		input?.select();
	}

	function back_to_proposed() {
		forget(lines.value.map((line) => line.proposal));
		// transfers are no part of it
		replace(edits, model.kept(edits, transfers.value));
		replace(effects, {});
		// a draft may have been changed before the board was opened
		for (const line of lines.value) {
			if (model.is_changed(line, edits)) edit(line, line.proposed / line.conversion);
		}
	}

	return {
		...{ loaded, answer, may, edits, effects, marked, opened, filled },
		...{ suppliers, results, submits },
		...{
			wanted,
			lines,
			transfers,
			groups,
			has_companies,
			orderable,
			chosen,
			changed,
			is_partial,
			sums,
		},
		...{
			load,
			reload,
			edit,
			put_back,
			move_quantity,
			take_back_lesson,
			give_reason,
			mark,
			unfold,
			go,
			back_to_proposed,
			choose_supplier,
		},
	};
}

function replace(target, source) {
	for (const name of Object.keys(target)) if (!(name in source)) delete target[name];
	Object.assign(target, source);
}
