// element builds a node. Text goes in as text, never as markup, and no style
// attribute is written: the page's Content-Security-Policy allows neither.
export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
