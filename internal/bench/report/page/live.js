// Fetches the state of the run once a second.
(() => {
  const main = document.querySelector("main");
  const gone = document.querySelector(".gone");
  let last = null;
  const next = async () => {
    try {
      const answer = await fetch("fragment", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error("status " + answer.status);
      const text = await answer.text();
      if (text !== last) {
        const open = [...main.querySelectorAll("details")].map((d) => d.open);
        const sideways = [...main.querySelectorAll(".wide, pre")].map((w) => w.scrollLeft);
        main.innerHTML = text;
        main.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? d.open; });
        main.querySelectorAll(".wide, pre").forEach((w, i) => { w.scrollLeft = sideways[i] ?? 0; });
        document.title = main.querySelector("h1")?.textContent ?? document.title;
        document.dispatchEvent(new Event("replaced"));
      }
      last = text;
      gone.hidden = true;
    } catch (e) {
      gone.textContent = "The bench does not answer any more: it has ended, or was stopped. " + (last ? "This is what it said last." : "");
      gone.hidden = false;
    }
    setTimeout(next, 1000);
  };
  next();
})();
