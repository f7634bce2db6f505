// Numbers and times for people. Times are those of the server; the browser only puts
// them into its zone.

const whole = new Intl.NumberFormat("en");
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const number = (n) => whole.format(n);
export const when = (ms) => moment.format(ms);

// spent is a length of time in its two largest units.
export function spent(ms) {
  const seconds = Math.floor(ms / 1000);
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [unit, size] = units[first];
  const rest = units[first + 1];
  const text = `${Math.floor(seconds / size)} ${unit}`;
  const more = rest ? Math.floor((seconds % size) / rest[1]) : 0;
  return more ? `${text} ${more} ${rest[0]}` : text;
}

// name makes a user's or channel's name visible: what is empty or blank could not be
// clicked, and a mark that turns the direction of writing would turn the words around
// it. What joins the parts of an emoji stays.
export function name(text) {
  if (text.trim() === "") return "(empty)";
  return text.replace(/(?!\u200d)[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
}
