// What the scripts share: numbered steps with one line each, waiting with a
// deadline that says what it waited for, and the address of the server.

export function address() {
  const url = process.argv[2];
  if (!/^https?:\/\//.test(url ?? "")) {
    console.error(`usage: node ${process.argv[1]} http://HOST:PORT`);
    process.exit(2);
  }
  return { http: new URL("/", url).href, ws: new URL("/socket", url).href.replace(/^http/, "ws") };
}

export const unique = (prefix) => `${prefix}-${Math.random().toString(36).slice(2, 10)}`;

export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function until(ms, what, condition) {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not so after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// run walks through the steps, prints a line for each, and leaves with 1 at the
// first that fails; finish runs in any case.
export async function run(steps, finish = () => {}) {
  let code = 0;
  for (const [what, step] of steps) {
    try {
      await step();
      console.log(`ok    ${what}`);
    } catch (error) {
      console.log(`FAIL  ${what}`);
      console.error(error.stack ?? error);
      code = 1;
      break;
    }
  }
  await finish();
  process.exit(code);
}
