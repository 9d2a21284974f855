import { createSignal, For, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { clockLength } from '../../model/media';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { clearReply, threadNow, turnWallpaper, viewNow, writingIn } from '../../store/ui';
import { IconButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { toast } from '../../ui/toast';
import s from './voice.module.css';

const bars = 60;
const sample_ms = 50;
const types = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'];

interface Take {
  readonly blob: Blob;
  readonly url: string;
  readonly lengthMs: number;
  readonly loudness: readonly number[];
}

/** The round microphone and, while it records, the strip in the composer's place: live bars, then a listen, then send. */
export function createVoice(roomId: () => RoomId) {
  const { commands } = useClient();
  const [recording, setRecording] = createSignal(false);
  const [loudness, setLoudness] = createSignal<readonly number[]>([]);
  const [lengthMs, setLengthMs] = createSignal(0);
  const [take, setTake] = createSignal<Take>();
  let recorder: MediaRecorder | undefined;
  let parts: Blob[] = [];
  let over: (() => void) | undefined;

  const start = async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true },
      });
      const type = types.find((one) => MediaRecorder.isTypeSupported(one));
      recorder = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), audioBitsPerSecond: 32_000 });
      parts = [];
      recorder.ondataavailable = (event) => parts.push(event.data);
      recorder.start();
      setLoudness([]);
      setRecording(true);
      over = watch(stream);
    } catch {
      toast(t('composer-voice-denied'));
    }
  };
  const watch = (stream: MediaStream) => {
    const context = new AudioContext();
    const meter = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(meter);
    const samples = new Float32Array(meter.fftSize);
    const began = performance.now();
    const timer = setInterval(() => {
      meter.getFloatTimeDomainData(samples);
      const sum = samples.reduce((all, one) => all + one * one, 0);
      setLoudness((all) => [...all, Math.min(1, Math.sqrt(sum / samples.length) * 4)]);
      setLengthMs(performance.now() - began);
    }, sample_ms);
    return () => {
      clearInterval(timer);
      void context.close();
      for (const track of stream.getTracks()) track.stop();
    };
  };
  const end = (): Promise<Take | undefined> =>
    new Promise((resolve) => {
      const now = recorder;
      recorder = undefined;
      if (!now || now.state === 'inactive') return resolve(undefined);
      now.onstop = () => {
        over?.();
        over = undefined;
        setRecording(false);
        const type = now.mimeType.split(';')[0] ?? 'audio/ogg';
        const blob = new Blob(parts, { type });
        resolve({ blob, url: URL.createObjectURL(blob), lengthMs: lengthMs(), loudness: loudness() });
      };
      now.stop();
    });
  const forget = () => {
    const before = take();
    if (before) URL.revokeObjectURL(before.url);
    setTake(undefined);
  };
  const stop = async () => setTake(await end());
  const discard = async () => {
    await end();
    forget();
  };
  const send = async () => {
    const done = take() ?? (await end());
    forget();
    if (!done || done.lengthMs < 300) return;
    const replyTo = writingIn(viewNow(roomId())).replyTo ?? undefined;
    const thread = threadNow(roomId());
    const file = {
      kind: 'voice' as const,
      blob: done.blob,
      name: `voice.${done.blob.type.slice('audio/'.length)}`,
      mimetype: done.blob.type,
      w: 0,
      h: 0,
      durationMs: done.lengthMs,
      blurhash: null,
      thumbnail: null,
      waveform: gathered(done.loudness),
    };
    try {
      await commands.sendFiles(roomId(), { files: [file], asAlbum: false, replyTo, thread });
      clearReply(viewNow(roomId()));
      turnWallpaper();
    } catch (error) {
      toast(errorText(errorInfo(error)));
    }
  };
  onCleanup(() => void discard());
  return {
    active: () => recording() || take() !== undefined,
    recording,
    loudness,
    lengthMs,
    take,
    start,
    stop,
    discard,
    send,
  };
}

/** At most so many values, each the loudest of its part. */
function gathered(all: readonly number[]): number[] {
  const count = Math.min(bars, all.length);
  return Array.from({ length: count }, (_, at) =>
    Math.max(
      ...all.slice(Math.floor((at * all.length) / count), Math.max(1, Math.floor(((at + 1) * all.length) / count))),
    ),
  );
}

export function VoiceStrip(props: { voice: ReturnType<typeof createVoice> }) {
  const shown = () => (props.voice.take()?.loudness ?? props.voice.loudness()).slice(-bars);
  let audio: HTMLAudioElement | undefined;
  return (
    <div class={s.strip} data-testid="voice-strip" data-recording={props.voice.recording()}>
      <IconButton
        icon="trash-2"
        label={t('composer-voice-cancel')}
        onClick={() => void props.voice.discard()}
        data-testid="voice-cancel"
      />
      <Show when={props.voice.recording()}>
        <i class={s.dot} aria-hidden="true" />
      </Show>
      <span class={s.time} role="timer">
        {clockLength(props.voice.take()?.lengthMs ?? props.voice.lengthMs())}
      </span>
      <span class={s.bars} aria-hidden="true">
        <For each={shown()}>{(value) => <i style={{ '--h': `${Math.round(2 + value * 21)}px` }} />}</For>
      </span>
      <Show
        when={props.voice.take()}
        fallback={
          <IconButton
            icon="pause"
            label={t('composer-voice-stop')}
            onClick={() => void props.voice.stop()}
            data-testid="voice-stop"
          />
        }
      >
        {(done) => (
          <>
            {/* biome-ignore lint/a11y/useMediaCaption: one's own voice, before it is sent */}
            <audio ref={audio} src={done().url} />
            <IconButton icon="play" label={t('media-play')} onClick={() => void audio?.play()} />
          </>
        )}
      </Show>
    </div>
  );
}

export function VoiceButton(props: { voice: ReturnType<typeof createVoice>; class: string | undefined }) {
  const press = () => void (props.voice.active() ? props.voice.send() : props.voice.start());
  return (
    <button
      type="button"
      class={props.class}
      data-empty={!props.voice.active()}
      data-testid="voice"
      aria-label={t(props.voice.active() ? 'composer-voice-send' : 'composer-voice')}
      onClick={press}
    >
      <Icon name={props.voice.active() ? 'plane' : 'mic'} />
    </button>
  );
}
