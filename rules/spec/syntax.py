"""Syntax: what a YAML parser complains about, for people who have never read the standard."""

from __future__ import annotations

import re


def in_our_words(problem: str, line: str, column: int) -> tuple[str, str, str]:
    """A complaint of the parser as (code, message, hint)."""
    here = line[column - 1 : column]
    comparison = re.search(r":\s*([<>]=?)\s*(\S+)", line)
    if comparison:
        word = {">=": "at_least", "<=": "at_most", ">": "more_than", "<": "less_than"}[comparison[1]]
        return (
            "TRL104",
            f"'{comparison[1]}' is not a word of this language",
            f"write {{ {word}: {comparison[2].strip('{}, ')} }}",
        )
    if "mapping values are not allowed" in problem:
        return "TRL115", "a colon where none may stand", "quote a text that holds ': ', or check the indentation"
    if "found character" in problem and "cannot start any token" in problem:
        if here == "\t":
            return "TRL113", "a tab stands in the indentation", "indent with spaces"
        return "TRL115", f"no value may begin with {here or 'this'}", "quote the text"
    if here == ":" and "flow" in problem:
        return "TRL115", "a text ends at a colon", "quote the text: a colon and a space end an unquoted text"
    if "flow mapping" in problem or "'}'" in problem or "','" in problem:
        return "TRL104", "a { … } is not closed here", "check the brackets, and quote a text that holds , : # [ ] { }"
    if "flow sequence" in problem or "']'" in problem:
        return "TRL104", "a [ … ] is not closed here", "check the brackets, and quote a text that holds , : # [ ] { }"
    if "block end" in problem or "block mapping" in problem or "block collection" in problem:
        return "TRL104", "the indentation does not fit what is around it", "keys of one mapping stand under each other"
    if "could not find expected ':'" in problem:
        return "TRL104", "a key without a colon", "write key: value"
    if "quoted scalar" in problem or "end of stream" in problem:
        return "TRL104", "a quoted text is not closed", "add the closing quote"
    if "sequence entries are not allowed" in problem:
        return "TRL104", "a list item where none may stand", "put the list under its key, each '-' in the same column"
    if "expected the node content" in problem or "<stream end>" in problem or "<document end>" in problem:
        if "end" in problem:
            return "TRL104", "the file ends in the middle", "a [ or { is not closed, or a value is missing"
        return (
            "TRL104",
            f"a value is missing before '{here}'" if here else "a value is missing",
            "write it, or quote it",
        )
    if "directive" in problem:
        return "TRL107", "directives are not used", "remove the line that begins with %"
    if "alias" in problem or "anchor" in problem:
        return "TRL106", "anchors and aliases are not used", "quote a text that begins with & or *"
    if "tag" in problem:
        return "TRL107", "tags are not used", "quote a text that begins with !"
    return "TRL104", "this is not YAML", problem
