"""Files of standard questions: YAML (a list under `questions`) or CSV, read row by row; a row that does not fit costs only itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml
from pydantic import ValidationError

from services.ivr.api.shapes import Document, QuestionIn
from services.ivr.domain.questions import StandardQuestion

YAML_KINDS: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
CSV_KIND: Final = "text/csv"
SEPARATOR: Final = "|"
"""Between the examples of one CSV cell."""
MAX_ROWS: Final = 5_000
COLUMNS: Final = (
    "id", "business_line", "group", "reason", "title_zh", "title_en", "examples_zh", "examples_en", "voice_zh", "voice_en",
    "web_zh", "web_en", "link", "fax_title_zh", "fax_body_zh", "fax_title_en", "fax_body_en",
)  # fmt: skip
LANGUAGES: Final = ("zh", "en")


class UnreadableFile(ValueError):
    """The file is no question set."""


def read_questions(body: bytes, kind: str) -> tuple[list[StandardQuestion], list[Document]]:
    """Questions, and what was rejected: row (YAML: place from 1; CSV: line), id and reasons. Raises UnreadableFile."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile("not UTF-8") from error
    if kind in YAML_KINDS:
        rows = list(_yaml_rows(text))
    elif kind == CSV_KIND:
        rows = list(_csv_rows(text))
    else:
        raise UnreadableFile("send application/yaml or text/csv")
    if len(rows) > MAX_ROWS:
        raise UnreadableFile(f"more than {MAX_ROWS} rows")
    found: dict[str, StandardQuestion] = {}
    rejected: list[Document] = []
    for row, fields in rows:
        try:
            question = QuestionIn.model_validate(fields)
        except ValidationError as error:
            reasons = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            rejected.append({"row": row, "id": _id_of(fields), "reasons": reasons})
            continue
        if question.id in found:
            rejected.append({"row": row, "id": question.id, "reasons": ["id: stands in the file twice"]})
        else:
            found[question.id] = question.question(question.id)
    return list(found.values()), rejected


def _yaml_rows(text: str) -> Iterator[tuple[int, Any]]:
    try:
        document: Any = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UnreadableFile("not YAML" + (f" (line {mark.line + 1})" if mark else "")) from error
    rows: Any = document.get("questions") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise UnreadableFile("a list of questions is expected, alone or under `questions`")
    yield from enumerate(rows, 1)


def _csv_rows(text: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
    if unknown or "id" not in (reader.fieldnames or ()):
        raise UnreadableFile(f"columns are {', '.join(COLUMNS)}" + (f"; not {', '.join(unknown)}" if unknown else ""))
    try:
        for cells in reader:
            yield reader.line_num, _fields({name: (cell or "").strip() for name, cell in cells.items() if name})
    except csv.Error as error:
        raise UnreadableFile(f"line {reader.line_num}: {error}") from error


def _fields(cells: Mapping[str, str]) -> Document:
    """A CSV row as the fields of a question; empty cells are left out."""

    def per_language(prefix: str) -> dict[str, str]:
        return {each: cells[f"{prefix}_{each}"] for each in LANGUAGES if cells.get(f"{prefix}_{each}")}

    examples = [
        {"text": one.strip(), "language": language}
        for language in LANGUAGES
        for one in cells.get(f"examples_{language}", "").split(SEPARATOR)
        if one.strip()
    ]
    titles, bodies = per_language("fax_title"), per_language("fax_body")
    fax = {each: {"title": titles.get(each), "body": bodies.get(each)} for each in LANGUAGES if each in titles | bodies}
    web: dict[str, str | None] = {**per_language("web"), **({"link": cells["link"]} if cells.get("link") else {})}
    plain = {name: cells[name] for name in ("id", "business_line", "group", "reason") if cells.get(name)}
    return {
        **plain, "titles": per_language("title"), "examples": examples,
        "answers": {"voice": per_language("voice"), "web": web, "fax": fax},
    }  # fmt: skip


def _id_of(fields: Any) -> str | None:
    found = fields.get("id") if isinstance(fields, dict) else None
    return found[:64] if isinstance(found, str) else None
