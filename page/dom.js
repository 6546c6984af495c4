// What comes from istio-ra is only ever put into text nodes and attributes, never read as markup.

/** @returns {HTMLElement} the element of that id */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return element;
}

/** An HTML element; `onclick` and the like are listeners, strings among the children are text. */
export function html(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  return fill(element, attributes, children);
}

/** Calls `act` for a click, and for Enter and the space bar on what is no button by itself. */
export function pressable(act) {
  return {
    tabindex: 0,
    role: 'button',
    onclick: act,
    onkeydown: (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      act(event);
    },
  };
}

/** A list that replaces children while the same thing keeps the focus, by its `data-key`. */
export function replaceKeepingFocus(parent, ...children) {
  const key = parent.contains(document.activeElement)
    ? document.activeElement?.getAttribute('data-key')
    : undefined;
  parent.replaceChildren(...children);
  if (key) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
