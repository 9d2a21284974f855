// What `./run bench web` asks of a page, as functions of `probe`. Times are ms.
(() => {
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const glided = () => new Promise((next) => setTimeout(next, 700));
  const byId = (name) => document.querySelector(`[data-testid=${name}]`);
  const rows = () => [...(byId('messages')?.querySelectorAll('[data-key]') ?? [])];
  const tolerance_px = 3;

  async function until(check, limit_ms = 30_000) {
    const end = performance.now() + limit_ms;
    while (!check()) {
      if (performance.now() > end) throw new Error(`not so after ${limit_ms} ms: ${check}`);
      await frame();
    }
  }

  const rowOf = (name) =>
    [...document.querySelectorAll('[data-testid=chat-row]')].find(
      (one) => one.querySelector('[data-testid=row-title]')?.textContent.trim() === name,
    );

  const chatOf = () => byId('chat')?.dataset.room;

  /** From the press on a chat's row to the second frame after its messages are there. */
  async function open(name) {
    const before = chatOf();
    const row = rowOf(name);
    const began = performance.now();
    row.click();
    await until(() => chatOf() !== before && rows().length > 0);
    const there = performance.now();
    await frame();
    await frame();
    return { there: there - began, painted: performance.now() - began, rows: rows().length };
  }

  /** Look at the newest message, and go on doing so. */
  async function toEnd() {
    const box = byId('timeline');
    const gap = () => box.scrollHeight - box.clientHeight - box.scrollTop;
    // Shown while what is below is not the newest, which may be on its way.
    const button = () => byId('jump-button');
    for (let still = 0; still < 10; still = gap() < 1 && button().dataset.shown === 'false' ? still + 1 : 0) {
      if (button().dataset.shown === 'true') {
        button().click();
        await glided();
      }
      box.scrollTop = box.scrollHeight;
      await frame();
    }
  }

  async function close() {
    location.hash = '#/';
    await until(() => byId('chat') === null);
    await frame();
  }

  /** Scroll up by 90 px a frame; how often a message in sight moved against that. */
  async function scrollUp(steps) {
    const box = byId('timeline');
    const times = [];
    let jumps = 0;
    let worst = 0;
    let blank = 0;
    let most = 0;
    for (let step = 0; step < steps; step += 1) {
      const all = rows();
      most = Math.max(most, all.length);
      const { top, bottom } = box.getBoundingClientRect();
      const watched = all.find((one) => one.getBoundingClientRect().top > top + 100);
      const { key } = watched.dataset;
      const before = { top: watched.getBoundingClientRect().top, scroll: box.scrollTop };
      if (!all.some((one) => one.getBoundingClientRect().bottom > top && one.getBoundingClientRect().top < bottom)) {
        blank += 1;
      }
      // Whoever scrolls by hand ends what glides.
      box.dispatchEvent(new WheelEvent('wheel'));
      box.scrollTop -= 90;
      const moved = before.scroll - box.scrollTop;
      const began = performance.now();
      await frame();
      await frame();
      times.push((performance.now() - began) / 2);
      // By its key: what counts is where the message is, not which element shows it.
      const now = rows().find((one) => one.dataset.key === key);
      const off = now ? Math.abs(now.getBoundingClientRect().top - before.top - moved) : bottom - top;
      if (off > tolerance_px) jumps += 1;
      worst = Math.max(worst, off);
    }
    times.sort((one, other) => one - other);
    const part = (share) => times[Math.floor(times.length * share)];
    return { jumps, worst, blank, rows: most, p50: part(0.5), p95: part(0.95) };
  }

  /** Go up until the text of the first message of all is there, or nothing comes any more. */
  async function readThrough(firstText) {
    const box = byId('timeline');
    let loads = 0;
    while (!rows().some((one) => one.textContent.includes(firstText))) {
      const first = rows()[0]?.dataset.key;
      box.scrollTop = 0;
      await until(() => rows()[0]?.dataset.key !== first, 20_000);
      loads += 1;
    }
    box.scrollTop = box.scrollHeight;
    return loads;
  }

  /** Notes when Enter was pressed, and when the bubble of `text` and its tick come. */
  function watchSending(text) {
    const seen = { frames: -1, shown: -1, painted: -1, ticked: -1 };
    let pressed = 0;
    let frames = 0;
    let inFrame = false;
    const count = () => {
      if (pressed === 0 || seen.frames >= 0) return;
      frames += 1;
      inFrame = true;
      setTimeout(() => {
        inFrame = false;
      });
      requestAnimationFrame(count);
    };
    const mine = () => rows().find((one) => one.textContent.includes(text));
    const look = () => {
      const row = mine();
      if (!row || pressed === 0) return;
      const now = performance.now();
      if (seen.frames < 0) {
        // The first frame that draws it: this one, while the page is being made ready for it, else the next.
        seen.frames = inFrame ? frames : frames + 1;
        seen.shown = now - pressed;
        requestAnimationFrame(() => {
          seen.painted = performance.now() - pressed;
        });
      }
      const tick = row.querySelector('[data-testid=ticks]')?.dataset.delivery;
      if (seen.ticked < 0 && (tick === 'sent' || tick === 'read')) seen.ticked = now - pressed;
    };
    const watching = new MutationObserver(look);
    watching.observe(byId('messages'), { subtree: true, childList: true, attributes: true });
    addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Enter' || pressed > 0) return;
        pressed = performance.now();
        requestAnimationFrame(count);
      },
      { capture: true, once: true },
    );
    return until(() => seen.ticked >= 0 && seen.painted >= 0).then(() => {
      watching.disconnect();
      return seen;
    });
  }

  /** Frames drawn in so many ms, and the longest time without one. */
  async function frames(lasts_ms) {
    const began = performance.now();
    let count = 0;
    let longest = 0;
    let last = began;
    while (last - began < lasts_ms) {
      await frame();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      count += 1;
    }
    return { perSecond: (count * 1000) / (last - began), longest };
  }

  /** From the beginning of the page to a list that can be used. */
  const listAfter = () => until(() => document.querySelector('[data-testid=chat-row]') !== null).then(() => performance.now());

  globalThis.probe = { open, close, toEnd, scrollUp, readThrough, watchSending, frames, listAfter, rows: () => rows().length };
})();
