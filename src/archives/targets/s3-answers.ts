/** What servers of S3 say in XML: read as far as it is needed. Pure. */
import { type ErrorCode, GreenroomError } from '../../model/errors.ts';

/** What stands in the first element of that name. */
export const textOf = (xml: string, name: string): string | undefined => textsOf(xml, name)[0];

/** In each of them. */
export const textsOf = (xml: string, name: string): readonly string[] => {
  const found: string[] = [];
  const [opening, closing] = [`<${name}>`, `</${name}>`];
  for (let at = xml.indexOf(opening); at !== -1; at = xml.indexOf(opening, at)) {
    const end = xml.indexOf(closing, at);
    if (end === -1) break;
    found.push(unescaped(xml.slice(at + opening.length, end)));
    at = end;
  }
  return found;
};

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' },
  ...{ '&#34;': '"', '&#39;': "'" },
};

export const unescaped = (text: string): string =>
  text.replace(/&(?:lt|gt|quot|apos|amp|#34|#39);/g, (entity) => ENTITIES[entity] ?? entity);

/** What does not pass by itself: someone has to change a setting, or a right. */
const LASTING: Readonly<Record<string, ErrorCode>> = {
  ...{ NoSuchKey: 'archive_not_found', NoSuchBucket: 'invalid_settings' },
  ...{ AccessDenied: 'forbidden', InvalidAccessKeyId: 'forbidden' },
  ...{ SignatureDoesNotMatch: 'forbidden', AllAccessDisabled: 'forbidden' },
  ...{ PermanentRedirect: 'invalid_settings', AuthorizationHeaderMalformed: 'invalid_settings' },
};

/** The error that an answer stands for; keys are never part of it. */
export const failureOf = (status: number, xml: string, about: string): GreenroomError => {
  const said = textOf(xml, 'Code');
  const code = LASTING[said ?? ''] ?? byStatus(status);
  const message = textOf(xml, 'Message')?.slice(0, 300);
  const words = [said, message].filter((part) => part !== undefined).join(': ');
  return new GreenroomError(code, `${about}: ${words === '' ? `status ${status}` : words}`);
};

const byStatus = (status: number): ErrorCode => {
  if (status === 404) return 'archive_not_found';
  return status === 403 || status === 401 ? 'forbidden' : 'unavailable';
};

/**
 * A bucket that is at another address, or in another region. No redirect is followed: what is signed is signed for one
 * place. An answer to HEAD has no text, so the headers have to do.
 */
export const elsewhereOf = (
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  { bucket, region }: { readonly bucket: string; readonly region: string },
): GreenroomError | undefined => {
  const named = headers.get('x-amz-bucket-region')?.slice(0, 64);
  const isOther = named !== null && named !== undefined && named !== region;
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  if (!isRedirect && !(status === 400 && isOther)) return undefined;
  const isLasting = isOther || status === 301 || status === 308;
  const where = isOther ? `in the region ${named}` : 'at another address';
  return new GreenroomError(
    isLasting ? 'invalid_settings' : 'unavailable',
    `the bucket ${bucket} is ${where}: AWS_S3_REGION and GREENROOM_S3_ENDPOINT say where it is looked for`,
  );
};

/** Of a server that does not know `If-None-Match`: some say 501, some 400. */
export const isUnknownHeader = ({
  status,
  text,
}: {
  readonly status: number;
  readonly text: string;
}): boolean => status === 501 || (status === 400 && textOf(text, 'Code') === 'NotImplemented');
