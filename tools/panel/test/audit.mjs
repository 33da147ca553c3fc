// What a page owes to those who cannot see it well or point at it well, by the
// rules of WCAG 2.2; one line for each fault.

const controls = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox',
  'checkbox', 'listbox', 'radio', 'slider', 'tab', 'menuitem', 'switch',
  'DisclosureTriangle', 'PopUpButton']);

/** Controls that have no name in the browser's accessibility tree (4.1.2). */
async function unnamed(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  return nodes.filter(one => !one.ignored && controls.has(one.role?.value)
    && !one.name?.value?.trim()).map(one => `a ${one.role.value} has no name`);
}

/** Runs in the page. */
function on_page() {
  const faults = [];
  const shown = element => element.checkVisibility({ visibilityProperty: true,
    opacityProperty: true }) && element.getClientRects().length > 0
    && !element.closest('.hidden-text, .skip');
  const label = element => element.outerHTML.slice(0, 120);

  // Targets of 24 x 24 px, or as much room around their middle (2.5.8); links
  // within a line of text are not meant.
  const targets = [...document.querySelectorAll(
    'a[href], button, input, select, summary')].filter(shown)
    .map(element => ({ element, box: element.getBoundingClientRect() }));
  const small = ({ box }) => box.width < 23.9 || box.height < 23.9;
  const middle = ({ box }) => [box.x + box.width / 2, box.y + box.height / 2];
  const near = (one, other) => {
    const [x, y] = middle(one);
    const { box } = other;
    const gap = small(other)
      ? Math.hypot(x - middle(other)[0], y - middle(other)[1]) - 12
      : Math.hypot(x - Math.max(box.left, Math.min(x, box.right)),
        y - Math.max(box.top, Math.min(y, box.bottom)));
    return gap < 11.9;
  };
  const in_text = ({ element }) => element.tagName === 'A'
    && getComputedStyle(element).display === 'inline'
    && [...element.parentElement.childNodes].some(node => node !== element
      && node.nodeType === Node.TEXT_NODE && node.data.trim().length > 1);
  for (const one of targets.filter(small).filter(one => !in_text(one))) {
    const other = targets.find(two => two !== one
      && !one.element.contains(two.element) && near(one, two));
    if (other) faults.push(`${Math.round(one.box.width)} x ${
      Math.round(one.box.height)} px and too near another target: ${
      label(one.element)}`);
  }

  // Text of 4.5 : 1 against what is behind it, large text of 3 : 1 (1.4.3).
  const canvas = document.createElement('canvas').getContext('2d',
    { willReadFrequently: true });
  const colors = new Map();
  const rgba = text => {
    if (!colors.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      colors.set(text, [r, g, b, a / 255]);
    }
    return colors.get(text);
  };
  const over = ([r, g, b, a], [x, y, z]) =>
    [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const behind = element => {
    const { backgroundColor } = getComputedStyle(element);
    const color = rgba(backgroundColor);
    if (color[3] === 1) return color;
    return over(color, element.parentElement ? behind(element.parentElement)
      : [255, 255, 255, 1]);
  };
  const light = color => color.slice(0, 3).map(one => one / 255)
    .map(one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, i) => sum + one * [.2126, .7152, .0722][i], 0);
  const contrast = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
    return (high + .05) / (low + .05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !shown(element)
        || element.closest(':disabled, option, [aria-hidden=true]')) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const under = behind(element);
    const ratio = contrast(over(rgba(style.color), under), under);
    if (ratio < (large ? 3 : 4.5))
      faults.push(`a contrast of ${ratio.toFixed(2)}: ${label(element)}`);
  }
  return faults;
}

/** All faults of the page as it is now, each once. */
export async function audit(page) {
  const faults = [...await unnamed(page), ...await page.evaluate(on_page)];
  return [...new Set(faults)];
}
