import { For } from 'solid-js';
import { type TextId, t } from '../../i18n';
import { anySize, type LoadedKind, loadedKinds, type Network, networks, sizes } from '../../model/autoload';
import { autoload, setAutoload } from '../../store/autoload';
import { fileSize } from '../../ui/file-size';
import { openMenu } from '../../ui/menu';
import { PageRow, Section, SwitchRow } from '../../ui/page';

const names: Readonly<Record<LoadedKind, TextId>> = {
  photos: 'storage-photos',
  films: 'storage-films',
  sounds: 'storage-sounds',
  files: 'storage-files',
};

const words = (bytes: number) => {
  if (bytes === 0) return t('loading-never');
  return bytes === anySize ? t('loading-any') : t('loading-up-to', { size: fileSize(bytes) });
};

/** What comes without being asked for: how large it may be, by network, and in which chats. */
export function LoadingSection() {
  const setLimit = (network: Network, kind: LoadedKind, bytes: number) => {
    const { limits } = autoload();
    setAutoload({ ...autoload(), limits: { ...limits, [network]: { ...limits[network], [kind]: bytes } } });
  };
  const choose = (at: Element, network: Network, kind: LoadedKind) =>
    openMenu(
      at,
      sizes.map((bytes) => ({
        id: `size-${bytes}`,
        label: words(bytes),
        icon: autoload().limits[network][kind] === bytes ? 'check' : bytes === 0 ? 'ban' : 'download',
        select: () => setLimit(network, kind, bytes),
      })),
    );
  const setChats = (kind: 'dm' | 'group', on: boolean) =>
    setAutoload({ ...autoload(), chats: { ...autoload().chats, [kind]: on } });
  return (
    <>
      <For each={networks}>
        {(network) => (
          <Section
            caption={t(`loading-${network}`)}
            note={network === 'mobile' ? t('loading-mobile-note') : undefined}
            testid={`loading-${network}`}
          >
            <For each={loadedKinds}>
              {(kind) => (
                <PageRow
                  text={t(names[kind])}
                  value={words(autoload().limits[network][kind])}
                  onClick={(event) => choose(event.currentTarget, network, kind)}
                  testid={`loading-${network}-${kind}`}
                />
              )}
            </For>
          </Section>
        )}
      </For>
      <Section caption={t('loading-chats')}>
        <For each={['dm', 'group'] as const}>
          {(kind) => (
            <SwitchRow
              icon={kind === 'dm' ? 'user' : 'users'}
              text={t(`loading-in-${kind}`)}
              on={autoload().chats[kind]}
              onChange={(on) => setChats(kind, on)}
              testid={`loading-in-${kind}`}
            />
          )}
        </For>
        <SwitchRow
          icon="play"
          text={t('loading-play')}
          sub={t('loading-play-hint')}
          on={autoload().play}
          onChange={(play) => setAutoload({ ...autoload(), play })}
          testid="loading-play"
        />
      </Section>
    </>
  );
}
