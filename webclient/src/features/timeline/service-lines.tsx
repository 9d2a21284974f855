import { For, Show } from 'solid-js';
import { language, t } from '../../i18n';
import { serviceText } from '../../i18n/words';
import type { ServiceLine, TimelineItem } from '../../store/contract';
import s from './timeline.module.css';

const named = 2;

/** Lines of one sort may be told as one: who joined, who left, whom somebody invited. */
export function sortOfService(line: ServiceLine | null): string | null {
  if (line?.what === 'joined' || line?.what === 'left') return line.what;
  return line?.what === 'invited' ? `invited ${line.actor}` : null;
}

/** Several lines of one sort in one: "Ann, Bob and 5 others joined". */
function crowdText(lines: readonly ServiceLine[]): string {
  const what = lines[0]?.what ?? 'joined';
  const all = [...new Set(lines.map((line) => (what === 'invited' ? line.targetName : line.actorName)))];
  const rest = all.length - named;
  const shown = rest > 1 ? [...all.slice(0, named), t('service-others', { count: rest })] : all;
  const names = new Intl.ListFormat(language()).format(shown);
  if (what === 'invited') return t('service-invited', { actor: lines[0]?.actorName ?? '', target: names });
  return t(what === 'left' ? 'service-crowd-left' : 'service-crowd-joined', { names });
}

/** What happened in the room: one pill for each line, or one for a crowd of the same sort. */
export function ServiceLines(props: { keys: readonly string[]; events: Readonly<Record<string, TimelineItem>> }) {
  const lines = () => props.keys.flatMap((key) => props.events[key]?.service ?? []);
  return (
    <Show
      when={props.keys.length > 1}
      fallback={
        <For each={props.keys}>
          {(key) => (
            <div class={s.service} data-key={key} data-testid="service-line">
              <Show when={props.events[key]?.service}>
                {(line) => <span class={s.pill}>{serviceText(line())}</span>}
              </Show>
            </div>
          )}
        </For>
      }
    >
      <div class={s.service} data-key={props.keys[0]} data-testid="service-line">
        <span class={s.pill}>{crowdText(lines())}</span>
      </div>
    </Show>
  );
}
