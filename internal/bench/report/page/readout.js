// Shows the figures under the pointer. Listens on the document, so that charts
// may be replaced while it does.
(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  let pointer = null;

  const digits = (v) => {
    const a = Math.abs(v);
    const after = a >= 99.95 ? 0 : a >= 9.995 ? 1 : a >= 0.9995 ? 2 : 3;
    return v === 0 ? "0" : v.toLocaleString("en", { minimumFractionDigits: after, maximumFractionDigits: after });
  };
  const nearest = (points, x) => {
    let best = null;
    for (const p of points) if (!best || Math.abs(p[0] - x) < Math.abs(best[0] - x)) best = p;
    return best;
  };
  const where = (r, x) => {
    const v = r.x[1] + ((x - r.x[0]) / (r.x[2] - r.x[0])) * (r.x[3] - r.x[1]);
    if (!r.tail) return digits(v) + " s";
    const share = 100 * (1 - 10 ** -v);
    return share.toFixed(v < 1 ? 0 : Math.ceil(v) - 1) + " %";
  };
  const hide = () => {
    tip.hidden = true;
    document.querySelectorAll(".cross").forEach((c) => c.remove());
  };
  const show = () => {
    hide();
    const svg = pointer && document.elementFromPoint(pointer.x, pointer.y)?.closest("svg[data-readout]");
    if (!svg) return;
    const box = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    const r = JSON.parse(svg.dataset.readout);
    let x = Math.min(Math.max(((pointer.x - box.left) * view.width) / box.width, r.x[0]), r.x[2]);
    const shown = r.lines.map((l) => [l, nearest(l.points, x)]).filter(([, p]) => p);
    if (!shown.length) return;
    x = nearest(shown.map(([, p]) => p), x)[0];
    const cross = document.createElementNS("http://www.w3.org/2000/svg", "line");
    for (const [k, v] of Object.entries({ x1: x, x2: x, y1: svg.dataset.top, y2: svg.dataset.foot, class: "cross" })) cross.setAttribute(k, v);
    svg.append(cross);
    // Lines that ended, or were interrupted, far from here say nothing here.
    const lines = shown.filter(([, p]) => Math.abs(p[0] - x) < 12).map(([l, p]) => `${l.name}  ${digits(p[2])}${r.unit}`);
    tip.textContent = [where(r, x), ...lines].join("\n");
    tip.hidden = false;
    const left = pointer.x + 16 + tip.offsetWidth > innerWidth ? pointer.x - 16 - tip.offsetWidth : pointer.x + 16;
    tip.style.left = Math.max(left, 4) + "px";
    tip.style.top = Math.min(pointer.y + 12, innerHeight - tip.offsetHeight - 4) + "px";
  };
  for (const kind of ["pointermove", "pointerdown"]) {
    document.addEventListener(kind, (e) => { pointer = { x: e.clientX, y: e.clientY }; show(); });
  }
  document.addEventListener("scroll", hide, { passive: true });
  document.addEventListener("replaced", show);
})();
