/** A picture on its way to the clipboard: every program takes PNG, so it is made one. */
import type { Commands } from '../../store/contract';

/** Put the picture at `mxc` on the clipboard. Rejects where the browser cannot, or the file cannot be had. */
export async function copyPicture(commands: Commands, mxc: string): Promise<void> {
  // The item is made at once and filled later: some browsers take it only in the same turn as the press.
  const png = commands.loadMedia(mxc, null).then(toPng);
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
}

async function toPng(picture: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/png' });
}
