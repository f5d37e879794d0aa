"""The data folder: made for its owner's eyes only, locked by who serves from it, with the secret key in it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from teahouse.server.words import Refused, program, say

SECRET_FILE: Final = "secret_key"
LOCK_FILE: Final = "lock"
PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600


def prepare(data: Path) -> None:
    """Makes the folder, mode 0700, and sees that it can be written.

    Raises:
        Refused: it cannot be made or written, or it is no folder.
    """
    try:
        data.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if stat.S_IMODE(data.stat().st_mode) & 0o077 and data.stat().st_uid == os.geteuid():
            data.chmod(PRIVATE_FOLDER)
        probe = data / f".writable-{os.getpid()}"
        probe.touch(PRIVATE_FILE)
        probe.unlink()
    except FileExistsError:
        raise Refused(
            say(
                f"{data} must be a folder, and it is a file. Choose another one with --data FOLDER.",
                f"{data} 应是文件夹，但它是文件。请用 --data 文件夹 另选一个。",
            )
        ) from None
    except OSError as error:
        raise Refused(
            say(
                f"The data folder {data} cannot be written: {error.strerror}. Make it writable for the user "
                f"{user()}, or choose another one with --data FOLDER.",
                f"数据文件夹 {data} 不可写：{error.strerror}。请让用户 {user()} 可写，或用 --data 文件夹 另选一个。",
            )
        ) from None


def keep_private(file: Path) -> None:
    """For its owner's eyes only; a file of somebody else's is theirs to protect."""
    if file.stat().st_uid == os.geteuid():
        file.chmod(PRIVATE_FILE)


def secret_key(data: Path) -> str:
    """The key that signs sessions and tickets; made on the first call, mode 0600, and then always the same."""
    path = data / SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Refused(
            say(
                f"The secret key {path} cannot be read: {error.strerror}.",
                f"密钥 {path} 无法读取：{error.strerror}。",
            )
        ) from None
    if not key:
        raise Refused(
            say(
                f"The secret key {path} is empty. Remove the file and a new one is made; everyone signs in again.",
                f"密钥 {path} 是空的。删除此文件后会生成新的，所有人需重新登录。",
            )
        )
    return key


def _make_secret(path: Path) -> None:
    """Written whole under another name and linked: who starts at the same time finds all of it or nothing."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process made it in this moment; its key is the key.
    finally:
        draft.unlink()


@dataclass(frozen=True)
class Holder:
    """Who serves from a folder."""

    pid: int
    url: str | None


class Lock:
    """Held as long as this process lives; the system lets go of it however the process ends."""

    def __init__(self, path: Path, what: str) -> None:
        """Takes the lock; `what` is the thing it stands for, for the refusal.

        Raises:
            Refused: another process holds it; named with its pid and address.
        """
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(_in_use(what, holder(path))) from None
        except PermissionError:
            raise Refused(
                say(
                    f"{path} must belong to the user {user()}: chown -R {user()} {path.parent}",
                    f"{path} 应属于用户 {user()}：chown -R {user()} {path.parent}",
                )
            ) from None
        except OSError as error:
            raise Refused(
                say(
                    f"{path} cannot be locked: {error.strerror}. Network file systems often cannot lock; keep the "
                    "data on a local disk.",
                    f"{path} 无法加锁：{error.strerror}。网络文件系统常不支持加锁，请把数据放在本地磁盘上。",
                )
            ) from None
        self.tell(None)

    def tell(self, url: str | None) -> None:
        """Writes who holds the lock and where it answers."""
        text = json.dumps({"pid": os.getpid(), "url": url}).encode() + b"\n"
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text, 0)


def holder(path: Path) -> Holder | None:
    """Who holds the lock, as its file tells; None where nobody does or it does not say."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                told: dict[str, Any] = json.loads(file.read() or b"{}")
                return Holder(int(told["pid"]), told.get("url")) if "pid" in told else None
    except (OSError, ValueError):
        return None
    return None


def _in_use(what: str, who: Holder | None) -> str:
    if who is None:
        by = say("another Teahouse", "另一个 Teahouse ")
        stop = ""
    else:
        at = say(f" at {who.url}", f"，地址 {who.url}") if who.url else ""
        by = say(f"the Teahouse with pid {who.pid}{at}", f" pid 为 {who.pid} 的 Teahouse{at} ")
        stop = say(f" Stop it with: kill {who.pid}", f" 停止它：kill {who.pid}")
    return say(
        f"{what} is in use by {by}.{stop}\n"
        f"Or run a second, separate one: {program()} serve --data OTHER_FOLDER --port 8001",
        f"{what} 正被{by}使用。{stop}\n或另开一个独立的：{program()} serve --data 另一文件夹 --port 8001",
    )


def user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
