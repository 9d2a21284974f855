/** What can be done with one message. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { isEditable, sourceOf } from '../../model/editing';
import { mediaOf } from '../../model/media';
import { bodyOf } from '../../model/relations';
import type { Client, RoomId, TimelineItem } from '../../store/contract';
import { download } from '../../store/downloads';
import { errorInfo } from '../../store/errors';
import { setMessageList } from '../../store/message-list';
import { setForwarding, setReporting, setTold, togglePicked } from '../../store/messages-ui';
import { me } from '../../store/people';
import { openThread, replyTo, startEdit, threadNow, viewNow } from '../../store/ui';
import { ask } from '../../ui/dialog';
import { pickEmoji } from '../../ui/emoji/emoji-host';
import { type MenuItem, type MenuStrip, openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { toast } from '../../ui/toast';
import { mayAnswer } from './answering';
import { copyPicture } from './copy-picture';
import { askDelete } from './delete';

/** Open the menu of a message at a point of the window. */
export function openMessageMenu(client: Client, roomId: RoomId, item: TimelineItem, at: Anchor): void {
  const items = itemsFor(client, roomId, item);
  const strip = stripFor(client, roomId, item, at);
  if (items.length > 0) openMenu(at, items, strip ? { strip } : {});
}

const quick = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

function stripFor(client: Client, roomId: RoomId, item: TimelineItem, at: Anchor): MenuStrip | undefined {
  const { eventId } = item;
  if (!eventId || !mayAnswer(client, roomId, item)) return undefined;
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const react = (sign: string) => void client.commands.react(roomId, eventId, sign).catch(tell);
  return {
    signs: quick,
    picked: item.reactions.filter((one) => one.mine).map((one) => one.key),
    pick: react,
    more: { label: t('message-more-reactions'), open: () => pickEmoji(at, react) },
  };
}

function itemsFor(client: Client, roomId: RoomId, item: TimelineItem): MenuItem[] {
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  return [
    ...answerItems(client, roomId, item, tell),
    ...copyItems(roomId, item, tell),
    ...pinItems(client, roomId, item, tell),
    ...fileItems(client, item, tell),
    ...keepItems(client, roomId, item, tell),
    ...factItems(client, roomId, item),
    ...lastItems(client, roomId, item, tell),
  ];
}

type Tell = (error: unknown) => void;

function answerItems(client: Client, roomId: RoomId, item: TimelineItem, tell: Tell): MenuItem[] {
  const { state, commands } = client;
  const { eventId, key } = item;
  const items: MenuItem[] = [];
  if (item.error) {
    const select = () => void commands.retry(roomId, key).catch(tell);
    items.push({ id: 'retry', label: t('message-retry'), icon: 'rotate-ccw', select });
  }
  const failed = failedIn(client, roomId);
  if (item.error && failed.length > 1) {
    const select = () => {
      for (const one of failed) void commands.retry(roomId, one).catch(tell);
    };
    items.push({ id: 'retry-all', label: t('message-retry-all'), icon: 'rotate-ccw', select });
  }
  if (!eventId || !mayAnswer(client, roomId, item)) return items;
  const part = chosenIn(item);
  items.push({
    id: 'reply',
    label: t(part === '' ? 'message-reply' : 'message-reply-part'),
    icon: part === '' ? 'reply' : 'quote',
    select: () => replyTo(viewNow(roomId), eventId, part),
  });
  if (!threadNow(roomId)) {
    const select = () => openThread(roomId, eventId);
    items.push({ id: 'thread', label: t('thread-answer'), icon: 'messages-square', select });
  }
  const { poll } = item;
  if (poll && !poll.ended && poll.choices.some((one) => one.mine)) {
    const select = () => void commands.vote(roomId, eventId, []).catch(tell);
    items.push({ id: 'poll-retract', label: t('poll-retract'), icon: 'rotate-ccw', select });
  }
  if (poll && !poll.ended && poll.mayEnd) {
    const end = () => void commands.endPoll(roomId, eventId, t('poll-ended')).catch(tell);
    const question = { title: t('poll-end-confirm'), yes: t('poll-end'), no: t('composer-cancel'), answer: end };
    items.push({ id: 'poll-end', label: t('poll-end'), icon: 'hourglass', select: () => ask(question) });
  }
  if (item.sender === me(state) && isEditable(item.type, item.content)) {
    items.push({ id: 'edit', label: t('message-edit'), icon: 'pencil', select: () => editItem(roomId, item) });
  }
  return items;
}

/** The words of a message that are selected, if some but not all are. */
function chosenIn(item: TimelineItem): string {
  const selection = getSelection();
  const place = selection?.anchorNode?.parentElement?.closest('[data-testid=message-text]');
  const row = place?.closest<HTMLElement>('[data-key]');
  if (!selection || !place?.contains(selection.focusNode) || row?.dataset.key !== item.key) return '';
  const words = selection.toString().trim();
  return words === bodyOf(item.content).trim() ? '' : words;
}

/** Rows of a chat that could not be sent. */
function failedIn({ state }: Client, roomId: RoomId): string[] {
  const timeline = state.timelines[viewNow(roomId)];
  return (timeline?.items ?? []).filter((key) => timeline?.events[key]?.error);
}

/** Begin to edit a message: its words with marks, or a file's caption. */
function editItem(roomId: RoomId, item: TimelineItem): void {
  if (!item.eventId) return;
  const { text: source, mentions } = sourceOf(item.type, item.content);
  startEdit(viewNow(roomId), item.eventId, source, mentions);
}

function copyItems(roomId: RoomId, item: TimelineItem, tell: Tell): MenuItem[] {
  if (item.kind !== 'message') return [];
  const items: MenuItem[] = [];
  const copy = (what: string) => navigator.clipboard.writeText(what).then(() => toast(t('message-copied')), tell);
  const media = mediaOf(item.type, item.content);
  // A part that is selected is what one wants, not the whole.
  const chosen = getSelection()?.toString() ?? '';
  const words = chosen !== '' ? chosen : media === null ? bodyOf(item.content) : media.caption;
  if (words !== '') {
    items.push({ id: 'copy', label: t('message-copy'), icon: 'copy', select: () => void copy(words) });
  }
  const { eventId } = item;
  if (eventId) {
    const link = `https://matrix.to/#/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}`;
    items.push({ id: 'copy-link', label: t('message-copy-link'), icon: 'link', select: () => void copy(link) });
  }
  return items;
}

/** What can be had of a photo or file. */
function fileItems({ commands }: Client, item: TimelineItem, tell: Tell): MenuItem[] {
  const media = item.kind === 'message' ? mediaOf(item.type, item.content) : null;
  const items: MenuItem[] = [];
  const mxc = media?.mxc;
  if (media && mxc) {
    const select = () => void download(commands, mxc, media.name, media.size);
    items.push({ id: 'download', label: t('media-save', { name: '' }).trim(), icon: 'download', select });
  }
  if (media && mxc && media.kind === 'image' && 'ClipboardItem' in globalThis) {
    const picture = () => copyPicture(commands, mxc).then(() => toast(t('message-copied')), tell);
    items.push({ id: 'copy-picture', label: t('message-copy-picture'), icon: 'image', select: () => void picture() });
  }
  return items;
}

function pinItems({ state, commands }: Client, roomId: RoomId, item: TimelineItem, tell: Tell): MenuItem[] {
  const room = state.rooms[roomId];
  const { eventId } = item;
  if (!eventId || item.kind !== 'message' || !room?.my.pin || room.membership !== 'join') return [];
  const isPinned = room.pins.includes(eventId);
  const select = () => void commands.pin(roomId, eventId, !isPinned).catch(tell);
  return isPinned
    ? [{ id: 'unpin', label: t('message-unpin'), icon: 'pin-off', select }]
    : [{ id: 'pin', label: t('message-pin'), icon: 'pin', select }];
}

function keepItems({ state, commands }: Client, roomId: RoomId, item: TimelineItem, tell: Tell): MenuItem[] {
  const room = state.rooms[roomId];
  const { eventId } = item;
  if (!eventId || item.kind !== 'message' || !room) return [];
  const items: MenuItem[] = [];
  items.push({
    id: item.starred ? 'unstar' : 'star',
    label: t(item.starred ? 'message-unstar' : 'message-star'),
    icon: 'star',
    select: () => void commands.setStar(roomId, eventId, !item.starred).catch(tell),
  });
  if (!room.encrypted) {
    const messages = [{ roomId, eventId }];
    items.push({ id: 'forward', label: t('message-forward'), icon: 'forward', select: () => setForwarding(messages) });
    if (!room.saved) {
      const save = async () => {
        const saved = await commands.openSaved();
        await commands.forward({ messages, to: [saved], hideSender: false });
        toast(t('message-saved'));
      };
      items.push({ id: 'save', label: t('message-save'), icon: 'bookmark', select: () => void save().catch(tell) });
    }
  }
  if (!threadNow(roomId)) {
    const select = () => togglePicked(item.key);
    items.push({ id: 'select', label: t('message-select'), icon: 'square-check-big', select });
  }
  return items;
}

/** What else is known of a message: who read it, how it was worded before. */
function factItems({ state }: Client, roomId: RoomId, item: TimelineItem): MenuItem[] {
  const { eventId } = item;
  if (!eventId || item.kind !== 'message') return [];
  const items: MenuItem[] = [];
  if (item.edited) {
    const select = () => setMessageList({ kind: 'wordings', roomId, eventId });
    items.push({ id: 'wordings', label: t('wordings-title'), icon: 'clock', select });
  }
  if (item.delivery === 'read' && state.rooms[roomId]?.kind === 'group') {
    const select = () => setTold({ roomId, eventId, of: 'readers' });
    items.push({ id: 'seen', label: t('chat-seen-by'), icon: 'eye', select });
  }
  if (item.reactions.length > 0) {
    const select = () => setTold({ roomId, eventId, of: 'reactions' });
    items.push({ id: 'reactors', label: t('reactions-title'), icon: 'smile', select });
  }
  return items;
}

function lastItems(client: Client, roomId: RoomId, item: TimelineItem, tell: Tell): MenuItem[] {
  const { eventId, key } = item;
  if (item.error || (!eventId && item.upload && !item.upload.done)) {
    const discard = () => void client.commands.cancelLocal(roomId, key).catch(tell);
    const all = failedIn(client, roomId);
    const discardAll = () => {
      for (const one of all) void client.commands.cancelLocal(roomId, one).catch(tell);
    };
    return [
      { id: 'discard', label: t('message-discard'), icon: 'trash-2', danger: true, select: discard },
      ...(all.length > 1
        ? [
            {
              id: 'discard-all',
              label: t('message-discard-all'),
              icon: 'trash-2',
              danger: true,
              select: discardAll,
            } as const,
          ]
        : []),
    ];
  }
  if (!eventId) return [];
  const select = () => askDelete(client, roomId, [item]);
  const { sender } = item;
  const report = () => setReporting({ roomId, eventId, sender });
  const foreign = item.kind === 'message' && sender !== me(client.state);
  return [
    ...(foreign ? [{ id: 'report', label: t('message-report'), icon: 'flag' as const, select: report }] : []),
    { id: 'delete', label: t('message-delete'), icon: 'trash-2', danger: true, select },
  ];
}
