import { language } from '../i18n';

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** `3.2 MB` in the language of the person. */
export function fileSize(bytes: number): string {
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const style = { style: 'unit', unit: units[at] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language(), style).format(bytes / 1000 ** at);
}
