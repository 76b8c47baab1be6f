"""python -m fpl_lib.course execute | student | check"""

import sys

from fpl_lib.course.editions import main

if __name__ == "__main__":
    sys.exit(main())
