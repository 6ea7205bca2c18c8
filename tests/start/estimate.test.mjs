import assert from "node:assert/strict";
import { test } from "node:test";
import { Estimate, roughly } from "./estimate.mjs";

const LIGHT = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const begin = (crates = LIGHT) => new Estimate(crates, { now: 0, processors: 2 });

test("what is left becomes less with every crate, and with the time", () => {
  const estimate = begin();
  let last = Infinity;
  for (const [index, name] of LIGHT.slice(0, -1).entries()) {
    const now = 2_500 + index * 250;
    estimate.built(name, { fresh: false, now });
    const left = estimate.remaining(now);
    assert.ok(left < last, `${left} after ${last}`);
    assert.ok(estimate.remaining(now + 100) < left);
    last = left;
  }
});

test("a slower machine is found out while it builds", () => {
  const [quick, slow] = [begin(), begin()];
  for (const [index, name] of LIGHT.slice(0, 5).entries()) {
    quick.built(name, { fresh: false, now: (index + 1) * 1_000 });
    slow.built(name, { fresh: false, now: (index + 1) * 10_000 });
  }
  assert.ok(slow.remaining(50_000) > 2 * quick.remaining(5_000));
});

test("what was there before is no work, and makes nothing look quicker", () => {
  const some = begin(["x", "y", ...LIGHT]);
  for (const name of LIGHT) some.built(name, { fresh: true, now: 100 });
  const none = begin(["x", "y"]);
  for (const estimate of [some, none]) estimate.built("x", { fresh: false, now: 4_000 });
  assert.equal(some.remaining(5_000), none.remaining(5_000));
  assert.equal(some.share, 0.5);
  assert.equal(some.finished, 11);
});

test("at the beginning nothing is said, and past its end no number", () => {
  const estimate = begin();
  assert.equal(estimate.remaining(500), undefined);
  assert.equal(estimate.remaining(3_600_000), 0);
});

test("times are told no more exactly than they are known", () => {
  assert.equal(roughly(0), "any moment now");
  assert.equal(roughly(4), "a few seconds");
  assert.equal(roughly(41), "about 45 s");
  assert.equal(roughly(58), "about 60 s");
  assert.equal(roughly(61), "about 1 min 15 s");
  assert.equal(roughly(119), "about 2 min");
});
