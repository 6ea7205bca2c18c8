// Waiting in VS Code's window: for what is there to be seen, never for a length of time.
//
// A press or a click can be swallowed: while the extension host restarts, while a widget closes or a list is
// drawn anew. So what opens something is repeated until it is open, and what a test waits for is always what
// is there, never that a key was pressed.

/** How long anything may take to appear, in milliseconds: the machine may be busy. */
export const PATIENCE = 60_000;
/** How long a press or a click may take to show its effect before it is made again, in milliseconds. */
export const AGAIN = 5_000;

const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

/** Waits until `look` finds something; tells what was there instead when it does not. */
export async function see(what, look, instead = () => 'nothing to tell') {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Looked in vain for ${what}. There is: ${JSON.stringify(await instead())}`);
    await pause();
  }
}

/**
 * Acts until the effect is there, and not at all when it is there already. `act` fails within a short time when it
 * cannot be done, and is then tried again as well.
 *
 * @param {string} what the effect, for the message
 * @param {() => Promise<unknown>} act
 * @param {object | (() => Promise<boolean>)} effect what is to be seen, or how to look for it
 */
export async function insist(what, act, effect) {
  const isThere = typeof effect === 'function' ? effect : () => effect.first().isVisible();
  const end = Date.now() + PATIENCE;
  let problem;
  for (;;) {
    if (await isThere()) return;
    if (Date.now() > end) throw new Error(`Tried in vain for ${what}`, { cause: problem });
    try {
      await act();
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    const again = Date.now() + (problem === undefined ? AGAIN : 0);
    do {
      await pause();
      if (await isThere()) return;
    } while (Date.now() < again);
  }
}

/** Clicks until the effect is there. */
export function clickFor(what, target, effect, options = {}) {
  return insist(what, () => target.click({ timeout: AGAIN, ...options }), effect);
}
