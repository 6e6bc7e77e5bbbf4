"""The demo's standard questions and dialogues, through the ivr's own interface; what is already there is left as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deploy.clients.administration import Administration

FOLDER = Path(__file__).parent
YAML = {"content-type": "application/yaml"}


def prepare_self_service(administration: Administration, progress: Callable[[str, int, int], None]) -> None:
    """Questions first, for a dialogue may only name answers that are there. Raises ServiceRefused."""
    documents = sorted((FOLDER / "dialogues").glob("*.yaml"))
    if administration.there("ivr", f"/v1/dialogues/{documents[-1].stem}"):
        return  # the last one is there, so all are
    questions = (FOLDER / "questions.yaml").read_bytes()
    administration.call("POST", "ivr", "/v1/questions:import", content=questions, headers=YAML)
    for number, path in enumerate(documents, 1):
        administration.call("PUT", "ivr", f"/v1/dialogues/{path.stem}", content=path.read_bytes(), headers=YAML)
        progress("dialogues", number, len(documents))
