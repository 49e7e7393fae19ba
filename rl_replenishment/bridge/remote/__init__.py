"""What another machine is told and brings back: records, the policy learned from them, the state.

* `trainings`: an RL Training Run in the hands of a trainer elsewhere, step by step
* `jobs`: what a worker does before and after it
* `files`: what lies on the site's disk meanwhile
* `state`: an agent's items as its policy sees them now, for an environment over the site
* `requests`: Material Requests of such an environment, and what became of them
"""
