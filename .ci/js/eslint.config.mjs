// eslint for the app's JavaScript, with Frappe's globals; .ci/lint-js runs it from the root.

import { readdirSync, readFileSync } from "node:fs";
import js from "@eslint/js";
import globals from "globals";

// Of Frappe's, those that are used here: a name that is none of its own is a slip.
const FRAPPE = ["__", "cur_frm", "flt", "format_currency", "format_number", "frappe", "locals"];

// Frappe joins what lies in public/js to the forms and reports that hooks.py or an include names, so they share names.
const SHARED_IN = "rl_replenishment/public/js";
const shared = readdirSync(SHARED_IN)
	.map((file) => readFileSync(`${SHARED_IN}/${file}`, "utf8"))
	.flatMap((text) => [...text.matchAll(/^(?:async )?(?:function|const|let) (rl_\w+|RL_\w+)/gm)])
	.map(([, name]) => name);

export default [
	js.configs.recommended,
	{
		languageOptions: {
			ecmaVersion: 2022,
			sourceType: "script",
			globals: {
				...globals.browser,
				...globals.jquery,
				...Object.fromEntries([...FRAPPE, ...shared].map((name) => [name, "readonly"])),
			},
		},
		linterOptions: { reportUnusedDisableDirectives: "error" },
		rules: {
			eqeqeq: "error",
			"no-console": "error",
			"no-redeclare": ["error", { builtinGlobals: false }],
			"no-var": "error",
			"prefer-const": "error",
		},
	},
	{
		// joined to others, which use what they define
		files: [`${SHARED_IN}/**`],
		rules: { "no-unused-vars": ["error", { vars: "local" }] },
	},
];
