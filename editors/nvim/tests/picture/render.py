#!/usr/bin/env python3
"""Draws what a terminal shows as a PNG.

    tmux capture-pane -p -e -N | render.py COLUMNSxROWS FONTS X,Y > picture.png

FONTS is a folder with the fonts of Debian's fonts-jetbrains-mono, fonts-dejavu-mono and
fonts-noto-color-emoji; X,Y is the cell of the cursor. Needs pyte and Pillow on PYTHONPATH.
"""

import sys
from functools import lru_cache
from pathlib import Path

import pyte
from PIL import Image, ImageDraw, ImageFont

SIZE = 28
PADDING = 36
BACKGROUND = "14161b"
FOREGROUND = "e0e2ea"
EMOJI_SIZE = 109  # The one size that the bitmaps of Noto Color Emoji have.

NAMED = {
    "black": "07080d", "red": "ffc0b9", "green": "b3f6c0", "brown": "fce094", "blue": "a6dbff",
    "magenta": "ffcaff", "cyan": "8cf8f7", "white": "eef1f8", "brightblack": "4f5258",
    "brightred": "ffc0b9", "brightgreen": "b3f6c0", "brightbrown": "fce094", "brightblue": "a6dbff",
    "brightmagenta": "ffcaff", "brightcyan": "8cf8f7", "brightwhite": "eef1f8",
}


class Fonts:
    """The faces, and which of them has a character."""

    def __init__(self, folder):
        def find(name):
            return str(next(Path(folder).rglob(name)))

        self.faces = {
            bold: [
                ImageFont.truetype(find(f"JetBrainsMono-{'Bold' if bold else 'Regular'}.ttf"), SIZE),
                ImageFont.truetype(find(f"DejaVuSansMono{'-Bold' if bold else ''}.ttf"), SIZE),
            ]
            for bold in (False, True)
        }
        self.emoji = ImageFont.truetype(find("NotoColorEmoji.ttf"), EMOJI_SIZE)
        self.missing = {face: face.getmask("\U0010ffff").getbbox() for faces in self.faces.values() for face in faces}
        first = self.faces[False][0]
        self.width = round(first.getlength("M"))
        ascent, descent = first.getmetrics()
        self.ascent = ascent
        self.height = ascent + descent + 2

    @lru_cache(maxsize=None)
    def face(self, character, bold):
        """The first face that has the character, or None for an emoji."""
        if ord(character[0]) >= 0x1F000:
            return None
        for face in self.faces[bold]:
            box = face.getmask(character).getbbox()
            if box and bytes(face.getmask(character)) != bytes(face.getmask("\U0010ffff")):
                return face
        return self.faces[bold][-1]


def colour(name, default):
    if name == "default":
        return "#" + default
    return "#" + NAMED.get(name, name if len(name) == 6 else default)


def main():
    columns, rows = map(int, sys.argv[1].split("x"))
    fonts = Fonts(sys.argv[2])
    screen = pyte.Screen(columns, rows)
    text = sys.stdin.buffer.read().decode().rstrip("\n").replace("\n", "\r\n")
    pyte.Stream(screen).feed(text)

    size = (columns * fonts.width + 2 * PADDING, rows * fonts.height + 2 * PADDING)
    image = Image.new("RGB", size, "#" + BACKGROUND)
    draw = ImageDraw.Draw(image)
    for y in range(rows):
        for x in range(columns):
            cell = screen.buffer[y][x]
            foreground, background = colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND)
            if cell.reverse:
                foreground, background = background, foreground
            left, top = PADDING + x * fonts.width, PADDING + y * fonts.height
            draw.rectangle([left, top, left + fonts.width - 1, top + fonts.height - 1], fill=background)
    for y in range(rows):
        for x in range(columns):
            cell = screen.buffer[y][x]
            if not cell.data.strip():
                continue
            foreground = colour(cell.bg if cell.reverse else cell.fg, BACKGROUND if cell.reverse else FOREGROUND)
            left, top = PADDING + x * fonts.width, PADDING + y * fonts.height
            face = fonts.face(cell.data, bool(cell.bold))
            if face is None:
                drawing = Image.new("RGBA", (EMOJI_SIZE + 30, EMOJI_SIZE + 30))
                ImageDraw.Draw(drawing).text((0, 0), cell.data, font=fonts.emoji, embedded_color=True)
                drawing = drawing.crop(drawing.getbbox())
                height = fonts.ascent
                drawing = drawing.resize((round(drawing.width * height / drawing.height), height), Image.LANCZOS)
                offset = max(0, (2 * fonts.width - drawing.width) // 2)
                image.paste(drawing, (left + offset, top + (fonts.height - height) // 2), drawing)
                continue
            # All faces stand on the base line of the first one.
            draw.text((left, top + fonts.ascent), cell.data, font=face, fill=foreground, anchor="ls")
            if cell.underscore:
                line = top + fonts.ascent + 3
                draw.line([left, line, left + fonts.width - 1, line], fill=foreground)
    x, y = map(int, sys.argv[3].split(","))
    left, top = PADDING + x * fonts.width, PADDING + y * fonts.height
    draw.rectangle([left, top, left + 3, top + fonts.height - 1], fill="#" + FOREGROUND)
    image.save(sys.stdout.buffer, "PNG", optimize=True)


if __name__ == "__main__":
    main()
