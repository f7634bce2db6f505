// What a person reads of an offer: the truth, and whose doing it was.

const whole = new Intl.NumberFormat("en");
const moment = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const seconds = (ms) => (Math.abs(ms) < 10_000 ? (ms / 1000).toFixed(1) : whole.format(Math.round(ms / 1000)));

// terms says what the offer is: "the first 10 · until 17:04:05".
export function terms({ quota, deadline }) {
  const who = quota ? (quota === 1 ? "for the first one" : `for the first ${whole.format(quota)}`) : "for as many as want it";
  return `${who} · until ${moment.format(deadline)}`;
}

// verdict is how it stands: {tone, text}, or null as long as nothing is to be said.
export function verdict(offer, now) {
  if (offer.asking) return { tone: "plain", text: "Asking the server …" };
  if (offer.mine) return yours(offer);
  const answer = offer.answer && answers[offer.answer.result]?.(offer, offer.answer, now);
  if (answer) return answer;
  if (offer.end) return over(offer);
  if (now >= offer.deadline) return { tone: "soft", text: `Over since ${moment.format(offer.deadline)}. You did not claim it.` };
  return null;
}

function yours({ mine, quota, elsewhere, took, end }) {
  const place = mine.place ? `No. ${whole.format(mine.place)}${quota ? ` of ${whole.format(quota)}` : ""}` : "";
  if (end?.reason === "unknown") return { tone: "bad", text: `It was yours (${place}), but the server began anew and has forgotten it.` };
  const at = mine.at ? `at ${moment.format(mine.at)}` : "";
  if (elsewhere) return { tone: "good", text: `Yours: ${place}, claimed ${at} on another screen of yours.` };
  const speed = Number.isFinite(took) ? `, confirmed in ${took < 10 ? took.toFixed(1) : Math.round(took)} ms` : "";
  return { tone: "good", text: `Yours: ${place} ${at}${speed}.` };
}

const taken = (quota) => (quota === 1 ? "The only one is taken" : `All ${whole.format(quota)} are taken`);

const answers = {
  exhausted: ({ quota }) => ({
    tone: "bad", text: `${taken(quota)}: ${quota === 1 ? "somebody was" : "others were"} faster. Your claim arrived in good order.`,
  }),
  expired: ({ deadline, end }, { time }) => (end?.reason === "withdrawn"
    ? { tone: "bad", text: "It was withdrawn before your claim arrived." }
    : {
      tone: "bad",
      text: `Too late: it ended at ${moment.format(deadline)}${late(time - deadline)}.`,
    }),
  not_for_you: () => ({ tone: "bad", text: "This one is for others: you don't meet its conditions (who is meant, who was here, or how long one watched)." }),
  not_yet: ({ startsAt }, _, now) => (startsAt > now
    ? { tone: "plain", text: `It begins in ${seconds(startsAt - now)} s.` }
    : null),   // it has begun: the button is back
  unanswered: () => ({ tone: "bad", text: "No answer came. Ask again: a claim that did arrive counts, and never twice.", again: true }),
  error: (_, { code, reason, retry_after_ms: wait }) => ({ tone: "bad", text: refusal(code, reason, wait), again: code !== 101 && code !== 102 && code !== 103 }),
};

const late = (ms) => (ms > 0 ? `, and your claim was there ${seconds(ms)} s later` : "");

function refusal(code, reason, wait) {
  switch (code) {
    case 101: return "The server does not know who you are, so it can't give you anything.";
    case 102: return "The server knows no such offer.";
    case 108: return "The books did not answer, so it is not known whether you have it. Ask again: it counts once.";
    case 111: return wait ? `Too many at once. Ask again in ${seconds(wait)} s.` : "Too many claims are waiting. Ask again.";
    default: return `The server refused: ${reason ?? "no reason given"}.`;
  }
}

function over({ end, quota }) {
  switch (end.reason) {
    case "exhausted": return { tone: "soft", text: `${taken(quota)}. You did not claim it.` };
    case "withdrawn": return { tone: "soft", text: "It was withdrawn." };
    case "unknown": return { tone: "soft", text: "The server does not offer it any more." };
    default: return { tone: "soft", text: `Its time is over${Number.isFinite(end.claimed) ? `: ${whole.format(end.claimed)} ${end.claimed === 1 ? "has" : "have"} it` : ""}. You did not claim it.` };
  }
}
