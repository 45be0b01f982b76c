"""Parts of pages by themselves in a real browser, with the hub's own style sheets: nothing broken, nothing adrift."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page

STATIC = Path(__file__).resolve().parents[2] / "matcher" / "static"
SHEETS = ("css/theme.css", "vendor/designsystemet/index.css", "vendor/designsystemet/tokens.css", "css/layout.css",
          "css/parts.css")  # fmt: skip


def shown(browser: Browser, body: str, width: int) -> Page:
    """Return a page of this body, styled as the hub's pages are."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(f'<html data-color-scheme="light" data-size="sm"><body><main>{body}</main></body></html>')
    for sheet in SHEETS:
        page.add_style_tag(content=(STATIC / sheet).read_text())
    return page


def test_a_number_of_three_digits_stays_on_one_line_on_a_phone(browser: Browser) -> None:
    tile = '<li class="tile"><div class="tile-words"><span class="tile-number">{}</span> <span>places</span></div></li>'
    page = shown(browser, f'<ul class="tiles">{tile.format(5)}{tile.format(1115)}</ul>', 360)
    one, four = page.eval_on_selector_all(".tile-number", "all => all.map(e => e.getBoundingClientRect().height)")
    page.close()
    assert one == four, "115 in two lines reads as 11 and 5"


def test_the_figures_beside_a_long_match_stand_together_at_its_top(browser: Browser) -> None:
    body = '<div class="match-body"><p class="tall"></p></div>'
    side = '<div class="match-side"><div class="score">Fit</div><div class="meter">Seeks</div><div>Propose</div></div>'
    page = shown(browser, f'<ol class="matches"><li class="match"><p>1</p>{body}{side}</li></ol>', 1280)
    page.add_style_tag(content=".tall { height: 900px; }")
    top = "document.querySelector('.match-side').getBoundingClientRect().top"
    end = page.evaluate(f"document.querySelector('.match-side > :last-child').getBoundingClientRect().bottom - {top}")
    page.close()
    assert end < 200


def test_a_ready_made_text_follows_the_reason_until_somebody_changes_it(browser: Browser) -> None:
    radios = "".join(f'<input type="radio" name="reason" value="{one}">' for one in ("measure", "too_wide", "other"))
    ready = {"measure": "How?", "too_wide": "Two."}
    texts = "".join(f'<input type="hidden" data-text-for="{one}" value="{text}">' for one, text in ready.items())
    form = f'{radios}{texts}<textarea name="comment">How?</textarea>'
    page = shown(browser, f'<form data-texts-of="reason" data-text-to="comment">{form}</form>', 1280)
    page.add_script_tag(content=(STATIC / "js" / "matcher.js").read_text())
    comment = page.locator("textarea")
    said = []
    for reason in ("too_wide", "other", "measure"):
        page.locator(f"input[value={reason}]").check()
        said.append(comment.input_value())
    comment.fill("My own words.")
    page.locator("input[value=too_wide]").check()
    said.append(comment.input_value())
    page.close()
    assert said == ["Two.", "", "How?", "My own words."]
