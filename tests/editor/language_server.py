"""A client of pyright's language server, as small as the questions that the tests ask (LSP 3.17)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class LanguageServer:
    """Pyright's language server on a folder, asked about one file.

    Args:
        folder: the workspace.
        text: the file's text; `|` marks the places to ask about.
    """

    def __init__(self, folder: Path, text: str) -> None:
        command = [sys.executable, "-m", "pyright.langserver", "--stdio"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self._uri = (folder / "asked.py").as_uri()
        self.marks = list(_marks(text))
        workspace = [{"uri": folder.as_uri(), "name": folder.name}]
        self._ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "workspaceFolders": workspace,
                                 "capabilities": _CAPABILITIES})  # fmt: skip
        self._tell("initialized", {})
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": text.replace("|", "")}
        self._tell("textDocument/didOpen", {"textDocument": document})

    def hover(self, mark: int) -> str:
        """What is shown when the pointer rests on a mark."""
        found = self._at("textDocument/hover", mark)
        return found["contents"]["value"] if found else ""

    def signature(self, mark: int) -> tuple[str, str]:
        """What is shown while arguments are typed at a mark: the signature and its docs."""
        found = self._at("textDocument/signatureHelp", mark)
        if not found:
            return "", ""
        entry = found["signatures"][0]
        return entry["label"], entry.get("documentation", {}).get("value", "")

    def completions(self, mark: int) -> list[str]:
        """The names that are offered at a mark."""
        found = self._at("textDocument/completion", mark)
        items: list[dict[str, Any]] = found["items"] if "items" in (found or {}) else found or []
        return [item["label"] for item in items]

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.communicate()

    def _at(self, method: str, mark: int) -> Any:  # noqa: ANN401
        line, character = self.marks[mark]
        place = {"textDocument": {"uri": self._uri}, "position": {"line": line, "character": character}}
        return self._ask(method, place)

    def _ask(self, method: str, params: dict[str, Any]) -> Any:  # noqa: ANN401
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:
                result: list[dict[str, str]] | None = [{}] if message["method"] == "workspace/configuration" else None
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": result})
            elif message.get("id") == self._number:
                return message.get("result")

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        if not length:
            raise EOFError("the language server has ended")
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


_CAPABILITIES: dict[str, Any] = {
    "textDocument": {
        "hover": {"contentFormat": ["markdown"]},
        "signatureHelp": {"signatureInformation": {"documentationFormat": ["markdown"]}},
        "completion": {"completionItem": {}},
    }
}


def _marks(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number, line in enumerate(text.split("\n")):
        before = 0
        for index, c in enumerate(line):
            if c == "|":
                found.append((number, index - before))
                before += 1
    return found
