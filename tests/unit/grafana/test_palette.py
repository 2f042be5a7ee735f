"""Contrast, by WCAG 2.1's formula written down once more, and the table that documents it."""

from __future__ import annotations

import colorsys
import re
from pathlib import Path

import pytest
from repository import REPO

from millrace.grafana import palette

WHITE, GRAY = palette.LIGHT
#: WEBAPP-78: what was asked for, and what stands for it.
ASKED = {
    "#0066CC": ["WEB_BLUE"],
    "#00A86B": ["WEB_GREEN", "WEB_GREEN_TEXT"],
    "#D32F2F": ["WEB_RED"],
}
DOCUMENT: Path = REPO / "docs/palette.md"
_ROW = re.compile(r"^\| ([A-Z_]+) \| `([^`]+)` \|(.*)\|$", re.MULTILINE)
Color = tuple[float, float, float]


def parsed(text: str, behind: Color = (1, 1, 1)) -> Color:
    """Red, green and blue from 0 to 1; what shines through has the colour behind it."""
    if text.startswith("#"):
        return tuple(int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))  # type: ignore[return-value]
    numbers = [float(number) for number in re.findall(r"[\d.]+", text)]
    alpha = numbers[3] if len(numbers) == 4 else 1.0
    return tuple(  # type: ignore[return-value]
        alpha * number / 255 + (1 - alpha) * under
        for number, under in zip(numbers[:3], behind, strict=True)
    )


def luminance(color: Color) -> float:
    """WCAG 2.1, "relative luminance"."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else pow((channel + 0.055) / 1.055, 2.4)
        for channel in color
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(color: str, background: str) -> float:
    """WCAG 2.1, "contrast ratio"."""
    behind = parsed(background)
    front, back = luminance(parsed(color, behind)), luminance(behind)
    return (max(front, back) + 0.05) / (min(front, back) + 0.05)


def rows() -> dict[str, tuple[str, list[str]]]:
    """The documented colours by name, with the cells right of each."""
    found = _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {
        name: (color, [cell.strip() for cell in rest.split("|")]) for name, color, rest in found
    }


def named() -> dict[str, str]:
    """Every colour of the palette by its name; backgrounds are none."""
    return {
        name: value
        for name, value in vars(palette).items()
        if isinstance(value, str) and value in palette.ALL and name.isupper()
    }


def test_the_formula_gives_what_everybody_knows() -> None:
    assert ratio("#000000", "#FFFFFF") == pytest.approx(21)
    assert ratio("#FFFFFF", "#FFFFFF") == 1
    # The lightest gray that text on white may have.
    assert ratio("#767676", "#FFFFFF") >= 4.5 > ratio("#777777", "#FFFFFF")


@pytest.mark.parametrize("background", [*palette.LIGHT, palette.DARK])
def test_the_palette_computes_the_same(background: str) -> None:
    for name, color in named().items():
        if not color.startswith("rgba"):
            assert palette.contrast(color, background) == pytest.approx(ratio(color, background)), (
                name
            )


@pytest.mark.requirement("WEBAPP-77")
@pytest.mark.parametrize("background", palette.LIGHT)
@pytest.mark.parametrize("color", palette.ON_LIGHT)
def test_graphics_on_light(color: str, background: str) -> None:
    assert ratio(color, background) >= 3


@pytest.mark.requirement("WEBAPP-76")
@pytest.mark.parametrize("background", palette.LIGHT)
@pytest.mark.parametrize("color", palette.TEXT_ON_LIGHT)
def test_text_on_light(color: str, background: str) -> None:
    assert ratio(color, background) >= 4.5


@pytest.mark.parametrize("color", [*palette.ON_DARK, *palette.ON_LIGHT, *palette.TEXT_ON_LIGHT])
def test_graphics_on_dark(color: str) -> None:
    assert ratio(color, palette.DARK) >= 3


@pytest.mark.requirement("WEBAPP-78")
def test_what_failed_is_as_saturated_and_only_darker() -> None:
    for asked, names in ASKED.items():
        hue, lightness, saturation = colorsys.rgb_to_hls(*parsed(asked))
        for name in names:
            color = named()[name]
            if min(ratio(asked, one) for one in palette.LIGHT) >= 4.5:
                assert color == asked
                continue
            own_hue, own_lightness, own_saturation = colorsys.rgb_to_hls(*parsed(color))
            assert own_hue == pytest.approx(hue, abs=1 / 360)
            assert own_saturation == pytest.approx(saturation, abs=0.01)
            assert own_lightness < lightness


@pytest.mark.requirement("WEBAPP-78")
def test_every_colour_is_documented_as_it_is() -> None:
    assert {name: color for name, (color, _) in rows().items()} == named()


@pytest.mark.requirement("WEBAPP-78")
@pytest.mark.parametrize("name", sorted(rows()))
def test_the_documented_ratios_are_the_formulas(name: str) -> None:
    color, cells = rows()[name]
    ratios = [cell for cell in cells if re.fullmatch(r"\d+\.\d\d", cell)]
    assert ratios == [f"{ratio(color, one):.2f}" for one in (WHITE, GRAY, palette.DARK)]
    if cells[-1] in {"yes", "no"}:
        assert cells[-1] == ("yes" if ratio(color, WHITE) < 3 else "no")
    else:
        assert cells[0] in {f"`{asked}`" for asked, names in ASKED.items() if name in names}


def test_the_ratios_told_in_words() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"({ratio('#00A86B', WHITE):.2f} and {ratio('#00A86B', GRAY):.2f})" in text
    below = sum(cells[-1] == "yes" for _, cells in rows().values())
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
    assert f"On white, {words[below]} stay below" in text
