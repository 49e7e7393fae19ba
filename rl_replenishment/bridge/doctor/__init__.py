"""Whether what the app has written still fits together, and how it is mended.

* `check`: what a check is, and what it found
* `traces`: proposed lines and proposals lead to each other
* `rows`: RL Feedback is what the documents say, and what was learned from has its training
* `standing`: policies in use, runs, and whatever waits for something that will not come
* `examination`: all of them, once over the site, and what the agents' forms show of it
"""

from rl_replenishment.bridge.doctor.examination import examine, last_examination

__all__ = ["examine", "last_examination"]
