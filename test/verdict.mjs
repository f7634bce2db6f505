// What people read of an offer, in every way that it can end.
// usage: node verdict.mjs

import assert from "node:assert/strict";
import { terms, verdict } from "../internal/dashboard/demo/verdict.js";
import { run } from "./lib.mjs";

const deadline = Date.UTC(2026, 0, 31, 17, 4, 5);
const offer = (more) => ({ id: "a", text: "A boat trip", quota: 10, startsAt: deadline - 30_000, deadline, asking: false, mine: null, answer: null, end: null, ...more });
const before = deadline - 5000;
const reads = (more, words, tone, now = before) => {
  const said = verdict(offer(more), now);
  assert.match(said.text, words);
  assert.equal(said.tone, tone);
};
const nothing = (more, now = before) => assert.equal(verdict(offer(more), now), null);

await run([
  ["an offer says for whom it is and until when", () => {
    assert.match(terms(offer()), /^for the first 10 · until \d/);
    assert.match(terms(offer({ quota: 1 })), /^for the first one · /);
    assert.match(terms(offer({ quota: 0 })), /^for as many as want it · /);
    nothing();
    reads({ asking: true }, /^Asking the server …$/, "plain");
  }],
  ["won here, won elsewhere, had already", () => {
    reads({ mine: { place: 3, at: before }, took: 12.4 }, /^Yours: No\. 3 of 10 at .*, confirmed in 12 ms\.$/, "good");
    reads({ mine: { place: 3, at: before }, elsewhere: true }, /^Yours: No\. 3 of 10, claimed at .* on another screen of yours\.$/, "good");
    reads({ mine: { place: 1200, at: before }, quota: 0 }, /^Yours: No\. 1,200 at /, "good");
    // It stays so when the offer ends.
    reads({ mine: { place: 3, at: before }, end: { reason: "exhausted", claimed: 10 } }, /^Yours: /, "good", deadline + 1);
    reads({ mine: { place: 3, at: before }, end: { reason: "unknown" } }, /^It was yours \(No\. 3 of 10\), but the server began anew/, "bad");
  }],
  ["the eleventh of ten", () => {
    reads({ answer: { result: "exhausted", time: before } }, /^All 10 are taken: others were faster\. Your claim arrived in good order\.$/, "bad");
  }],
  ["the second of one", () => {
    reads({ quota: 1, answer: { result: "exhausted", time: before } }, /^The only one is taken: somebody was faster\./, "bad");
    reads({ quota: 1, end: { reason: "exhausted", claimed: 1 } }, /^The only one is taken\. You did not claim it\.$/, "soft");
  }],
  ["too late, and by how much", () => {
    reads({ answer: { result: "expired", time: deadline + 1240 } }, /^Too late: it ended at .*, and your claim was there 1\.2 s later\.$/, "bad", deadline + 1300);
    reads({ answer: { result: "expired", time: deadline + 75_000 } }, /there 75 s later\.$/, "bad", deadline + 76_000);
    reads({ answer: { result: "expired", time: before }, end: { reason: "withdrawn" } }, /^It was withdrawn before your claim arrived\.$/, "bad");
  }],
  ["too early", () => {
    reads({ answer: { result: "not_yet" }, startsAt: before + 2500 }, /^It begins in 2\.5 s\.$/, "plain");
    nothing({ answer: { result: "not_yet" }, startsAt: before - 1 });   // the button is back
  }],
  ["not for this user", () => {
    reads({ answer: { result: "not_for_you" } }, /^This one is for others: /, "bad");
  }],
  ["what went wrong, and whether to try again", () => {
    const again = (answer) => Boolean(verdict(offer({ answer }), before).again);
    reads({ answer: { result: "unanswered" } }, /^No answer came\. Ask again: a claim that did arrive counts, and never twice\.$/, "bad");
    reads({ answer: { result: "error", code: 108 } }, /^The books did not answer, so it is not known whether you have it\. Ask again: it counts once\.$/, "bad");
    reads({ answer: { result: "error", code: 111, retry_after_ms: 1500 } }, /Ask again in 1\.5 s\.$/, "bad");
    reads({ answer: { result: "error", code: 101 } }, /does not know who you are/, "bad");
    reads({ answer: { result: "error", code: 102 } }, /knows no such offer/, "bad");
    reads({ answer: { result: "error", reason: "permission denied", code: 103 } }, /^The server refused: permission denied\.$/, "bad");
    assert.deepEqual([101, 102, 103, 108, 111].filter((code) => again({ result: "error", code })), [108, 111]);
    assert.ok(again({ result: "unanswered" }));
  }],
  ["over without a claim", () => {
    reads({}, /^Over since .*\. You did not claim it\.$/, "soft", deadline);
    reads({ end: { reason: "exhausted", claimed: 10 } }, /^All 10 are taken\. You did not claim it\.$/, "soft");
    reads({ end: { reason: "deadline", claimed: 1 } }, /^Its time is over: 1 has it\. You did not claim it\.$/, "soft");
    reads({ end: { reason: "withdrawn" } }, /^It was withdrawn\.$/, "soft");
    reads({ end: { reason: "unknown" } }, /^The server does not offer it any more\.$/, "soft");
  }],
]);
