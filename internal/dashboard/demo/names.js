// Who somebody is: a friendly name per tab, and a colour per name.

const moods = ["Brisk", "Calm", "Clever", "Cosy", "Gentle", "Happy", "Keen", "Lucky", "Merry", "Nimble", "Quiet", "Sunny", "Swift", "Witty"];
const animals = ["Badger", "Crane", "Dormouse", "Finch", "Fox", "Heron", "Ibex", "Lynx", "Marten", "Otter", "Puffin", "Robin", "Seal", "Wren"];

const pick = (list) => list[Math.floor(Math.random() * list.length)];

// A tab keeps its name over a reload, and two tabs are two talkers: that is
// what sessionStorage is for. Where it is forbidden, the name lives in memory.
const key = "throng.name";

export function loadName() {
  const query = new URLSearchParams(location.search);
  const asked = query.get("name")?.trim().slice(0, 32);
  if (query.size) history.replaceState(null, "", "./");
  if (asked) {   // the same user in one more tab
    saveName(asked);
    return asked;
  }
  if (query.has("new")) return newName();   // a tab that another one opened has its storage
  try {
    const stored = sessionStorage.getItem(key);
    if (stored) return stored;
  } catch { /* storage is blocked */ }
  return newName();
}

function newName() {
  const name = `${pick(moods)} ${pick(animals)}`;
  saveName(name);
  return name;
}

export function saveName(name) {
  try {
    sessionStorage.setItem(key, name);
  } catch { /* storage is blocked */ }
}

// randomId works on plain http too, where crypto.randomUUID does not exist.
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function hue(name) {
  let h = 2166136261;
  for (const c of name) h = Math.imul(h ^ c.codePointAt(0), 16777619) >>> 0;
  return h % 360;
}

export const initials = (name) =>
  name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("") || "?";
