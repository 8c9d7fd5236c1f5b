/** A text by its fences of code. Pure. */

export interface Part {
  readonly isCode: boolean;
  readonly language: string;
  readonly text: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;

/** Empty parts are left out. A fence that is not closed goes to the end. */
export const partsOf = (text: string): readonly Part[] => {
  const parts: Part[] = [];
  let lines: string[] = [];
  let open: { readonly mark: string; readonly language: string } | undefined;
  const flush = () => {
    const joined = lines.join('\n');
    const { language = '' } = open ?? {};
    const isCode = open !== undefined;
    if (isCode || joined.trim() !== '')
      parts.push({
        isCode,
        language,
        text: isCode ? joined : joined.trimEnd().replace(/^\n+/, ''),
      });
    lines = [];
  };
  for (const line of text.split('\n')) {
    const [, mark = '', language = ''] = FENCE.exec(line) ?? [];
    const closes = open !== undefined && mark.startsWith(open.mark) && language === '';
    if (mark !== '' && (open === undefined || closes)) {
      flush();
      open = open === undefined ? { mark, language } : undefined;
    } else lines.push(line);
  }
  flush();
  return parts;
};
