"""What buyers' corrections taught: how far the next proposals move towards what they order.

* `answers`: what each decision says, as the logarithm of what was ordered over what the policy asked for
* `memory`: how long a decision counts, and when a buyer has changed his mind
* `nodes`, `breadth`: what lessons may be about, and what may be said of several items
* `pooling`: the lessons that explain the decisions, from broad to narrow
* `evidence`: how often the buyer did so, what that saved, and how far it is followed
* `fitting`: all of it in one call; `lessons` is what comes of it
* `following`: a policy that follows lessons, within what they may cost
* `wording`: what was learned, in words
"""
