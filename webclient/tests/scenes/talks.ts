/** What was said in the chats of the scenes. */
import type { Reaction, ReplyTarget, TimelineItem } from '../../src/store/contract';
import { clock, message, my, service } from './build';
import { anna, at, boris, mia, nameOfUser, travis } from './people';

const reply = (eventId: string, sender: string, text: string, thumbnail: string | null = null): ReplyTarget => ({
  eventId,
  quoted: { sender, senderName: nameOfUser(sender), body: { kind: 'text', text }, thumbnail },
});
const reaction = (key: string, senders: readonly string[]): Reaction => ({
  key,
  count: senders.length,
  senders,
  mine: senders.includes(my),
});

const sayings = [
  'Good morning everyone',
  'The contrast of the badge is better now, thank you.',
  'Could somebody look at the padding of the header on a phone? It looks two pixels too tall to me.',
  'done',
  'I compared all three sketches side by side: the second one reads best, because the eye finds the name first.',
  'Yes!',
  'Let us keep the old icon until Friday and then decide.',
  'Here are the measures: 56 for the header, 72 for a row, 54 for the picture, 9 around it.',
  'ok',
  'The bubble tail is one pixel off when the window is zoomed to 110 %.',
  'On my screen it is fine, but I have a different font size.',
  'Who has the key of the meeting room?',
  'Me. Coming.',
  'Long words such as Donaudampfschifffahrtsgesellschaftskapitän must break, not overflow.',
  'https://example.org/design/proposals/2026/composer-with-a-very-long-address.html has the details',
  'I like it 😀',
  'What about people who use a keyboard only?',
  'Every button can be reached with Tab, and Esc closes the topmost layer.',
  '🎉',
  'Then we are nearly there.',
];
const speakers = [mia, boris, my, my, mia, anna, travis, boris, my, at('kwame'), mia, mia];

/** So many messages of an ordinary working week; the newest a little before two today. */
function chatter(count: number): TimelineItem[] {
  return Array.from({ length: count }, (_, number) => {
    const left = count - number;
    const ts = clock(13, 45, Math.floor(left / 60)) - (left % 60) * 4 * 60_000;
    const text = sayings[(number * 7 + (number >> 3)) % sayings.length] ?? '';
    const more: Partial<TimelineItem> = number % 23 === 5 ? { reactions: [reaction('👍', [mia, my])] } : {};
    return message(`$c${number}`, speakers[(number >> 1) % speakers.length] ?? mia, text, ts, more);
  });
}

/** Two hundred messages, the last ones with all that a chat can hold. */
export const crewTalk: readonly TimelineItem[] = [
  service('$c-1', { what: 'created', actor: my, actorName: 'Me Myself' }, clock(9, 0, 5)),
  ...chatter(190),
  service('$c190', { what: 'roomNamed', actor: mia, actorName: 'Mia Lindqvist', value: 'Design crew' }, clock(13, 48)),
  service(
    '$c191',
    { what: 'invited', actor: mia, actorName: 'Mia Lindqvist', target: boris, targetName: 'Boris' },
    clock(13, 49),
  ),
  message('$c192', mia, 'Morning! The new build is on staging.', clock(13, 50)),
  message('$c193', mia, 'shall we ship the new composer?', clock(13, 51), {
    reactions: [
      reaction('👍', [boris, travis, my, anna, at('jo')]),
      reaction('❤️', [anna]),
      reaction('🎉', [my, boris]),
    ],
  }),
  message('$c194', my, 'Let me run the visual snapshots first', clock(13, 55), { edited: true }),
  message(
    '$c195',
    my,
    'All green on desktop and on the phone layout. The reply bar slides in 150 ms and the send button morphs to a tick while editing.',
    clock(13, 56),
    { reply: reply('$c193', mia, 'shall we ship the new composer?'), reactions: [reaction('🔥', [mia])] },
  ),
  message('$c196', travis, 'Looks good from the other homeserver too 🎉', clock(13, 58)),
  message('$c197', my, 'Shipping it', clock(13, 59), { delivery: 'sent' }),
  message('$c198', boris, 'Nice.', clock(14, 1), { reply: reply('$c197', my, 'Shipping it') }),
  message('$c199', at('maximiliana'), 'I read along and have nothing to add, only that I am glad.', clock(14, 2)),
  message('$c200', mia, '👏👏', clock(14, 3)),
];

export const oddTalk: readonly TimelineItem[] = [
  ...chatter(30).map((item) => ({
    ...item,
    key: `$a${item.key}`,
    eventId: `$a${item.key}`,
    sender: item.sender === my ? my : anna,
  })),
  message('$o2', anna, 'An edited one, see https://example.org/a?b=c.', clock(13, 46), { edited: true }),
  message('$o3', anna, '', clock(13, 47), { kind: 'redacted', content: {} }),
  message('$o4', anna, '', clock(13, 48), { kind: 'encrypted', content: {} }),
  message('$o5', my, 'This one did not go out', clock(13, 55), {
    delivery: 'failed',
    error: { errcode: 'NETWORK', message: '', status: 0, retryAfterMs: null },
  }),
  message('$o6', my, 'This one is on its way', clock(13, 56), { eventId: null, delivery: 'sending' }),
  message('$o7', my, '❤️', clock(13, 57)),
];

const hebrew = [
  'בוקר טוב לכולם',
  'מי מביא את הסלט? אני יכולה להביא לחם ויין, אבל אין לי זמן לבשל לפני שש.',
  'אני',
  'הכתובת היא רחוב הרצל 14, קומה 3, קוד 2580',
  'נפגשים בשבע אצל סבתא',
  'OK, see you at 19:00 🙂',
  'صباح الخير، سأتأخر نصف ساعة بسبب القطار',
  'אין בעיה, נחכה לך',
];
export const familyTalk: readonly TimelineItem[] = hebrew.flatMap((text, number) => [
  message(`$f${number}`, [at('noa'), my, at('noa'), at('yusuf')][number % 4] ?? my, text, clock(12, number * 9)),
  message(`$f${number}b`, number % 2 ? my : at('noa'), `${number + 1}. ${text}`, clock(12, number * 9 + 3)),
]);

const file = (msgtype: string, name: string, mimetype: string, info: object, body = name) => ({
  content: {
    msgtype,
    body,
    filename: name,
    url: `mxc://our.tld/${name.replace(/\W/g, '_')}`,
    info: { mimetype, size: 482_113, ...info },
  },
});
const photo = (name: string, w = 960, h = 640, body = name) =>
  file('m.image', name, 'image/jpeg', { w, h, size: 90_000 }, body);
const inAlbum = (name: string, index: number) => {
  const { content } = photo(name);
  return { content: { ...content, 'app.hearth.album': { id: 'lake', i: index } } };
};
const voice = (name: string, seconds: number) => {
  const { content } = file('m.audio', name, 'audio/ogg', { duration: seconds * 1000 });
  const waveform = Array.from({ length: 60 }, (_, bar) =>
    Math.round(140 + 800 * Math.abs(Math.sin(bar * 0.9) * Math.cos(bar * 0.21))),
  );
  return {
    content: {
      ...content,
      'org.matrix.msc3245.voice': {},
      'org.matrix.msc1767.audio': { duration: seconds * 1000, waveform },
    },
  };
};
const kwame = at('kwame');

export const albumTalk: readonly TimelineItem[] = [
  message('$m0', kwame, 'Back from the lake, here is the lot.', clock(12, 58)),
  message(
    '$m1',
    kwame,
    '',
    clock(12, 59),
    photo('morning.jpg', 960, 640, 'The first morning, before anyone was awake'),
  ),
  ...['pier.jpg', 'reeds.jpg', 'boat.jpg', 'fire.jpg', 'path.jpg'].map((name, index) =>
    message(`$m${index + 2}`, kwame, '', clock(13, 1), inAlbum(name, index)),
  ),
  message('$m7', my, '', clock(13, 5), photo('tall_tree.jpg', 600, 800)),
  message('$m8', mia, '', clock(13, 10), voice('voice.ogg', 47)),
  message('$m9', my, '', clock(13, 12), voice('answer.ogg', 8)),
  message(
    '$m10',
    kwame,
    '',
    clock(13, 20),
    file('m.file', 'Map of all the paths round the lake, second edition (final).pdf', 'application/pdf', {}),
  ),
  message('$m11', my, '', clock(13, 22), file('m.file', 'packing-list.txt', 'text/plain', { size: 812 })),
  message(
    '$m12',
    kwame,
    '',
    clock(13, 30),
    file('m.audio', 'song by the fire.mp3', 'audio/mpeg', { duration: 192_000 }),
  ),
  message('$m13', my, '', clock(13, 40), {
    content: {
      ...file('m.video', 'jump.mp4', 'video/mp4', {
        w: 960,
        h: 540,
        duration: 73_000,
        thumbnail_url: 'mxc://our.tld/jump',
      }).content,
    },
  }),
  message('$m14', kwame, '', clock(13, 52), photo('sunset.jpg', 960, 640)),
];

const rich = (key: string, sender: string, ts: number, html: string, more: Partial<TimelineItem> = {}): TimelineItem =>
  message(key, sender, html.replace(/<[^>]*>/g, ''), ts, {
    content: {
      msgtype: 'm.text',
      body: html.replace(/<[^>]*>/g, ''),
      format: 'org.matrix.custom.html',
      formatted_body: html,
    },
    ...more,
  });

export const notesTalk: readonly TimelineItem[] = [
  rich(
    '$n0',
    mia,
    clock(9, 0),
    '<h3>What is new in 1.9</h3><ul><li>Albums with <b>captions</b></li><li>Roles, as <i>everyone</i> asked</li><li><s>Faster</s> much faster start</li></ul>',
  ),
  rich(
    '$n1',
    boris,
    clock(9, 10),
    '<blockquote>Roles, as everyone asked</blockquote>I asked for <u>groups</u>, but thank you',
  ),
  rich(
    '$n2',
    my,
    clock(9, 20),
    'Run <code>./run test</code> and then:<pre><code class="language-python">async def ready(server: Server) -> bool:\n    """Whether it answers."""\n    return await server.ping() == 200\n</code></pre>',
  ),
  rich(
    '$n3',
    at('lea'),
    clock(9, 30),
    `<a href="https://matrix.to/#/${at('mia')}">Mia Lindqvist</a> the ending is <span data-mx-spoiler="book">the butler did it</span>, see <a href="https://example.org/">example.org</a>`,
  ),
  rich(
    '$n4',
    my,
    clock(9, 40),
    '<ol><li>Measure</li><li>Cut</li><li>Measure again, because nobody believes the first figure anyway and the second one is what goes into the report</li></ol>',
  ),
  rich('$n5', anna, clock(9, 50), 'E = mc<sup>2</sup>, and H<sub>2</sub>O<hr>The end of the lesson.'),
  message('$n6', mia, 'The whole list, as it was sent to the printers.', clock(10, 0), {
    content: {
      msgtype: 'm.text',
      body: 'The whole list, as it was sent to the printers.',
      'app.hearth.forward': { sender: anna, name: 'Anna Petrova' },
    },
  }),
  message('$n7', at('lea'), '', clock(10, 5), file('m.file', 'notes-1.9.pdf', 'application/pdf', { size: 1_204_113 })),
  message('$n8', my, '🚀', clock(10, 6)),
];

export const sealedTalk: readonly TimelineItem[] = [
  service('$e0', { what: 'encryptionOn', actor: at('vera'), actorName: 'Vera' }, clock(11, 0, 1)),
  ...Array.from({ length: 8 }, (_, number) =>
    message(`$e${number + 1}`, number % 3 ? at('vera') : my, '', clock(12, number, 1), {
      kind: 'encrypted',
      content: {},
    }),
  ),
];

const words = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen'.split(
  ' ',
);

/** Ten thousand messages of uneven height. */
export const history: readonly TimelineItem[] = Array.from({ length: 10_000 }, (_, number) => {
  const text = Array.from({ length: 1 + ((number * 7919) % 60) }, (_, word) => words[(number + word) % words.length]);
  const sender = [mia, my, boris, boris, mia][(number >> 1) % 5] ?? mia;
  return message(`$l${number}`, sender, `${number} ${text.join(' ')}`, clock(9, 0, 2) - (10_000 - number) * 60_000);
});
