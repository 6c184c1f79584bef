"""The pages of the manual and their blocks of code.

A block of `sh` or `python` is run by tests/test_pages.py, unless a comment just before it gives the reason why not:

    <!-- not run: REASON -->             none of it
    <!-- not run, WORD: REASON -->       none of its lines that have the word
    <!-- run by tests/FILE.py -->        another test runs it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [
    page.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        *(f"{room}/**/*.md" for room in ("docs", "models", "samples", "integrations")),
    )
    for page in sorted(ROOT.glob(pattern))
]
RUN = ("sh", "python")
SHOWN = ("text", "toml", "diff")
"""Languages of blocks that nobody can run."""

_BLOCK = re.compile(
    r"(?P<before>(?:^<!--(?:(?!-->).)*-->\n+)*)^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NOT_RUN = re.compile(r"<!-- not run(?:, (?P<word>[^:]+))?: (?P<reason>.+?) -->")
_ELSEWHERE = re.compile(r"<!-- run by (?P<test>tests/\S+\.py) -->")


@dataclass(frozen=True)
class Block:
    """A block of a page."""

    page: str
    line: int
    language: str
    text: str
    unrun: dict[str, str]
    """A word -> why no line that has it is run; the empty word is in each."""
    elsewhere: str
    """The test that runs it; empty: the one of all pages."""

    @property
    def name(self) -> str:
        """Where it is."""
        return f"{self.page}:{self.line}"

    def lines(self) -> list[str]:
        """Return its lines without comments, those that a backslash continues as one."""
        lines = [re.split(r"\s+#", line)[0] for line in self.text.replace("\\\n", " ").splitlines()]
        return [line for line in lines if line.strip()]

    def runs(self, line: str) -> bool:
        """Return whether the test of all pages runs this line."""
        return not self.elsewhere and not any(word in line for word in self.unrun)


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = (ROOT / page).read_text()
    return [
        Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            {m["word"] or "": m["reason"] for m in _NOT_RUN.finditer(found["before"])},
            next((m["test"] for m in _ELSEWHERE.finditer(found["before"])), ""),
        )
        for found in _BLOCK.finditer(text)
    ]
