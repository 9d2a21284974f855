/** Going to a day of the open chat. */
import { createSignal } from 'solid-js';

/** The day, ms, from which another one is being chosen; undefined: none is. */
const [choosingDay, setChoosingDay] = createSignal<number>();

export { choosingDay, setChoosingDay };
