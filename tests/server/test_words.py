"""The program's pages and commands speak Chinese wherever they speak English."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

SERVER = Path(__file__).parent.parent.parent / "teahouse" / "server"
FOLDER = SERVER / "locale" / "zh_Hans" / "LC_MESSAGES"


def calls(module: Path, *names: str) -> Iterator[ast.Call]:
    """Every call of these functions."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def sentences() -> set[str]:
    """Every text of the pages that is to be translated."""
    found: set[str] = set()
    for template in (SERVER / "templates").rglob("*.html"):
        text = template.read_text()
        found |= set(re.findall(r'{% translate "(.*?)" %}', text))
        blocks = re.findall(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", text, re.DOTALL)
        found |= {re.sub(r"{{ (\w+) }}", r"%(\1)s", block) for block in blocks}
    for module in SERVER.glob("*.py"):
        for call in calls(module, "_", "gettext_lazy", "ngettext"):
            first = call.args[0]
            assert isinstance(first, ast.Constant)
            found.add(str(first.value))
    return found


def test_every_sentence_of_the_pages_has_its_chinese_compiled() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    missing = {
        text for text in sentences() if chinese.gettext(text) == text == chinese.ngettext(text, text, 1)
    }
    assert missing == set()
    assert len(sentences()) > 30, "the search finds what it looks for"


def test_what_is_compiled_is_what_is_written() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    written = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', (FOLDER / "django.po").read_text(), re.MULTILINE)
    assert len(written) > 30
    assert [(text, chinese.gettext(text)) for text, _ in written] == written


def test_no_sentence_is_left_that_nobody_says() -> None:
    written = re.findall(r'^msgid "(.+)"$', (FOLDER / "django.po").read_text(), re.MULTILINE)
    assert set(written) - sentences() == set()


def test_both_languages_of_a_command_say_something_else() -> None:
    """`say(english, chinese)`: a forgotten one would be the same text twice."""
    english_only = [
        ast.unparse(call)
        for module in SERVER.glob("*.py")
        for call in calls(module, "say")
        if not isinstance(call.args[1], ast.Name)
        and not re.search(r"[\u3000-\u9fff\uff00-\uffef]", ast.unparse(call.args[1]))
    ]
    assert english_only == []
