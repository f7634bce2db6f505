// The server's API, with the key that the operator gave.

const store = "throng.key";
let key = "";

// A tab keeps the key until it is closed. Where storage is blocked, until it is
// loaded anew.
export function loadKey() {
  try {
    key = sessionStorage.getItem(store) ?? "";
  } catch { /* storage is blocked */ }
  return key;
}

export function saveKey(given) {
  key = given;
  try {
    if (key) sessionStorage.setItem(store, key);
    else sessionStorage.removeItem(store);
  } catch { /* storage is blocked */ }
}

// Refused is an answer that is none: the key is wrong, or the API said why.
export class Refused extends Error {
  constructor(message, { unknown = false } = {}) {
    super(message);
    this.unknown = unknown;   // the server does not know the key
  }
}

async function post(method, request) {
  const mine = key;   // the answer to an old key says nothing about the one that is used by then
  let response;
  try {
    response = await fetch(`../api/${method}`, {
      method: "POST", cache: "no-store", credentials: "omit",
      headers: { "Content-Type": "application/json", "X-API-Key": key }, body: JSON.stringify(request),
    });
  } catch {
    throw new Refused("The server does not answer.");
  }
  if (response.status === 401) throw new Refused("The server does not know this key.", { unknown: mine === key });
  if (response.status === 404) throw new Refused("The server has no API: no key is configured.", { unknown: mine === key });
  return response;
}

async function answerOf(response) {
  try {
    return await response.json();
  } catch {
    throw new Refused(`The server answered ${response.status}.`);
  }
}

// ask calls a method and returns its result.
export async function ask(method, request = {}) {
  const { result, error } = await answerOf(await post(method, request));
  if (error) throw new Refused(`${error.message} (${error.code})`);
  return result;
}

// download has the browser save what a method streams. The tab holds all of it until
// then: a link can't carry the key, which is in no URL.
export async function download(method, request, name) {
  const response = await post(method, request);
  if (!response.ok) {
    const { error } = await answerOf(response);
    throw new Refused(`${error?.message} (${error?.code})`);
  }
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
