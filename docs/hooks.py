"""What `mkdocs build` does for the site besides mkdocs.yml.

README.md is the site's home. Files outside docs/ that a page links to become part of the site, under their paths in the repository, so that
one link is right on GitHub and in the site. The reference of Python is written of what `vidstyle` exports, and the gallery's sliders are painted.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import make_gallery
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

import vidstyle

ROOT = Path(__file__).parent.parent
HOME = ROOT / "README.md"
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"(?<=\]\()(?P<path>[^)#:\s]+)(?=[)#])")


def uri(path: Path) -> str:
    """Return the name in the site of a file of the repository."""
    return "index.md" if path == HOME else path.relative_to(ROOT).as_posix().removeprefix("docs/")


def linked(page: Path) -> list[Path]:
    """Return the files of the repository that a page links to."""
    found = LINK.findall(page.read_text(encoding="utf-8"))
    targets = [Path(os.path.normpath(page.parent / link)) for link in found]
    return [t for t in targets if t.is_file() and t.is_relative_to(ROOT)]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the anchors of headings as GitHub does."""
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the home, the files outside of docs/ that pages link to, the reference, and the pictures of the gallery."""
    pages = [HOME, *(Path(file.abs_src_path or "") for file in files.documentation_pages())]
    for page in pages:  # which grows
        for path in [page, *linked(page)]:
            if uri(path) not in files.src_uris:
                files.append(File.generated(config, uri(path), abs_src_path=str(path)))
                if path.suffix == ".md" and path not in pages:
                    pages.append(path)
    files.append(File.generated(config, "reference.md", content=reference()))
    for name, picture in make_gallery.pictures():
        files.append(File.generated(config, f"gallery/{name}", content=picture))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where files lie in the site. GitHub wants a backslash before a pipe in a table's code, Python-Markdown shows it."""
    if page.file.abs_src_path is None:
        return markdown
    source = Path(page.file.abs_src_path)
    if page.file.src_uri == "gallery.md":
        markdown = make_gallery.filled(markdown)

    def moved(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / link["path"]))
        here = Path(page.file.src_uri).parent
        return os.path.relpath(uri(target), here) if target.is_relative_to(ROOT) else link["path"]

    return CODE.sub(lambda code: code[0].replace("\\|", "|"), LINK.sub(moved, markdown))


def reference() -> str:
    """Return the page of all that `import vidstyle` offers: functions, classes and errors."""
    names = [name for name in vidstyle.__all__ if not name.startswith("_")]
    errors = [name for name in names if vidstyle._HOME[name] == "vidstyle.errors"]
    functions = [name for name in names if name.islower()]
    classes = [name for name in names if name not in errors and name not in functions]
    lines = [
        "# Python reference",
        "Everything that `import vidstyle` offers. [The page on Python](python.md) shows how it is used.",
    ]
    for heading, group in (("Functions", functions), ("Classes", classes), ("Errors", errors)):
        lines.append(f"## {heading}")
        for name in group:
            options = f"{{heading: vidstyle.{name}, toc_label: {name}}}"
            lines.append(f"::: {vidstyle._HOME[name]}.{name}\n    options: {options}")
    return "\n\n".join(lines) + "\n"
