"""Load: the files of a community become one `Community`, or diagnostics, never an exception."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rules.spec import checks
from rules.spec.community import Community, Document
from rules.spec.diagnostics import Diagnostic, Place, Problems, listed, nearest
from rules.spec.documents import DOCUMENTS
from rules.spec.kept import Trees, named, packed, packed_document, unpacked, unpacked_document
from rules.spec.node import Context, Node, keys_of, shown
from rules.spec.pack import keep_packs_in
from rules.spec.phase import PhaseKinds
from rules.spec.reader import MAX_FILE, MAX_FILES, MAX_TOTAL, plain_lines, read
from rules.spec.remembered import Remembered
from rules.spec.source import Path, Source, Written, walk
from rules.spec.translate import translate
from rules.spec.upgrades import bring_up

ONCE = ("community/v1", "lifecycle/v1")  # at most one of these in a folder
REQUIRED = ("community/v1", "calendar/v1", "metrics/v1")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading a folder gave: a community if there is no error, and everything found wrong."""

    community: Community | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        return self.community is not None


def load(files: Mapping[str, bytes], kinds: PhaseKinds, trees: Trees | None = None, *, checked: bool = False) -> Loaded:
    """Read and check a community.

    Args:
        files: path inside the folder → content, as `store.folder.read_folder` gives it.
        kinds: the kinds of phases there are, as `workflows.phases.discover` gives them.
        trees: where files that were parsed before are kept.
        checked: they were published, so what names mean across documents is not looked into again.
    """
    problems = Problems()
    if not _bounded(files, problems):
        return Loaded(None, problems.found())
    context = Context(problems, kinds)
    if trees is not None:
        keep_packs_in(trees)
    documents: list[Document] = []
    lost: set[str] = set()
    lost_schemas: set[str] = set()
    for file in sorted(files):
        document = _READ.find(file, files[file], kinds) or _kept(file, files[file], kinds, trees)
        if document is None:
            document = _document(file, files[file], context, lost, lost_schemas, trees)
        if document is not None:
            problems.text(file, document.source.lines)
            documents.append(document)
    _folder(documents, lost_schemas, problems)
    community = Community(tuple(documents), kinds, frozenset(lost))
    if not checked and any(d.schema == "community/v1" for d in documents):
        checks.run(community, problems)
    return Loaded(None if problems.any_error else community, problems.found())


_READ = Remembered()


def _kept(file: str, content: bytes, kinds: PhaseKinds, trees: Trees | None) -> Document | None:
    """A document that was read without a word by an earlier run of the program."""
    if trees is None or len(content) > MAX_FILE:
        return None
    found = trees.find_document(named(file, content, kinds))
    if found is None:
        return None
    with contextlib.suppress(ValueError):
        schema, model, tree = unpacked_document(found, kinds)
        source = Source(file, tree, plain_lines(content.decode()).split("\n"))
        return _READ.keep(file, content, kinds, Document(source, schema, model))
    return None


def _document(
    file: str, content: bytes, context: Context, lost: set[str], lost_schemas: set[str], trees: Trees | None
) -> Document | None:
    """One file; what cannot be read of it is noted as lost."""
    before = len(context.problems)
    source = _parsed(file, content, context.problems, trees)
    if source is None:
        lost_schemas.add("?")
        text = content[:MAX_FILE].decode("utf-8", "replace")
        lost |= {file.rpartition("/")[2].removesuffix(".yaml"), *re.findall(r"\bid: *[\"']?([\w-]+)", text)}
        return None
    declared = _ids(source.tree)
    schema = _schema(source, context, told=len(context.problems) > before)
    model = _model(source, schema, context, lost) if schema is not None else None
    _doubles(source, context.problems)
    lost |= declared - _ids(source.tree)
    if schema is None:
        lost_schemas.add("?")
        lost |= _ids(source.tree)
        return None
    if model is None:
        lost_schemas.add(schema)
        return None
    document = Document(source, schema, model)
    if len(context.problems) == before:
        _READ.keep(file, content, context.kinds, document)
        if trees is not None and len(content) <= MAX_FILE and not source.doubled:
            trees.keep_document(named(file, content, context.kinds), packed_document(schema, model, source.tree))
    return document


def _parsed(file: str, content: bytes, problems: Problems, trees: Trees | None) -> Source | None:
    """The tree of a file: the one that was kept, otherwise parsed, and kept if nothing was said about it."""
    if trees is None or len(content) > MAX_FILE:
        return read(file, content, problems)
    kept = trees.find(content)
    if kept is not None:
        with contextlib.suppress(ValueError, TypeError, IndexError):
            source = unpacked(file, content, kept)
            problems.text(file, source.lines)
            return source
    before = len(problems)
    parsed = read(file, content, problems)
    if parsed is not None and len(problems) == before and not parsed.doubled:
        trees.keep(content, packed(parsed.tree))
    return parsed


def _doubles(source: Source, problems: Problems) -> None:
    """Keys written twice, if no better word was found for one of them."""
    for mapping in source.doubled:
        for key, _, place, _ in mapping.doubles:
            first = mapping.key_places.get(key, place)
            where = (
                f"the first is in line {first.line}, column {first.column}; keep one" if first != place else "keep one"
            )
            problems.at("TRL108", place, f"'{key}' is written twice", where)


def _bounded(files: Mapping[str, bytes], problems: Problems) -> bool:
    if not files:
        problems.at("TRL100", Place(".", 1, 1), "there is no .yaml file", "a community begins with community.yaml")
    elif len(files) > MAX_FILES:
        problems.at("TRL102", Place(".", 1, 1), f"{len(files):,} files, more than a community may have ({MAX_FILES:,})")
    elif sum(map(len, files.values())) > MAX_TOTAL:
        total = sum(map(len, files.values()))
        problems.at(
            "TRL102", Place(".", 1, 1), f"{total:,} bytes in all, more than a community may have ({MAX_TOTAL:,})"
        )
    return not problems.any_error


def _schema(source: Source, context: Context, *, told: bool = False) -> str | None:
    """The kind of a document; a misspelt `schema` key or kind is reported and put right.

    `told`: something was said about the file already, so that a missing `schema` needs no word of its own.
    """
    tree, problems = source.tree, context.problems
    kinds = listed(DOCUMENTS, 20)
    if told and (not isinstance(tree, Written) or "schema" in tree.excused or not set(tree) & {"schema", "id"}):
        return None
    if not isinstance(tree, Written):
        place = source.value_place(())
        problems.at("TRL201", place, f"{shown(tree)} is not a document", f"begin with schema: one of {kinds}")
        return None
    if "schema" not in tree:
        meant = next(
            (k for k in tree if nearest(k, ["schema"]) and isinstance(tree[k], str) and tree[k] in DOCUMENTS), None
        )
        meant = meant or next((k for k in tree if isinstance(tree[k], str) and tree[k] in DOCUMENTS), None)
        meant = meant or next((k for k in tree if nearest(k, ["schema"])), None)
        if meant is None:
            hint = f"begin with schema: one of {kinds}"
            problems.at("TRL201", tree.place, "the document does not say which kind it is", hint)
            return None
        problems.at("TRL202", tree.key_places[meant], f"unknown key '{meant}'", "did you mean 'schema'?")
        tree.rename(meant, "schema")
    schema = tree["schema"]
    if isinstance(schema, str) and schema in DOCUMENTS:
        return schema
    version = re.fullmatch(r"([a-z]+)/v(0|[1-9][0-9]{0,3})", schema) if isinstance(schema, str) else None
    if version is not None and f"{version[1]}/v1" in DOCUMENTS:
        newer = version[2] != "0"
        message = f"{schema} is newer than this Trellis reads" if newer else f"{schema} is an older version"
        hint = f"did you mean '{version[1]}/v1'?" if newer else f"trellis migrate-specs brings it to {version[1]}/v1"
        problems.at("TRL201", tree.value_places["schema"], message, hint)
        if not newer:
            bring_up(tree, version[1], int(version[2]))
        tree["schema"] = f"{version[1]}/v1"
        return str(tree["schema"])
    meant = nearest(str(schema), DOCUMENTS) if isinstance(schema, str) else None
    if meant is None and isinstance(schema, str):
        meant = nearest(schema.partition("/")[0], [k.partition("/")[0] for k in DOCUMENTS])
        meant = f"{meant}/v1" if meant else None
    hint = f"did you mean '{meant}'?" if meant else f"one of {kinds}"
    problems.at("TRL201", tree.value_places["schema"], f"unknown kind of document: {shown(schema)}", hint)
    if meant is not None:
        tree["schema"] = meant
    return meant


def _model(source: Source, schema: str, context: Context, lost: set[str]) -> Node | None:
    """The model of a document; list items that cannot be read are left out, and their ids noted as lost."""
    model = DOCUMENTS[schema]
    for _ in range(4):
        try:
            return model.model_validate(source.tree, context=context)
        except ValidationError as error:
            paths = translate(error, source, context.problems)
            if not _prune(source, model, paths, lost):
                lost |= _ids(source.tree)
                return None
    lost |= _ids(source.tree)
    return None


def _prune(source: Source, model: type[Node], paths: list[Path], lost: set[str]) -> bool:
    """Leave out what is wrong: items of a top-level list, optional keys. False: all of it is wrong."""
    tree: Written = source.tree
    items: dict[str, set[int]] = {}
    keys: set[str] = set()
    required = keys_of(model)
    for path in paths:
        if (
            len(path) >= 2
            and isinstance(path[0], str)
            and isinstance(path[1], int)
            and path[0] not in ("phases", "parameters")
        ):
            items.setdefault(path[0], set()).add(path[1])
        elif (
            path and isinstance(path[0], str) and not required.get(path[0], True) and model is not DOCUMENTS["mode/v1"]
        ):
            keys.add(path[0])
        else:
            return False
    for key, gone in items.items():
        old = tree[key]
        for n in gone:
            lost |= _ids(old[n])
        left = old.without(gone)
        if not left and required.get(key, False):
            return False
        tree[key] = left
    for key in keys:
        lost |= _ids(tree[key])
        tree.drop(key)
        tree.excused.add(key)
    return bool(items or keys)


def _ids(tree: Any) -> set[str]:
    """Every id that is declared in a piece."""
    return {node["id"] for _, node in walk(tree) if isinstance(node, dict) and isinstance(node.get("id"), str)}


def _folder(documents: list[Document], lost: set[str], problems: Problems) -> None:
    """One community document, at most one lifecycle, a calendar and metrics."""
    for schema in ONCE:
        same = [d for d in documents if d.schema == schema]
        for d in same[1:]:
            message = f"a second {schema} document; the first is {same[0].source.file}"
            problems.at("TRL214", d.source.value_place(("schema",)), message, "one folder is one community: keep one")
            documents.remove(d)
    if "?" in lost:
        return
    for schema in REQUIRED:
        if schema not in lost and not any(d.schema == schema for d in documents):
            at = next((d for d in documents if d.schema == "community/v1"), documents[0] if documents else None)
            place = at.source.value_place(()) if at is not None else Place(".", 1, 1)
            problems.at(
                "TRL214", place, f"there is no {schema} document", f"add a file that begins with schema: {schema}"
            )
