// eslint for the app's JavaScript, with Frappe's globals; .ci/lint-js runs it from the root.

import { readdirSync, readFileSync } from "node:fs";
import js from "@eslint/js";
import vue from "eslint-plugin-vue";
import globals from "globals";

// Of Frappe's, those that are used here: a name that is none of its own is a slip.
const FRAPPE = [
	"__",
	"cur_dialog",
	"cur_frm",
	"flt",
	"format_currency",
	"format_number",
	"frappe",
	"locals",
];

// Frappe joins what lies in public/js to the forms and reports that hooks.py or an include names, so they share names.
const SHARED_IN = "rl_replenishment/public/js";
const shared = readdirSync(SHARED_IN)
	.filter((file) => file.endsWith(".js"))
	.map((file) => readFileSync(`${SHARED_IN}/${file}`, "utf8"))
	.flatMap((text) => [...text.matchAll(/^(?:async )?(?:function|const|let) (rl_\w+|RL_\w+)/gm)])
	.map(([, name]) => name);

// What lies in rooms of its own there is bundled, as modules.
const BUNDLED = [`${SHARED_IN}/*/**`, "tests/js/**"];

export default [
	js.configs.recommended,
	...vue.configs["flat/recommended"],
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
		files: [`${SHARED_IN}/*.js`],
		rules: { "no-unused-vars": ["error", { vars: "local" }] },
	},
	{
		files: BUNDLED,
		languageOptions: { sourceType: "module", globals: { ...globals.node } },
		rules: {
			// prettier's to say
			"vue/html-closing-bracket-newline": "off",
			"vue/html-indent": "off",
			"vue/html-self-closing": "off",
			"vue/first-attribute-linebreak": "off",
			"vue/max-attributes-per-line": "off",
			"vue/multiline-html-element-content-newline": "off",
			"vue/singleline-html-element-content-newline": "off",
			// as Python has them
			"vue/custom-event-name-casing": "off",
			"no-undef": "error",
		},
	},
];
