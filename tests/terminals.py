"""A real pseudo terminal, and the screen that somebody in front of it sees."""

import fcntl
import os
import pty
import re
import struct
import termios
import threading
from collections.abc import Callable

from product import until

_STEP = re.compile(
    r"\x1b\[([0-9;]*)([A-Za-z])|(\r)|(\n)|(\x1b.?|[\x00-\x1f\x7f-\x9f])|([^\x00-\x1f\x7f-\x9f]+)"
)


class Screen:
    """The lines that a terminal shows; wide enough that none wraps, and what scrolls away is kept.

    A control that no command has cause to send is an AssertionError.
    """

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        """Do what a terminal does with the text."""
        for found in _STEP.finditer(text):
            number, verb, back, down, other, plain = found.groups()
            assert other is None, ascii(text)
            if plain:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + plain + line[self.column + len(plain) :]
                self.column += len(plain)
            elif back or down:
                self.column = 0 if back else self.column
                self._to(self.row + bool(down))
            else:
                self._control(number, verb)

    def _control(self, number: str, verb: str) -> None:
        assert verb in "FJKm", verb
        if verb == "F":
            self.column = 0
            self._to(self.row - int(number or 1))
        elif verb in "JK":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 if verb == "J" else len(self.lines) :]

    def _to(self, row: int) -> None:
        self.row = row
        self.lines += [""] * (row + 1 - len(self.lines))


class Pty:
    """A terminal: `far` is what a command gets, and what the command writes is read all the time."""

    def __init__(self, columns: int = 100, rows: int = 24) -> None:
        self._near, self.far = pty.openpty()
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.raw = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._near, 4096)
            except OSError:
                return
            if not chunk:
                return
            self.raw += chunk

    @property
    def lines(self) -> list[str]:
        """What the screen shows now."""
        screen = Screen()
        text = re.sub(r"\x1b(\[[0-9;]*)?$", "", self.raw.decode("utf-8", "ignore"))
        screen.feed(text)
        return screen.lines

    def shows(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """The screen, once the condition holds of it."""
        try:
            until(lambda: condition(self.lines), what="the screen")
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.lines])) from None
        return self.lines

    def close(self) -> None:
        """Give the terminal up, once the command has left it."""
        os.close(self.far)
        self._reader.join(10)
        os.close(self._near)
