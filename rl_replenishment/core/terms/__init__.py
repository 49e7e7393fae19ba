"""What a supplier asks of an order: days, minimums, freight and prices by quantity.

`terms` says what they are, `calendar` when orders go out and arrive, `rounding` how the lines of one supplier
reach a minimum together, `waiting` whether an order is worth it now, `ordering` how any policy orders under
them, `proposals` what becomes of proposals, `wording` how a buyer is told, and `buying` what a budget allows.
"""
