/** The two sounds of the client, made here: no file to load. `volume` 0 to 1. */

interface Tone {
  /** Seconds after the beginning. */
  readonly at: number;
  readonly hertz: number;
}

const LOUDEST = 0.3;

/** Something came. */
export function soundOfArrival(volume: number): void {
  play(volume, 0.35, [
    { at: 0, hertz: 880 },
    { at: 0.12, hertz: 1318 },
  ]);
}

/** Something went out: shorter and lower, as it comes often. */
export function soundOfSending(volume: number): void {
  play(volume / 2, 0.12, [{ at: 0, hertz: 520 }]);
}

function play(volume: number, lengthS: number, tones: readonly Tone[]): void {
  if (volume <= 0) return;
  try {
    const context = new AudioContext();
    const gain = context.createGain();
    const start = context.currentTime;
    gain.connect(context.destination);
    gain.gain.setValueAtTime(0.0001, start);
    gain.gain.exponentialRampToValueAtTime(LOUDEST * volume, start + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + lengthS);
    for (const { at, hertz } of tones) {
      const tone = context.createOscillator();
      tone.type = 'sine';
      tone.frequency.value = hertz;
      tone.connect(gain);
      tone.start(start + at);
      tone.stop(start + lengthS);
    }
    setTimeout(() => void context.close(), 1000);
  } catch {
    // No sound device, or none allowed before the first press.
  }
}
