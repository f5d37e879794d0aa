"""What may be typed after `teahouse doctor`, and its help for somebody who has never seen it."""

from __future__ import annotations

import argparse
from typing import Final

TEXTS: Final = {
    "en": {
        "about": "Says whether the versions of Python, Django, Channels and their relatives fit each other, whether\n"
        "a project's settings serve WebSockets, and what to type where they don't.",
        "examples": """examples:
  {prog}                                look at this installation of Teahouse
  {prog} --python venv/bin/python       look at another environment, from the project's folder
  {prog} --python venv --settings shop.settings --project ~/shop
  {prog} --for django==3.2              which Channels, Daphne, ... fit Django 3.2?
  {prog} --for channels==3.0.3 --python-version 3.9

In another environment nothing is installed and nothing is written; its own interpreter runs a script that
only looks. With settings it imports the project, as manage.py check does.

exit status: 0 it fits, 1 something has to be mended, 2 wrong use""",
        "other": "another environment",
        "python": "its interpreter, or a virtual environment's folder",
        "settings": "the project's settings module; without it the one that manage.py names",
        "project": "the project's folder, the one with manage.py (this folder)",
        "processes": "how many processes serve the project",
        "connect": "also open the project's databases and channel layers",
        "advice": "versions that fit",
        "for": "what is wanted, such as django==3.2; again for each package",
        "version": "for this Python, such as 3.9",
        "output": "output",
        "lang": "language (by LC_ALL and LANG)",
        "json": "for programs",
        "help": "show this help",
    },
    "zh": {
        "about": "检查 Python、Django、Channels 等版本是否相配，项目设置是否提供 WebSocket，\n"
        "不对时告诉你该输入什么。",
        "examples": """例子：
  {prog}                                检查这个 Teahouse 本身
  {prog} --python venv/bin/python       在项目文件夹里，检查另一个环境
  {prog} --python venv --settings shop.settings --project ~/shop
  {prog} --for django==3.2              哪些 Channels、Daphne 等与 Django 3.2 相配？
  {prog} --for channels==3.0.3 --python-version 3.9

在别的环境里不安装、不写入任何东西；只用它自己的解释器运行一段查看用的脚本。
给出设置时会导入项目，与 manage.py check 相同。

退出状态：0 相配，1 有需要改正的，2 用法错误""",
        "other": "另一个环境",
        "python": "它的解释器，或虚拟环境的文件夹",
        "settings": "项目的设置模块；不给则用 manage.py 里的",
        "project": "项目文件夹，即 manage.py 所在处（当前文件夹）",
        "processes": "有几个进程为项目服务",
        "connect": "同时连接项目的数据库和通道层",
        "advice": "相配的版本",
        "for": "想要的版本，如 django==3.2；每个包写一次",
        "version": "用于这个 Python，如 3.9",
        "output": "输出",
        "lang": "语言（默认按 LC_ALL 和 LANG）",
        "json": "供程序读取",
        "help": "显示本帮助",
    },
}


def parser(prog: str, lang: str) -> argparse.ArgumentParser:
    texts = TEXTS[lang]
    made = argparse.ArgumentParser(
        prog=prog,
        description=texts["about"],
        epilog=texts["examples"].format(prog=prog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    other = made.add_argument_group(texts["other"])
    other.add_argument("--python", metavar="PATH", help=texts["python"])
    other.add_argument("--settings", metavar="MODULE", help=texts["settings"])
    other.add_argument("--project", metavar="FOLDER", help=texts["project"])
    other.add_argument("--processes", metavar="N", type=_count, help=texts["processes"])
    other.add_argument("--connect", action="store_true", help=texts["connect"])
    advice = made.add_argument_group(texts["advice"])
    advice.add_argument("--for", metavar="PACKAGE==VERSION", action="append", dest="wants", help=texts["for"])
    advice.add_argument("--python-version", metavar="X.Y", help=texts["version"])
    output = made.add_argument_group(texts["output"])
    output.add_argument("--lang", choices=("en", "zh"), help=texts["lang"])
    output.add_argument("--json", action="store_true", help=texts["json"])
    output.add_argument("-h", "--help", action="help", help=texts["help"])
    return made


def _count(given: str) -> int:
    if not given.isdigit() or given == "0":
        raise argparse.ArgumentTypeError(f"{given}: a number of processes, 1 or more")
    return int(given)
