import { createSignal, onCleanup, onMount, Show } from 'solid-js';
import { language, t } from '../../i18n';
import { useClient } from '../../store/context';
import type { JoinProgress, RoomId } from '../../store/contract';
import s from './join-bar.module.css';

const pause_ms = 2000;

/** Of a large group of another server that was just joined: how many of its members are known by now. */
export function JoinBar(props: { roomId: RoomId }) {
  const { commands } = useClient();
  const [progress, setProgress] = createSignal<JoinProgress | null>(null);
  onMount(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const ask = async () => {
      // A server that does not know the question has no such groups.
      const now = await commands.joinProgress(props.roomId).catch(() => null);
      setProgress(now);
      if (now !== null && !gone) timer = setTimeout(() => void ask(), pause_ms);
    };
    void ask();
    onCleanup(() => {
      gone = true;
      clearTimeout(timer);
    });
  });
  const count = (value: number) => new Intl.NumberFormat(language()).format(value);
  return (
    <Show when={progress()}>
      {(now) => (
        <div class={s.bar} role="status" data-testid="join-progress">
          <span>
            {now().total === null
              ? t('join-progress-begun')
              : t('join-progress', { done: count(now().done), total: count(now().total ?? 0) })}
          </span>
          <Show when={now().total}>
            {(total) => <progress aria-hidden="true" class={s.line} max={total()} value={now().done} />}
          </Show>
        </div>
      )}
    </Show>
  );
}
