"""`python -m deploy.health URL`: exit code 0 when the service answers ready; what a container's health check runs."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

SECONDS = 3


def ready(url: str) -> bool:
    """Whether `url` answers with success in time."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


if __name__ == "__main__":
    sys.exit(0 if ready(sys.argv[1]) else 1)
