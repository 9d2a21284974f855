/** Telling a message of nothing but emoji: those are shown large. */

const ONE =
  /\p{RI}\p{RI}|[0-9#*]\ufe0f?\u20e3|\p{Emoji_Presentation}\p{EMod}?(?:\u200d\p{Emoji}\ufe0f?\p{EMod}?)*|\p{Emoji}(?:\ufe0f|\p{EMod})(?:\u200d\p{Emoji}\ufe0f?\p{EMod}?)*/gu;
const MOST = 7;

/** How many emoji `text` is made of, when there is nothing else and they are at most seven; else 0. */
export function bigEmoji(text: string): number {
  if (text.length > 100) {
    return 0;
  }
  const found = text.match(ONE)?.length ?? 0;
  return found > 0 && found <= MOST && text.replace(ONE, '').trim() === '' ? found : 0;
}
