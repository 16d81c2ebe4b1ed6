"""The Dagster UI of a deployment with its daemon, in processes of their own, asked over GraphQL.

Does not belong here: what the UI is expected to say.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

from deployment import Deployment

PATIENCE_SECONDS = 240
Found = TypeVar("Found")

LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "orchestration.definitions"}


@dataclass(frozen=True)
class DagsterUI:
    """A UI that answers on a port of this machine."""

    port: int

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that answer a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@contextmanager
def opened(deployment: Deployment) -> Iterator[DagsterUI]:
    """Starts ``incentives ui`` and ends it again with all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ui = DagsterUI(free.getsockname()[1])
    process = deployment.start("ui", "--port", str(ui.port))
    Thread(target=process.communicate, daemon=True).start()  # so that nothing it says fills a pipe
    try:
        wait_for(lambda: _answers(ui, process))
        yield ui
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_for(moment: Callable[[], Found | None]) -> Found:
    """Waits until a moment has come, and gives what it found."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := moment()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.5)
    return found


def _answers(ui: DagsterUI, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, "the UI ended by itself"
    try:
        return bool(ui.ask("{ version }"))
    except (urllib.error.URLError, ConnectionError):
        return False
