app_name = "rl_replenishment"
app_title = "RL Replenishment"
app_publisher = "RL Replenishment contributors"
app_description = "Proposes what to buy in ERPNext, and learns from stock history and from the buyer's edits"
app_email = "rl-replenishment@example.com"
app_license = "gpl-3.0"

required_apps = ["frappe/erpnext"]
