import { createResource, createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { isShortcode, type PackImage, shortcodeFrom } from '../../model/image-packs';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { createMediaUrl } from '../../store/media';
import { closeRight } from '../../store/pages';
import { Button, IconButton } from '../../ui/button';
import { Field } from '../../ui/field';
import { Page, Section, SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './packs-page.module.css';

/** The group's pack of stickers and custom emoji: what is in it, what each is called, and whether I use it everywhere. */
export function PacksPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const [images, setImages] = createSignal<readonly PackImage[]>([]);
  const [name, setName] = createSignal('');
  const [busy, setBusy] = createSignal(false);
  let files!: HTMLInputElement;
  const load = async (roomId: RoomId) => {
    const packs = await commands.imagePacks(roomId);
    const pack = packs.find(({ place }) => place?.roomId === roomId && place.stateKey === '');
    setImages(pack?.images ?? []);
    setName(pack?.name ?? state.rooms[roomId]?.name ?? '');
    return pack ?? null;
  };
  const [pack, { refetch }] = createResource(
    () => props.roomId,
    (roomId) => load(roomId).catch(() => null),
  );
  const mayEdit = () => state.rooms[props.roomId]?.my.setPacks === true;
  const everywhere = (on: boolean) => void commands.setPackEverywhere(props.roomId, '', on).then(() => refetch(), tell);
  const add = async () => {
    setBusy(true);
    try {
      for (const file of files.files ?? []) {
        const { width: w, height: h } = await createImageBitmap(file);
        const mxc = await commands.uploadFile(file, file.name);
        const shortcode = shortcodeFrom(
          file.name,
          images().map((one) => one.shortcode),
        );
        const info = { mimetype: file.type, size: file.size, w, h };
        setImages((all) => [...all, { shortcode, mxc, words: shortcode, info, sticker: true, emoticon: true }]);
      }
    } catch (error) {
      tell(error);
    } finally {
      files.value = '';
      setBusy(false);
    }
  };
  const codes = () => images().map((one) => one.shortcode);
  const wrong = (code: string) => !isShortcode(code) || codes().filter((one) => one === code).length > 1;
  const ready = () => !busy() && name().trim() !== '' && !codes().some(wrong);
  const rename = (at: number, shortcode: string) =>
    setImages((all) => all.map((one, index) => (index === at ? { ...one, shortcode, words: shortcode } : one)));
  const save = async () => {
    if (!ready()) return;
    setBusy(true);
    try {
      await commands.savePack(props.roomId, '', name().trim(), images());
      await refetch();
      toast(t('settings-saved'));
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page title={t('stickers-title')} onBack={closeRight} backLabel={t('page-back')} testid="packs-page">
      <Show when={pack()}>
        {(found) => (
          <Section>
            <SwitchRow
              text={t('stickers-everywhere')}
              on={found().everywhere}
              onChange={everywhere}
              testid="pack-everywhere"
            />
          </Section>
        )}
      </Show>
      <Section note={t('stickers-note')}>
        <Show when={mayEdit()}>
          <div class={s.name}>
            <Field
              label={t('stickers-name')}
              value={name()}
              maxLength={100}
              data-testid="pack-name"
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </div>
        </Show>
        <For each={codes()}>
          {(_, at) => (
            <Show when={images()[at()]}>
              {(image) => (
                <div class={s.row} data-testid="pack-image">
                  <Picture mxc={image().mxc} />
                  <input
                    class={s.code}
                    value={image().shortcode}
                    disabled={!mayEdit()}
                    aria-label={t('stickers-code')}
                    aria-invalid={wrong(image().shortcode)}
                    data-testid="pack-code"
                    onChange={(event) => rename(at(), event.currentTarget.value.trim())}
                  />
                  <Show when={mayEdit()}>
                    <IconButton
                      icon="trash-2"
                      label={t('stickers-remove')}
                      onClick={() => setImages((all) => all.filter((one) => one.mxc !== image().mxc))}
                    />
                  </Show>
                </div>
              )}
            </Show>
          )}
        </For>
        <Show when={mayEdit()}>
          <input
            ref={files}
            class={s.files}
            type="file"
            accept="image/png,image/webp,image/gif,image/jpeg"
            multiple
            tabIndex={-1}
            aria-hidden="true"
            data-testid="pack-files"
            onChange={() => void add()}
          />
          <div class={s.buttons}>
            <Button onClick={() => files.click()} disabled={busy()}>
              {t('stickers-add')}
            </Button>
            <Button
              kind="primary"
              disabled={!ready()}
              busy={busy()}
              onClick={() => void save()}
              data-testid="pack-save"
            >
              {t('stickers-save')}
            </Button>
          </div>
        </Show>
      </Section>
    </Page>
  );
}

function Picture(props: { mxc: string }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => ({ w: 96, h: 96 }),
  );
  return <span class={s.picture}>{<Show when={url()}>{(src) => <img src={src()} alt="" />}</Show>}</span>;
}
