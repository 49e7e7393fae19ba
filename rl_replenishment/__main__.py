import sys

from rl_replenishment.cli import main

if __name__ == "__main__":
	sys.exit(main())
