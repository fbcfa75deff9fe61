"""Text of a document is never a program: hostile words in every place where a document holds free text.

One kind of text is replaced at a time, in two whole documents. What is emitted for the hostile words must have
the shape of what is emitted for harmless ones, must parse as bytes, and must run nothing when it is imported.
"""

from __future__ import annotations

import ast
import copy
import io
import json
import re
import subprocess
import sys
import tokenize
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest
from samekey.config.file import Config
from samekey.diff import Surface
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.lower.schemas.objects import UNDECODABLE
from samekey.names import snake
from samekey.pipeline import Generated, generate

from tests.tools import write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from samekey.document.values import JsonValue

ROOT = Path(__file__).parents[2]
SPECS: Final = {
    "payments": ROOT / "specs" / "payments" / "openapi.yaml",
    "warehouse": ROOT / "specs" / "warehouse" / "openapi.json",
}
RUN: Final = "__import__('os').environ.__setitem__('PWNED','1')"
QUIET: Final = f"str(exec(bytes(({','.join(str(byte) for byte in RUN.encode())})).decode()))"
"""The same without a sign that Markdown knows, and without quotes."""
HOSTILE: Final = (
    RUN,
    QUIET,
    f'"""+{QUIET}+"""',
    f"'''+{QUIET}+'''",
    f'"+{QUIET}+"',
    f"'+{QUIET}+'",
    f'"""\n{RUN}\n"""',
    f"'''\n{RUN}\n'''",
    f'"""+{RUN}+"""',
    f"'+{RUN}+'",
    f'"+{RUN}+"',
    f"\\'+{RUN}+\\'",
    f"a\\\n{RUN}",
    f"a\n{RUN}\n",
    f"a\r{RUN}\r\n{RUN}",
    f"a\x85{RUN}\u2028{RUN}\u2029{RUN}\x0b\x0c{RUN}",
    f"a\0{RUN}\x1b[31m\x9b",
    f"]\n{RUN}",
    f"'] = {RUN}  # ",
    f"), {RUN}, (",
    'x says """',
    "x says \\",
    'x says \\"""',
    "x says '",
    f"{{{{ {RUN} }}}}",
    "{% raw %}{{ 7 * 7 }}{% include 'x' %}{# x #}",
    f"{{{RUN}}} %s ${{x}} {{0}}",
    "\\N{BULLET} \\x41 \\u0041 \\101 x",
    f"x\u202e{RUN}\u2066\u200b\ufeff\ufffe\uffff\U000e0001",
    f"x\ud800{RUN}\udfff",
    f"x coding: utf-7 +ACIAIgAi-+AAo-{RUN}+AAo-+ACIAIgAi-",
    f"x coding: latin-1 {RUN}",
    f"x # type: ignore {RUN}",
    "fmt: off # ruff: noqa # isort: skip_file x",
    "../../../../etc/x",
    "/etc/x",
    "..\\..\\x",
    "C:\\x:stream",
    f"x --> ]]> </script> ``` {RUN} | ` | x",
    "| None | x | None",
    f"x; {RUN}",
    f"x, *, y={RUN}",
    f"lambda: {RUN}",
    f"日本 é 😀 {RUN}",
    "class",
    "None",
    f"x{' ' * 200}{RUN}",
)  # fmt: skip
"""Each would run, break or leave something if it were taken for anything but text; each has a letter in it."""
HARMLESS: Final = ("some words",)
HARMLESS_NAMES: Final = tuple('"some" words' if UNDECODABLE.search(word) else "some words" for word in HOSTILE)
"""The same for properties: names that no class can have a field of are left out in both outputs."""
HOSTILE_TAGS: Final = tuple({snake(word, "resource"): word for word in HOSTILE}.values())
"""Tags of one name are one resource, so each has a name of its own."""
Texts = dict[str, "JsonValue"]


class Words:
    """Replacements for the texts of one kind: the same for the same text, never one for two texts."""

    def __init__(self, listed: Sequence[str]) -> None:
        """Use these words in turn."""
        self.listed = listed
        self.chosen: dict[str, str] = {}

    def __call__(self, original: str) -> str:
        """The replacement of a text."""
        if original not in self.chosen:
            number = len(self.chosen)
            self.chosen[original] = f"{self.listed[number % len(self.listed)]} {number}"
        return self.chosen[original]

    def known(self, original: str) -> str:
        """The replacement of a text that was met before; any other text as it is."""
        return self.chosen.get(original, original)


def mappings(value: JsonValue) -> Iterator[Texts]:
    """Every mapping of a document, the outer ones first."""
    if isinstance(value, dict):
        yield value
        for entry in list(value.values()):
            yield from mappings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from mappings(entry)


def below(value: JsonValue, *keys: str) -> Texts:
    """The mapping at a place; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def rename(holder: Texts, words: Callable[[str], str]) -> None:
    """Replace the keys of a mapping and keep their order."""
    entries = list(holder.items())
    holder.clear()
    holder.update((words(key), value) for key, value in entries)


def replace_values(document: Texts, keys: set[str], words: Words) -> None:
    """Replace every text under some keys, wherever they stand."""
    for holder in mappings(document):
        for key in keys & holder.keys():
            value = holder[key]
            if isinstance(value, str):
                holder[key] = words(value)


def replaced(value: JsonValue, words: Callable[[str], str]) -> JsonValue:
    """A list of texts with each replaced, or a text replaced."""
    if isinstance(value, list):
        return [words(entry) if isinstance(entry, str) else entry for entry in value]
    return words(value) if isinstance(value, str) else value


def titles(document: Texts, words: Words) -> None:
    """The title and the version."""
    info = below(document, "info")
    info["title"], info["version"] = words("title"), words("version")


def descriptions(document: Texts, words: Words) -> None:
    """Descriptions of everything."""
    replace_values(document, {"description"}, words)


def summaries(document: Texts, words: Words) -> None:
    """Summaries of operations, and titles of schemas where there were none."""
    for holder in mappings(document):
        if "type" in holder and isinstance(holder["type"], str) and "in" not in holder:
            holder["title"] = words(f"title {len(words.chosen)}")
    replace_values(document, {"summary"}, words)


def tags(document: Texts, words: Words) -> None:
    """Names of tags, which become modules, classes and attributes."""
    for holder in mappings(document):
        if "responses" in holder and "tags" in holder:
            holder["tags"] = replaced(holder["tags"], words)
    listed = document["tags"]
    for tag in listed if isinstance(listed, list) else []:
        if isinstance(tag, dict) and isinstance(tag["name"], str):
            tag["name"] = words(tag["name"])


def pointed(name: str) -> str:
    """A name as a token of a JSON pointer in a URI fragment."""
    token = name.replace("~", "~0").replace("/", "~1")
    return "".join(c if ord(c) > 127 else quote(c, safe="~") for c in token)


def schemas(document: Texts, words: Words) -> None:
    """Names of schemas, with the references to them."""
    prefix = "#/components/schemas/"
    rename(below(document, "components", "schemas"), words)

    def moved(target: str) -> str:
        return prefix + pointed(words(target.removeprefix(prefix))) if target.startswith(prefix) else target

    for holder in mappings(document):
        if isinstance(holder.get("$ref"), str):
            holder["$ref"] = replaced(holder["$ref"], moved)
        mapping = below(holder, "discriminator", "mapping")
        for key, value in mapping.items():
            mapping[key] = replaced(value, moved)


def properties(document: Texts, words: Words) -> None:
    """Names of properties, with what requires, encodes or discriminates by them."""
    for holder in mappings(document):
        entries = holder.get("properties")
        if isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values()):
            rename(entries, words)
    for holder in mappings(document):
        if isinstance(holder.get("required"), list):
            holder["required"] = replaced(holder["required"], words.known)
        discriminator = below(holder, "discriminator")
        if discriminator:
            discriminator["propertyName"] = replaced(discriminator["propertyName"], words.known)
        rename(below(holder, "encoding"), words.known)


def enums(document: Texts, words: Words) -> None:
    """Values of enums and constants, with the defaults and discriminators that name them."""
    for holder in mappings(document):
        if isinstance(holder.get("enum"), list):
            holder["enum"] = replaced(holder["enum"], words)
        if isinstance(holder.get("const"), str):
            holder["const"] = replaced(holder["const"], words)
    for holder in mappings(document):
        rename(below(holder, "discriminator", "mapping"), words.known)
        if "default" in holder:
            holder["default"] = replaced(holder["default"], words.known)


def parameters(document: Texts, words: Words) -> None:
    """Names of parameters in queries, headers and cookies."""
    for holder in mappings(document):
        if holder.get("in") in {"query", "header", "cookie"} and isinstance(holder.get("name"), str):
            holder["name"] = replaced(holder["name"], words)


def path_parameters(document: Texts, words: Words) -> None:
    """Names of parameters in paths, with their places in the templates; braces cannot be in them."""

    def word(original: str) -> str:
        return re.sub(r"[{}]", "", words(original))

    for holder in mappings(document):
        if holder.get("in") == "path":
            holder["name"] = replaced(holder["name"], word)
    rename(below(document, "paths"), lambda path: re.sub(r"\{(.*?)\}", lambda found: f"{{{word(found[1])}}}", path))


def paths(document: Texts, words: Words) -> None:
    """Words of paths, which name operations that have no name of their own."""

    def word(found: re.Match[str]) -> str:
        return found[1] + re.sub(r"[{}]", "", words(found[2]))

    rename(below(document, "paths"), lambda path: re.sub(r"(/)([^/{}]+)(?=/|$)", word, path))


def operations(document: Texts, words: Words) -> None:
    """Ids of operations, which become methods."""
    replace_values(document, {"operationId"}, words)


def defaults(document: Texts, words: Words) -> None:
    """Default values and patterns, which stand in documentation."""
    for holder in mappings(document):
        if "type" in holder and "in" not in holder:
            holder["default"] = words(f"default {len(words.chosen)}")
            if "maxLength" not in holder:  # the pattern of an idempotency key decides what key is sent
                holder["pattern"] = words(f"pattern {len(words.chosen)}")


def examples(document: Texts, words: Words) -> None:
    """Examples, single and named."""
    for holder in mappings(document):
        if "schema" in holder:
            holder["example"] = words(f"example {len(words.chosen)}")
        if isinstance(holder.get("value"), dict):
            holder["value"] = {words("key"): words(f"value {len(words.chosen)}")}
        rename(below(holder, "examples"), words)


def servers(document: Texts, words: Words) -> None:
    """URLs of servers and the values of their variables."""
    listed = document["servers"]
    for server in listed if isinstance(listed, list) else []:
        if not isinstance(server, dict):
            continue
        variables = below(server, "variables")
        if not variables:
            server["url"] = re.sub(r"[{}]", "", f"https://a.test/{words(str(server['url']))}")
        for variable in variables.values():
            if isinstance(variable, dict):
                variable["default"] = re.sub(r"[{}]", "", words(str(variable["default"])))


def headers(document: Texts, words: Words) -> None:
    """Names of headers of answers."""
    for holder in mappings(document):
        if "description" in holder:
            rename(below(holder, "headers"), words)


def security(document: Texts, words: Words) -> None:
    """Names of security schemes, of the keys that they send, and of the requirements."""
    schemes = below(document, "components", "securitySchemes")
    for scheme in schemes.values():
        if isinstance(scheme, dict) and "name" in scheme:
            scheme["name"] = words(f"name {scheme['name']}")
    rename(schemes, words)
    for holder in mappings(document):
        required = holder.get("security")
        for entry in required if isinstance(required, list) else []:
            if isinstance(entry, dict):
                rename(entry, words)


def media_types(document: Texts, words: Words) -> None:
    """Media types of bodies and answers; a slash or a star in one would change what is done with it."""
    for holder in mappings(document):
        rename(below(holder, "content"), lambda name: re.sub(r"[/*]", "", words(name)))


def dialects(document: Texts, words: Words) -> None:
    """What the document's own extension says of idempotency."""
    document["x-idempotency"] = {
        "in": "body",
        "name": words("name"),
        "in_flight": {"status": 409, "code": words("in flight")},
        "mismatch": [{"status": 422, "code": words("mismatch")}],
    }


KINDS: Final[dict[str, Callable[[Texts, Words], None]]] = {
    kind.__name__: kind
    for kind in (
        titles, descriptions, summaries, tags, schemas, properties, enums, parameters, path_parameters, paths,
        operations,
        defaults, examples, servers, headers, security, media_types, dialects,
    )
}  # fmt: skip


@cache
def original(spec: str) -> str:
    """A document of the project as JSON."""
    document = load(str(SPECS[spec]), Diagnostics())
    assert document is not None
    return json.dumps(document.root.value)


def made(document: JsonValue, package: str = "") -> Generated:
    """What is emitted for a document that exists only in memory."""
    data = json.dumps(document).encode()
    loaded = load("api.json", Diagnostics(), lambda _: data)
    assert loaded is not None
    result = generate(loaded, Config(package=package))
    assert result is not None
    return result


def changed(spec: str, kind: str, listed: Sequence[str], package: str) -> tuple[Generated, Words]:
    """What is emitted for a document with one kind of its texts replaced."""
    document: Texts = json.loads(original(spec))
    words = Words(listed)
    KINDS[kind](document, words)
    return made(document, package), words


def shape(node: object) -> object:
    """The structure of source: names and constants are blank, everything else is kept."""
    match node:
        case ast.Constant(value=value):
            return type(value).__name__
        case ast.AST():
            return (type(node).__name__, *(shape(value) for _, value in ast.iter_fields(node)))
        case list():
            return [shape(entry) for entry in copy.copy(node)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case str():
            return ""
        case _:
            return node


def parsed(path: str, text: str) -> ast.Module:
    """A module as Python reads it: from bytes, with whatever encoding its first lines may declare."""
    data = text.encode()
    assert tokenize.detect_encoding(io.BytesIO(data).readline)[0] == "utf-8", path
    tree = ast.parse(data, path)
    compile(tree, path, "exec", dont_inherit=True)
    return tree


def check_paths(files: Mapping[str, str]) -> None:
    """Every path stays in the target, on every system, and no two are one where case does not count."""
    for path in files:
        assert re.fullmatch(r"\w+(/\w+)*\.(py|md|toml|typed|json)|(\w+/_runtime/)?LICENSE", path), path
        assert all(len(part.encode()) <= 255 for part in path.split("/"))
    assert len({path.lower() for path in files}) == len(files)


def check_files(result: Generated, harmless: Generated) -> None:
    """What was emitted for hostile words has the shape of what was emitted for harmless ones."""
    check_paths(result.files)
    assert result.operations == harmless.operations
    assert len(result.files) == len(harmless.files)
    calls, twins = (FENCED.sub("", made.files["api.md"]) for made in (result, harmless))
    for (path, text), (twin, expected) in zip(result.files.items(), harmless.files.items(), strict=True):
        assert text.replace("\n", "").isprintable(), path
        if "/_runtime/" in path:
            first, _, rest = text.partition("\n")
            assert shape(parsed(path, f"{first}\n")) == ("Module", [], [])
            assert rest == expected.partition("\n")[2], path
        elif path.endswith("tests/test_operations.py"):
            # An example stands there as far as it fits its schema; no words make a statement of another kind.
            kinds = [{type(node).__name__ for node in parsed(*file).body} for file in ((path, text), (twin, expected))]
            assert kinds[0] == kinds[1], path
        elif path.endswith(".py"):
            assert shape(parsed(path, text)) == shape(parsed(twin, expected)), path
        elif path.endswith(".md"):
            check_page(path, text, expected)
        elif path.endswith(".toml"):
            assert toml_shape(tomllib.loads(text)) == toml_shape(tomllib.loads(expected))
    bars = [[len(re.findall(r"(?<!\\)\|", line)) for line in table.split("\n")] for table in (calls, twins)]
    assert bars[0] == bars[1]


FENCED: Final = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def check_page(path: str, text: str, expected: str) -> None:
    """A page has the lines of its twin, and the statements in its examples, however long their texts are."""
    assert FENCED.sub("", text).count("\n") == FENCED.sub("", expected).count("\n"), path
    examples, twins = FENCED.findall(text), FENCED.findall(expected)
    assert [shape(parsed(path, example)) for example in examples] == [shape(parsed(path, twin)) for twin in twins], path


def toml_shape(value: object) -> object:
    """The keys and kinds of a TOML document."""
    if isinstance(value, dict):
        return {key: toml_shape(entry) for key, entry in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return type(value).__name__


@cache
def hostile(spec: str, kind: str) -> Generated:
    """The output for hostile words, made once for all tests."""
    result, words = changed(spec, kind, HOSTILE_TAGS if kind == "tags" else HOSTILE, f"sdk_{spec}_{kind}")
    assert words.chosen, f"{spec} has no {kind}; this test would say nothing"
    return result


CASES = [(spec, kind) for kind in KINDS for spec in SPECS]


@pytest.mark.parametrize(("spec", "kind"), CASES, ids=str)
def test_hostile_words_change_no_structure(spec: str, kind: str) -> None:
    """Same files, same statements, same calls: only names and constants differ, and no operation is lost."""
    harmless, _ = changed(spec, kind, HARMLESS_NAMES if kind == "properties" else HARMLESS, f"sdk_{spec}_{kind}")
    check_files(hostile(spec, kind), harmless)


IMPORT_ALL = """
import importlib, os, pkgutil, sys, typing
import msgspec

def evaluate(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)
    for exported in (package, package.models):
        for entry in exported.__all__:
            value = getattr(exported, entry)
            is_model = isinstance(value, type) and f"{name}.models." in value.__module__
            if is_model and issubclass(value, msgspec.Struct):
                msgspec.inspect.type_info(value)
            elif typing.is_typeddict(value):
                try:
                    typing.get_type_hints(value, include_extras=True)
                except NameError:  # some names are there for type checkers alone
                    pass

for name in sys.argv[1:]:
    try:
        evaluate(name)
    except Exception as error:
        print(f"{name} cannot be imported: {error!r}")
    if os.environ.pop("PWNED", None):
        print(f"{name} ran a text of its document")
"""


def import_all(folder: Path, results: list[Generated]) -> None:
    """Write packages side by side and import every module of each, with all its annotations, in another process."""
    for result in results:
        package = {path: text for path, text in result.files.items() if path.startswith(f"{result.package}/")}
        write_files(package, folder)
    command = [sys.executable, "-c", IMPORT_ALL, *(result.package for result in results)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("spec", SPECS)
def test_importing_runs_nothing_of_a_document(spec: str, tmp_path: Path) -> None:
    """Every module, class and annotation of every SDK made here is evaluated, and none of the texts was a program."""
    import_all(tmp_path, [hostile(spec, kind) for kind in KINDS])


def test_the_canary_would_sing(tmp_path: Path) -> None:
    """A package that does run the text is caught by the same check."""
    surface = Surface("", "", "sung", "sung", "Sung")
    result = Generated({"sung/__init__.py": f"x = {RUN}\n__all__ = []\n"}, "sung", 0, 0, (), "", surface)
    with pytest.raises(AssertionError, match="sung ran a text of its document"):
        import_all(tmp_path, [result])


def small(title: str, **words: str) -> Texts:
    """A document of one operation, with a title and other words."""
    operation: Texts = {"operationId": words.get("id", "getA"), "responses": {"200": {"description": "ok"}}}
    if "tag" in words:
        operation["tags"] = [words["tag"]]
    info: Texts = {"title": title, "version": "1", "description": words.get("description", "A client.")}
    return {"openapi": "3.1.0", "info": info, "paths": {"/a": {"get": operation}}}


WORDS = [HOSTILE[start : start + 8] for start in range(0, len(HOSTILE), 8)]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(words[0])[:30])
def test_a_hostile_title_is_a_title(words: tuple[str, ...], tmp_path: Path) -> None:
    """The title stands in the first line of every file; each hostile word is tried there, and beside it."""
    harmless = made(small("some words", tag="some words", id="some words", description="some words"))
    results: list[Generated] = []
    for number, word in enumerate(words):
        results.append(made(small(word, tag=word, id=word, description=word), f"sdk_{number}"))
        check_files(results[-1], harmless)
    import_all(tmp_path, results)


def test_a_title_gives_the_package_a_name_that_python_knows() -> None:
    """Each hostile word becomes an import name, a class, a module and a method, or something that stands for it."""
    for word in HOSTILE:
        result = made(small(word, tag=word, id=word))
        check_paths(result.files)
        assert result.package.isidentifier()
        assert f"{result.package}/__init__.py" in result.files
        assert result.package not in sys.stdlib_module_names


def test_no_title_declares_the_encoding_of_the_source(tmp_path: Path) -> None:
    """PEP 263 reads the first two lines of a file; a title must not have descriptions decoded as UTF-7 and run."""
    escaped = f"+ACIAIgAi-+AAo-{RUN}+AAo-+ACIAIgAi-"
    result = made(small("Pet coding: utf-7 shop", description=escaped))
    check_paths(result.files)
    import_all(tmp_path, [result])


@pytest.mark.parametrize("letters", ["a", "é", "価", "a_", "A1", "-"])
@pytest.mark.parametrize("place", ["title", "tag", "id"])
def test_a_word_without_end_is_still_a_file_name(letters: str, place: str) -> None:
    """File systems end at 255 bytes a name; a word of thousands of letters is cut or refused, never a crash."""
    long = letters * 2000
    words = {place: long} if place != "title" else {}
    result = made(small(long if place == "title" else "T", **words))
    check_paths(result.files)
    for path, text in result.files.items():
        if path.endswith(".py"):
            parsed(path, text)
