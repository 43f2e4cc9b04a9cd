"""How a command ends: users' mistakes as one line "error: ..." and exit code 2, never as a
traceback.
"""

import sys
from collections.abc import Callable

USER_ERRORS = (ValueError, OSError)


def fail_cleanly(main: Callable[[], object]) -> None:
    """Run a command and turn its user errors into one line on stderr and exit code 2.

    Ctrl-C gives exit code 130.
    """
    try:
        main()
    except BrokenPipeError:  # the reader, like head, went away
        sys.stderr.close()
        sys.exit(1)
    except USER_ERRORS as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
