"""Looking at a page with other eyes, hands and machines than one's own. A look returns what is wrong, as sentences."""

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT

SCRIPT = Path(__file__).with_name("eyes.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
GOOD_PRACTICE = [
    "region",
    "landmark-one-main",
    "landmark-unique",
    "heading-order",
    "empty-heading",
    "skip-link",
    "tabindex",
]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
AT_MOST = 400  # presses of Tab; a page with more focusable elements than this is not for people


def prepare(context):
    """Every page of this context gets the eyes and axe."""
    context.add_init_script(AXE_SCRIPT)
    context.add_init_script(SCRIPT)


def axe(page, rules=None):
    """What axe finds: all of WCAG 2.2 A and AA and some good practice, or these rules."""
    chosen = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    extra = {} if rules else {"rules": {rule: {"enabled": True} for rule in GOOD_PRACTICE}}
    options = {"runOnly": chosen, "resultTypes": ["violations"], **extra}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def keyboard(page):
    """Tab from top to end: every stop shows itself, lies free, comes in the order of the page; nobody is caught."""
    stops = page.evaluate("eyes.start()")
    wrong, stays, first = [], 0, True
    for _ in range(min(3 * stops + 20, AT_MOST)):
        page.keyboard.press("Tab")
        here = page.evaluate("eyes.step()")
        wrong += here["wrong"]
        if here.get("over"):
            return wrong + page.evaluate("eyes.missed()")
        if first and not here.get("skip"):
            wrong.append(f"the first stop is {here.get('at')}, not the way past the navigation")
        first = False
        stays = stays + 1 if here.get("stays") else 0
        if stays > 12:  # a date has up to six parts, each a stop
            return [*wrong, f"{here['at']} does not let the focus go"]
    return [*wrong, f"after {AT_MOST} presses of Tab the page is not through"]


def narrow(page):
    """At 320 px nothing sticks out or is cut off, what scrolls takes the focus, and targets are large enough."""
    page.set_viewport_size(NARROW)
    page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    wrong = page.evaluate("eyes.narrow()") + axe(page, ["target-size"])
    return [f"at 320 px: {what}" for what in wrong]


def dark(page):
    """Contrast with the dark theme; the page is light again afterwards."""
    page.emulate_media(color_scheme="dark")
    wrong = []
    for _ in range(40):
        if page.evaluate("document.documentElement.dataset.bsTheme ?? 'dark'") == "dark":
            break
        page.wait_for_timeout(25)  # the page hears of it by an event
    else:
        wrong.append("the dark theme does not come")
    wrong += axe(page, ["color-contrast", "link-in-text-block"])
    page.emulate_media(color_scheme="light")
    return [f"dark: {what}" for what in wrong]


def forced_colours(page):
    """With colours of the person's own: the focus and the drawings are still seen."""
    wrong = []
    for scheme in ("light", "dark"):
        page.emulate_media(forced_colors="active", color_scheme=scheme)
        wrong += [f"own colours, {scheme}: {what}" for what in page.evaluate("eyes.forced()")]
    page.emulate_media(forced_colors="none", color_scheme="light")
    return wrong
