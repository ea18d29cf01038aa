"""The documents of the project as data: their sections, tables, links and commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests import ROOT

NAMES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))


@dataclass(frozen=True)
class Command:
    """A command of a ``console`` block, with the output that the document shows; ``…`` is any text."""

    text: str
    shown: str

    def matches(self, output: str, replacements: dict[str, str]) -> bool:
        """Whether the output is what the document shows. White space is left out: documents break lines."""
        shown = self.shown
        for old, new in replacements.items():
            shown = shown.replace(old, new)
        pattern = ".*".join(re.escape(_without_space(part)) for part in shown.split("…"))
        return re.fullmatch(pattern, _without_space(output)) is not None


class Document:
    """A Markdown file of the project."""

    def __init__(self, name: str) -> None:
        self.name, self.path = name, ROOT / name
        self.text = self.path.read_text("utf-8")

    def section(self, title: str) -> str:
        """Return the text under a heading, without further sections."""
        text = self.text.partition(f"\n## {title}\n")[2]
        assert text, f"{self.name} has no section {title!r}"
        return re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]

    def headings(self) -> list[str]:
        """Return the titles of all sections in their order."""
        return re.findall(r"^## (.+)$", re.sub(r"^```.*?^```", "", self.text, flags=re.MULTILINE | re.DOTALL), re.M)

    def table(self, title: str) -> list[list[str]]:
        """Return the cells of the first table of a section, without its head."""
        lines = self.section(title).splitlines()
        first = next(number for number, line in enumerate(lines) if line.startswith("|"))
        rows = []
        for line in lines[first + 2 :]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        return rows

    def commands(self) -> list[Command]:
        """Return the commands of all ``console`` blocks, which tests run."""
        found = []
        for block in self.blocks("console"):
            for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                lines = step.splitlines()
                length = next(n for n in range(1, len(lines) + 1) if _is_whole("\n".join(lines[:n])))
                found.append(Command("\n".join(lines[:length]), "\n".join(lines[length:])))
        return found

    def blocks(self, language: str) -> list[str]:
        """Return the text of all fenced blocks in a language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def links(self) -> list[str]:
        """Return the files that the document links to or shows."""
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", self.text)
        return [target for target in targets if "://" not in target]


def _is_whole(command: str) -> bool:
    """Whether a command is complete: its quotes and its here document are closed, and no line follows."""
    here = re.search(r"<<'(\w+)'", command)
    if here:
        return command.endswith(f"\n{here[1]}")
    return command.count("'") % 2 == 0 and not command.endswith("\\")


def _without_space(text: str) -> str:
    return "".join(text.split())
