import { For } from 'solid-js';
import { type TextId, t } from '../../i18n';
import { closeLeft } from '../../store/pages';
import { Page, Section } from '../../ui/page';
import s from './settings.module.css';

const groups: readonly { readonly caption: TextId; readonly keys: readonly (readonly [TextId, string])[] }[] = [
  {
    caption: 'keys-chats',
    keys: [
      ['keys-search', 'Ctrl+K'],
      ['keys-next', 'Alt+↓'],
      ['keys-previous', 'Alt+↑'],
      ['keys-next-unread', 'Alt+Shift+↓'],
      ['keys-previous-unread', 'Alt+Shift+↑'],
      ['keys-folder', 'Ctrl+1 … 9'],
      ['keys-saved', 'Ctrl+0'],
      ['keys-mute', 'Ctrl+Shift+M'],
      ['keys-close', 'Esc'],
      ['keys-help', '?'],
    ],
  },
  {
    caption: 'keys-chat',
    keys: [
      ['keys-search-chat', 'Ctrl+F'],
      ['keys-edit-last', '↑'],
      ['keys-reply', 'Ctrl+↑'],
      ['keys-reply-below', 'Ctrl+↓'],
      ['keys-scroll', 'PageUp, PageDown'],
      ['keys-ends', 'Home, End'],
      ['keys-menu', 'Shift+F10'],
    ],
  },
  {
    caption: 'keys-writing',
    keys: [
      ['keys-bold', 'Ctrl+B'],
      ['keys-italic', 'Ctrl+I'],
      ['keys-underline', 'Ctrl+U'],
      ['keys-strike', 'Ctrl+Shift+X'],
      ['keys-mono', 'Ctrl+Shift+M'],
      ['keys-spoiler', 'Ctrl+Shift+P'],
      ['keys-link', 'Ctrl+K'],
    ],
  },
  {
    caption: 'keys-viewing',
    keys: [
      ['keys-leaf', '← →'],
      ['keys-zoom', '+ − 0'],
      ['keys-play', 'K'],
      ['keys-seek', 'J, L'],
      ['keys-sound', 'M'],
      ['keys-whole', 'F'],
    ],
  },
];

/** How the page is made for those who hear it. */
const heard: readonly TextId[] = ['reader-places', 'reader-chats', 'reader-messages', 'reader-new'];

/** Nothing in it is pressed: keys scroll it when it is focused itself. */
const scrolledByKeys = (box: HTMLElement) => {
  box.tabIndex = 0;
};

/** All keys that do something, and how to get around by hearing. */
export function KeyboardPage() {
  return (
    <Page
      title={t('settings-keyboard')}
      onBack={closeLeft}
      backLabel={t('page-back')}
      viewport={scrolledByKeys}
      testid="keyboard"
    >
      <For each={groups}>
        {(group) => (
          <Section caption={t(group.caption)}>
            <For each={group.keys}>
              {([what, keys]) => (
                <div class={s.line}>
                  <span>{t(what)}</span>
                  <kbd class={s.key}>{keys}</kbd>
                </div>
              )}
            </For>
          </Section>
        )}
      </For>
      <Section caption={t('reader-title')} testid="keyboard-reader">
        <For each={heard}>{(what) => <p class={s.told}>{t(what)}</p>}</For>
      </Section>
    </Page>
  );
}
