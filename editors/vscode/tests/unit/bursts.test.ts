import assert from 'node:assert/strict';
import test, { afterEach, beforeEach, mock } from 'node:test';
import { Bursts } from '../../src/bursts';

let told: string[];
let bursts: Bursts<string>;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  told = [];
  bursts = new Bursts<string>(40, (key) => told.push(key));
});

afterEach(() => {
  bursts.dispose();
  mock.timers.reset();
});

test('what changes alone is told at once, and once', () => {
  bursts.changed('a');
  assert.deepEqual(told, ['a']);
  mock.timers.tick(1000);
  assert.deepEqual(told, ['a']);
});

test('a hundred changes at once are told twice: the first, and the last', () => {
  for (let i = 0; i < 100; i += 1) bursts.changed('a');
  mock.timers.tick(1000);
  assert.deepEqual(told, ['a', 'a']);
});

test('what goes on changing is told once in each interval', () => {
  for (let i = 0; i < 100; i += 1) {
    bursts.changed('a');
    mock.timers.tick(10);
  }
  mock.timers.tick(1000);
  assert.equal(told.length, 26);
});

test('one buffer does not put off another', () => {
  bursts.changed('a');
  bursts.changed('b');
  assert.deepEqual(told, ['a', 'b']);
});

test('nothing is told after the end', () => {
  bursts.changed('a');
  bursts.changed('a');
  bursts.dispose();
  mock.timers.tick(1000);
  assert.deepEqual(told, ['a']);
});
