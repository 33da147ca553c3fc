// A tiny virtual DOM. Everything that ends up on the page passes through here,
// and text is always set as text: no name of a visitor or an agent can become
// markup. Elements are updated in place, so focus and scrolling survive.

const svg_tags = new Set(['svg', 'path', 'rect', 'circle', 'line', 'g']);

/** Describes an element. Attributes: `key` tells siblings apart, `on*` are
 *  listeners, `style` is an object, `mount` hands the element to foreign code:
 *  mount(element, data) returns {update(data), destroy()}; its data is `data`. */
export function h(tag, attributes, ...children) {
  const { key, mount, data, ...rest } = attributes ?? {};
  return {
    tag, key, mount, data, attributes: rest,
    children: children.flat(Infinity)
      .filter(child => child !== null && child !== undefined && child !== false)
      .map(child => typeof child === 'object' ? child : String(child)),
  };
}

/** Makes the children of `parent` be what `nodes` describes. */
export function render(parent, nodes) {
  const fresh = [nodes].flat(Infinity).filter(Boolean);
  const old = [...parent.childNodes];
  const keyed = new Map();
  const rest = [];
  for (const element of old) {
    const key = element.vnode?.key;
    if (key === undefined) rest.push(element);
    else keyed.set(key, element);
  }
  const used = new Set();
  let at = parent.firstChild;
  for (const node of fresh) {
    let element = find(node, keyed, rest, used);
    if (element) update(element, node);
    else element = create(node);
    used.add(element);
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
  for (const element of old)
    if (!used.has(element)) remove(element);
}

function find(node, keyed, rest, used) {
  if (typeof node !== 'string' && node.key !== undefined) {
    const element = keyed.get(node.key);
    return element && !used.has(element) && fits(element, node)
      ? element : null;
  }
  const index = rest.findIndex(element => fits(element, node));
  if (index < 0) return null;
  const [element] = rest.splice(0, index + 1).slice(-1);
  return element;
}

function fits(element, node) {
  if (typeof node === 'string') return element.nodeType === Node.TEXT_NODE;
  return element.vnode?.tag === node.tag && element.vnode.mount === node.mount;
}

function create(node) {
  if (typeof node === 'string') return document.createTextNode(node);
  const element = svg_tags.has(node.tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', node.tag)
    : document.createElement(node.tag);
  element.vnode = { tag: node.tag, key: node.key, attributes: {} };
  update(element, node);
  return element;
}

function update(element, node) {
  if (typeof node === 'string') {
    if (element.data !== node) element.data = node;
    return;
  }
  const before = element.vnode.attributes;
  for (const name of Object.keys(before))
    if (!(name in node.attributes)) set(element, name, undefined, before[name]);
  for (const [name, value] of Object.entries(node.attributes))
    set(element, name, value, before[name]);
  const foreign = element.vnode.foreign;
  element.vnode = { tag: node.tag, key: node.key, mount: node.mount,
                    attributes: node.attributes, foreign };
  if (!node.mount) render(element, node.children);
  else if (foreign) foreign.update(node.data);
  else element.vnode.foreign = node.mount(element, node.data);
}

function set(element, name, value, before) {
  if (name === 'style') return style(element, value ?? {}, before ?? {});
  if (value === before) return;
  if (name.startsWith('on')) {
    if (!before) element.addEventListener(name.slice(2), dispatch);
  } else if (value === undefined || value === null || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

// One listener for life; it calls what the last description names.
function dispatch(event) {
  event.currentTarget.vnode.attributes[`on${event.type}`]?.(event);
}

// By the object model, since the content security policy forbids the attribute.
function style(element, value, before) {
  for (const name of Object.keys(before))
    if (!(name in value)) element.style.removeProperty(name);
  for (const [name, text] of Object.entries(value))
    if (before[name] !== text) element.style.setProperty(name, text);
}

function remove(element) {
  destroy(element);
  element.remove();
}

function destroy(element) {
  element.vnode?.foreign?.destroy();
  for (const child of element.childNodes) destroy(child);
}
