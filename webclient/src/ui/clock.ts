/** The time of day for things on the page that grow old; ms, moves on every half minute. */
import { createSignal } from 'solid-js';

const step_ms = 30_000;
const [now, setNow] = createSignal(Date.now());
setInterval(() => setNow(Date.now()), step_ms);

export { now };
