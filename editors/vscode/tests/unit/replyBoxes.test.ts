import assert from 'node:assert/strict';
import test from 'node:test';
import { ReplyBoxes, threadNumber, type ReplyBox } from '../../src/replyBoxes';

const [one, two, three] = [{ name: 'one' }, { name: 'two' }, { name: 'three' }];

function box(thread: number, text = ''): ReplyBox {
  return { thread, isEmpty: text === '' };
}

test('the number is in the name of the box', () => {
  assert.equal(threadNumber('/backchat.backchat/commentinput-d6219f30-d45f-46b9-a0c4-d5bfba7f69bc-backchat.12.md'), 12);
  assert.equal(threadNumber('/backchat.backchat/commentinput-d6219f30-d45f-46b9-a0c4-d5bfba7f69bc-3.md'), undefined);
});

test('a reply is being written in the thread of its box alone', () => {
  const boxes = new ReplyBoxes();
  // The threads of other extensions have numbers between them.
  assert.deepEqual([...boxes.drafting([one, two], [box(9), box(4, 'so?')])], [one]);
  assert.deepEqual([...boxes.drafting([one, two, three], [box(4), box(9, 'and?'), box(12)])], [two]);
  assert.deepEqual([...boxes.drafting([one, two], [box(4), box(9)])], []);
});

test('a box that is shown in two editors is one box', () => {
  assert.deepEqual([...new ReplyBoxes().drafting([one, two], [box(1), box(1, 'why?'), box(2)])], [one]);
});

test('as long as it is not known whose box it is, it may be that of any thread without one', () => {
  const boxes = new ReplyBoxes();
  boxes.drafting([one], [box(1)]);
  assert.deepEqual([...boxes.drafting([one, two, three], [box(1), box(5, 'why?')])], [two, three]);
  assert.deepEqual([...boxes.drafting([one, two, three], [box(1), box(3), box(5, 'why?')])], [three]);
});

test('the box of a thread that is not shown stops nothing', () => {
  const boxes = new ReplyBoxes();
  boxes.drafting([one, two], [box(1), box(2)]);
  assert.deepEqual([...boxes.drafting([two], [box(1, 'why?'), box(2)])], []);
});
