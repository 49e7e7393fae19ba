app_name = "rl_replenishment"
app_title = "RL Replenishment"
app_publisher = "RL Replenishment contributors"
app_description = "Proposes what to buy in ERPNext, and learns from stock history and from the buyer's edits"
app_email = "rl-replenishment@example.com"
app_license = "gpl-3.0"

required_apps = ["frappe/erpnext"]

before_install = "rl_replenishment.install.before_install"
after_install = "rl_replenishment.install.after_install"
after_migrate = "rl_replenishment.install.after_migrate"
before_uninstall = "rl_replenishment.uninstall.before_uninstall"

before_tests = [
	"rl_replenishment.tests.before.make_a_company",
	"rl_replenishment.tests.before.write_numbers_in_english",
	"rl_replenishment.tests.before.forget_actions_of_gone_documents",
]

doc_events = {
	"File": {"before_validate": "rl_replenishment.overrides.file.before_validate"},
	"Material Request": {
		"before_validate": "rl_replenishment.overrides.material_request.before_validate",
		"validate": "rl_replenishment.overrides.material_request.validate",
		"on_submit": "rl_replenishment.overrides.material_request.on_submit",
		"on_update_after_submit": "rl_replenishment.overrides.material_request.on_update_after_submit",
		"on_cancel": "rl_replenishment.overrides.material_request.on_cancel",
		"on_change": "rl_replenishment.overrides.material_request.on_change",
		"on_update": "rl_replenishment.overrides.material_request.on_update",
		"after_delete": "rl_replenishment.overrides.material_request.after_delete",
	},
	"Purchase Order": {
		"on_submit": "rl_replenishment.overrides.purchase_order.on_submit",
		"on_update_after_submit": "rl_replenishment.overrides.purchase_order.on_update_after_submit",
		"on_cancel": "rl_replenishment.overrides.purchase_order.on_cancel",
	},
	"Stock Entry": {
		"on_submit": "rl_replenishment.overrides.stock_entry.on_submit",
		"on_cancel": "rl_replenishment.overrides.stock_entry.on_cancel",
	},
}

add_to_apps_screen = [
	{
		"name": "rl_replenishment",
		"logo": "/assets/rl_replenishment/images/logo.svg",
		"title": "RL Replenishment",
		"route": "/app/rl-replenishment",
		"has_permission": "rl_replenishment.api.may_open_app",
	}
]

doctype_js = {
	"Material Request": ["public/js/item_picture.js", "public/js/material_request.js"],
	"RL Proposal": "public/js/item_picture.js",
	"RL Agent Settings": [
		"public/js/policy_comparison.js",
		"public/js/policy_use.js",
		"public/js/under_way.js",
		"public/js/agent_overview.js",
	],
	"RL Policy": ["public/js/policy_comparison.js", "public/js/policy_use.js"],
	"RL Proposal Run": "public/js/under_way.js",
	"RL Training Run": ["public/js/policy_comparison.js", "public/js/under_way.js"],
}
# read before anything of a DocType is shown, forms included
doctype_list_js = {
	"Material Request": "public/js/plain_texts.js",
	"RL Agent Settings": "public/js/plain_texts.js",
	"RL Feedback": "public/js/plain_texts.js",
	"RL Lesson": "public/js/plain_texts.js",
	"RL Policy": "public/js/plain_texts.js",
	"RL Proposal": ["public/js/plain_texts.js", "public/js/snooze_dialog.js"],
	"RL Proposal Run": "public/js/plain_texts.js",
	"RL Real Demand": "public/js/plain_texts.js",
	"RL Snooze": "public/js/plain_texts.js",
	"RL Supplier Terms": "public/js/plain_texts.js",
	"RL Training Run": "public/js/plain_texts.js",
}

scheduler_events = {
	"cron": {
		"*/5 * * * *": ["rl_replenishment.tasks.work_off_feedback"],
		"*/10 * * * *": ["rl_replenishment.tasks.check_stuck_runs"],
		"15 4 * * *": ["rl_replenishment.tasks.settle_feedback"],
		"25 4 * * *": ["rl_replenishment.tasks.fit_lessons", "rl_replenishment.tasks.renew_service_targets"],
		"30 4 * * *": ["rl_replenishment.tasks.train_due"],
		"30 5 * * *": ["rl_replenishment.tasks.propose_due"],
		"45 4 * * 1": ["rl_replenishment.tasks.check_drift"],
		"0 7 * * 1": ["rl_replenishment.tasks.send_digests"],
	},
	"daily_long": ["rl_replenishment.tasks.book_edit_values", "rl_replenishment.tasks.examine"],
}

# what belongs to an agent as a whole goes by who may see all that it buys; rows go by what they name
permission_query_conditions = {
	"RL Agent Item": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Agent Settings": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Agent Warehouse": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Lesson": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Policy": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Policy Promotion": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Proposal Run": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Service Target": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Snooze": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Real Demand": "rl_replenishment.bridge.visibility.query_conditions",
	"RL Training Run": "rl_replenishment.bridge.visibility.query_conditions",
	"File": "rl_replenishment.bridge.visibility.file_query_conditions",
}
has_permission = {
	"RL Agent Settings": "rl_replenishment.bridge.visibility.has_permission",
	"RL Feedback": "rl_replenishment.bridge.visibility.has_permission",
	"RL Lesson": "rl_replenishment.bridge.visibility.has_permission",
	"RL Policy": "rl_replenishment.bridge.visibility.has_permission",
	"RL Proposal": "rl_replenishment.bridge.visibility.has_permission",
	"RL Proposal Run": "rl_replenishment.bridge.visibility.has_permission",
	"RL Snooze": "rl_replenishment.bridge.visibility.has_permission",
	"RL Real Demand": "rl_replenishment.bridge.visibility.has_permission",
	"RL Training Run": "rl_replenishment.bridge.visibility.has_permission",
	"File": "rl_replenishment.bridge.attachments.has_permission",
}

# the buyer may delete a draft that came from a proposal
ignore_links_on_delete = ["RL Proposal", "RL Feedback", "RL Snooze", "RL Real Demand", "RL Lesson"]

default_log_clearing_doctypes = {
	"RL Proposal": 365,
	"RL Proposal Run": 365,
	"RL Feedback": 1095,
	"RL Training Run": 365,
}

export_python_type_annotations = True
require_type_annotated_api_methods = True
